from __future__ import annotations

import json

import pytest
from tests.cli.conftest import Run

from crossrec import __version__

COMMANDS = ["data", "evaluate", "train", "recommend", "serve", "doctor", "demo"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    code, said, _ = run(command, "--help")
    assert code == 0 and "Usage" in said


def test_a_typo_names_the_nearest_command(run: Run) -> None:
    code, _, error = run("recomend")
    assert code == 2 and "recommend" in error


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"crossrec {__version__}\n", "")


def test_doctor_names_versions_cores_and_what_is_reachable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREC_SERVER_API_KEY", "hush-hush")
    code, said, _ = run("doctor", "--json")
    found = json.loads(said)
    assert code == 0 and "hush-hush" not in said
    assert {"python", "cores", "threads", "free memory"} <= set(found["machine"])
    assert {"numpy", "scipy", "polars", "numba", "typer", "rich", "isal", "narwhals"} == set(found["packages"])
    assert found["extras"]["server"] == "installed"
    assert {"spark", "cloud", "zst", "arrow", "report", "torch"} < set(found["extras"])
    assert found["settings"]["server.api_key"] == "set"
    assert len(found["reachable"]) == 1


def test_doctor_prints_tables(run: Run) -> None:
    code, said, _ = run("doctor")
    assert code == 0 and "machine" in said and "numpy" in said


def test_brackets_in_tables_are_text(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossrec.cli.doctor._extra", lambda extra: f"missing: pip install 'crossrec[{extra}]'")
    assert "crossrec[server]" in run("doctor")[1]
