"""The learned state of a model as files: arrays as npy, sparse matrices as three, the rest as JSON."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from crossrec.core.errors import CorruptBundle, InvalidInput

__all__ = ["read_state", "write_state"]

_SHARED = ("catalogue_", "histories_")
_PARTS = ("data", "indices", "indptr")


def write_state(model: object, folder: Path) -> dict[str, Any]:
    """Write every attribute that ends in `_` (the catalogue and the histories apart).

    Args:
        model: A fitted dataclass: its fields are the settings.
        folder: An empty folder.

    Returns:
        {"settings": …, "state": name -> how it was written}.

    Raises:
        InvalidInput: An attribute is of a kind that has no file form.
    """
    settings = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}  # type: ignore[arg-type]
    state: dict[str, Any] = {}
    for name, value in sorted(vars(model).items()):
        if not name.endswith("_") or name in _SHARED or name in settings:
            continue
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            np.save(folder / f"{name}.npy", value, allow_pickle=False)
            state[name] = {"kind": "array"}
        elif sp.issparse(value):
            matrix = sp.csr_array(value)  # type: ignore[call-overload]  # any sparse form, as just asked
            for part in _PARTS:
                np.save(folder / f"{name}.{part}.npy", getattr(matrix, part), allow_pickle=False)
            state[name] = {"kind": "csr", "shape": list(matrix.shape)}
        elif value is None or isinstance(value, (bool, int, float, str)):
            state[name] = {"kind": "value", "value": value}
        else:
            raise InvalidInput(f"{type(model).__name__}.{name}: {type(value).__name__} has no file form")
    return {"settings": settings, "state": state}


def read_state(folder: Path, state: dict[str, Any]) -> dict[str, Any]:
    """Read what `write_state` wrote.

    Args:
        folder: Where the files are.
        state: The "state" that it returned.

    Raises:
        CorruptBundle: A name or kind that `write_state` never writes.
    """
    found: dict[str, Any] = {}
    for name, how in state.items():
        if not name.isidentifier() or not name.endswith("_"):
            raise CorruptBundle(f"{folder}: {name!r} is no name of learned state")
        if how["kind"] == "array":
            found[name] = np.load(folder / f"{name}.npy", allow_pickle=False)
        elif how["kind"] == "csr":
            parts = tuple(np.load(folder / f"{name}.{part}.npy", allow_pickle=False) for part in _PARTS)
            found[name] = sp.csr_array(parts, shape=tuple(how["shape"]))
        elif how["kind"] == "value":
            found[name] = how["value"]
        else:
            raise CorruptBundle(f"{folder}: {name} has the unknown kind {how['kind']!r}")
    return found
