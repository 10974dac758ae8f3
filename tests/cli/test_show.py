"""What commands print: bars on a terminal alone, and cells that can be read."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.conftest import Run

from crossrec.cli import show


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What a terminal at stderr would have shown."""
    shown = StringIO()
    console = Console(file=shown, force_terminal=True, width=120)
    for module in ("show", "recommend"):
        monkeypatch.setattr(f"crossrec.cli.{module}.note", console)
    return shown


def test_without_a_terminal_stderr_has_no_bars(run: Run, data: Path, tmp_path: Path) -> None:
    words = ("--data", data, "--out", tmp_path / "m", "--set", "epochs=2", "--set", "factors=4")
    assert run("train", "als", *words, "--protocol", "random")[2] == ""
    assert run("evaluate", "popularity", "--data", data, "--protocol", "random")[2] == ""
    made = run("recommend", "--model", tmp_path / "m", "--all", "--out", tmp_path / "lists.csv")
    assert made[0] == 0 and made[2].startswith("wrote 30 lists") and made[2].count("\n") == 1


def test_on_a_terminal_epochs_and_lists_advance(run: Run, data: Path, tmp_path: Path, terminal: StringIO) -> None:
    words = ("--data", data, "--out", tmp_path / "m", "--set", "epochs=7", "--set", "factors=4")
    assert run("train", "als", *words)[0] == 0
    assert "training als" in terminal.getvalue() and "epochs" in terminal.getvalue() and "7/7" in terminal.getvalue()
    assert run("recommend", "--model", tmp_path / "m", "--all", "--out", tmp_path / "lists.csv")[0] == 0
    assert "lists" in terminal.getvalue() and "30/30" in terminal.getvalue()


def test_cells_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[12_345, 0.17809440195560455, 12_345.678, 1e-7, "x.y", True]]
    show.table("t", list("abcdef"), rows)
    said = capsys.readouterr().out
    assert all(text in said for text in ("12,345 ", "0.1781 ", "12,345.7 ", "1e-07 ", "x.y ", "True "))
