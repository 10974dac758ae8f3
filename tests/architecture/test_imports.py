"""What importing costs and what the core needs; `make check` holds who may import whom."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from crossrec.core.errors import MissingExtra
from crossrec.core.shelf import EXTRA_OF_IMPORT

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "crossrec"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CORE = {"numpy", "scipy", "polars", "numba", "typer", "rich", "isal", "narwhals"}
OPTIONAL_AT_THE_CALL = {"pandas": "Recommendations.to_pandas: whoever asks for a pandas frame has pandas"}

LOOK = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
import crossrec
took = time.perf_counter() - start
print(json.dumps({"took": took, "modules": sorted(set(sys.modules) - before)}))
"""


def fresh_import() -> tuple[float, list[str]]:
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own code
        [sys.executable, "-c", LOOK], capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout)
    return seen["took"], seen["modules"]


def bare(requirement: str) -> str:
    for sign in "[<>=!~ ;":
        requirement = requirement.split(sign)[0]
    return requirement.lower().replace("_", "-")


def test_a_bare_import_is_quick_and_light() -> None:
    runs = [fresh_import() for _ in range(3)]
    assert min(took for took, _ in runs) < 0.5
    outside = {name.split(".")[0] for name in runs[0][1]} - set(sys.stdlib_module_names) - {"crossrec"}
    assert outside == set(), f"import crossrec loads {sorted(outside)}"


@pytest.mark.parametrize("module", ["crossrec.core.interactions", "crossrec.models.classic.ease", "crossrec.cli.main"])
def test_no_module_of_the_core_install_loads_an_optional_package(module: str) -> None:
    heavy = {"torch", "tensorflow", "pandas", "sklearn", "pyspark", *EXTRA_OF_IMPORT}
    code = f"import sys, json, {module}; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not heavy & set(json.loads(done.stdout))


def test_the_core_needs_few_packages() -> None:
    assert {bare(requirement) for requirement in PROJECT["project"]["dependencies"]} == CORE


def test_every_public_name_can_be_imported() -> None:
    import crossrec

    assert set(crossrec.__all__) == set(crossrec._HOMES)
    for name in crossrec.__all__:
        assert getattr(crossrec, name).__name__ == name
    assert "EASE" in dir(crossrec)
    with pytest.raises(AttributeError, match="EAZE"):
        _ = crossrec.EAZE


def test_a_public_name_whose_extra_is_missing_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import crossrec

    monkeypatch.delattr(crossrec, "MultVAE", raising=False)
    monkeypatch.delitem(sys.modules, "crossrec.models.neural.mult_vae", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"'MultVAE' needs torch: pip install 'crossrec\[torch\]'"):
        _ = crossrec.MultVAE


def imported_packages() -> dict[str, set[str]]:
    """Third-party top-level package -> the modules of src that import it."""
    found: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in names:
                found.setdefault(name.split(".")[0], set()).add(path.relative_to(SOURCE).as_posix())
    known = {*sys.stdlib_module_names, "crossrec", ""}
    return {name: where for name, where in found.items() if name not in known}


def test_every_optional_import_names_its_extra() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    optional = set(imported_packages()) - CORE - set(OPTIONAL_AT_THE_CALL)
    for transitive in ("starlette", "pydantic", "anyio", "markupsafe"):  # come with fastapi and jinja2
        optional.discard(transitive)
    assert optional <= set(EXTRA_OF_IMPORT), f"not in EXTRA_OF_IMPORT: {sorted(optional - set(EXTRA_OF_IMPORT))}"
    distributions = packages_distributions()
    for package, extra in EXTRA_OF_IMPORT.items():
        assert extra in extras, extra
        names = {bare(name) for name in distributions.get(package, [package])}
        assert names & {bare(requirement) for requirement in extras[extra]}, f"{package} is not in the extra {extra}"
    assert {bare(requirement) for requirement in extras["all"]} == {"crossrec"}


def test_every_requirement_is_pinned() -> None:
    pinned = {
        bare(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line
    }
    wanted = {*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["server"]}
    wanted |= set(PROJECT["dependency-groups"]["dev"])
    assert {bare(requirement) for requirement in wanted} - {"crossrec"} <= pinned


def test_every_model_stands_in_the_independence_contract() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    listed = {name for contract in contracts if contract["type"] == "independence" for name in contract["modules"]}
    shelves = ("models/classic", "models/graph", "models/neural", "models/sequence", "models/transfer")
    for shelf in (*shelves, "data/engines", "data/sources", "data/steps", "events/logs"):
        for path in (SOURCE / shelf).glob("[a-z]*.py"):
            assert f"crossrec.{shelf.replace('/', '.')}.{path.stem}" in listed, path.stem
