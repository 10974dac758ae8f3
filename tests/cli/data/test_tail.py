"""An event log becomes a data set, from the command line."""

from __future__ import annotations

import json
from contextlib import closing
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.cli.conftest import Run

from crossrec.core.event import Event
from crossrec.data.dataset import open_dataset
from crossrec.events.log import open_log

MAY = 1_400_000_000_000


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A log of five events, one of them of another domain."""
    where = f"sqlite:///{tmp_path / 'events.db'}"
    with closing(open_log(where)) as log:
        log.append([Event(f"e{n}", "ann", f"i{n}", "view", MAY + n) for n in range(4)])
        log.append([Event("e9", "ann", "films:f", "view", MAY)])
    return where


def test_once_reads_all_there_is_in_rounds_and_goes_on_from_there(run: Run, url: str, tmp_path: Path) -> None:
    words = ("data", "tail", url, "--out", tmp_path / "data", "--domain", "shop", "--once")
    code, said, error = run(*words, "--batch", 3)
    assert code == 0, error
    assert said.splitlines() == [
        "3 events read: 3 rows, 0 quarantined; cursor 3",
        "2 events read: 1 rows, 0 quarantined, 1 of other domains; cursor 5",
    ]
    assert run(*words)[1] == "0 events read: 0 rows, 0 quarantined; cursor 5\n"
    with closing(open_log(url)) as log:
        log.append([Event("e5", "bob", "i1", "purchase", MAY + 9)])
    code, said, _ = run(*words, "--json")
    assert code == 0 and json.loads(said)["taken"] == 1
    assert open_dataset(tmp_path / "data").record("shop").rows == 5


def test_its_small_files_are_joined_and_it_goes_on(run: Run, url: str, tmp_path: Path) -> None:
    words = ("data", "tail", url, "--out", tmp_path / "data", "--domain", "shop", "--once")
    assert run(*words, "--batch", 1)[0] == 0
    code, said, _ = run("data", "compact", tmp_path / "data")
    assert code == 0 and "4 files of rows are 1, version" in said
    code, said, _ = run("data", "compact", tmp_path / "data", "--json")
    assert code == 0 and (json.loads(said)["parts_before"], json.loads(said)["parts"]) == (1, 1)
    with closing(open_log(url)) as log:
        log.append([Event("e5", "bob", "i1", "purchase", MAY + 9)])
    assert "1 events read: 1 rows" in run(*words)[1]


def test_between_rounds_it_waits_as_long_as_was_said(
    run: Run, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def enough(seconds: float) -> None:
        waited.append(seconds)
        raise SystemExit(9)

    clock = SimpleNamespace(sleep=enough)  # its own, since others' threads sleep too
    monkeypatch.setattr(import_module("crossrec.cli.data.tail"), "time", clock)
    assert run("data", "tail", url, "--out", tmp_path / "data", "--domain", "shop", "--every", "2m")[0] == 9
    assert waited == [120]


def test_bad_use_is_refused(run: Run, url: str, tmp_path: Path) -> None:
    words = ("data", "tail", url, "--out", tmp_path / "data", "--domain", "shop", "--once")
    assert "--batch: expected at least 1, got 0" in run(*words, "--batch", 0)[2]
    assert "expected a duration like" in run(*words, "--every", "soon")[2]
    code, _, error = run("data", "tail", f"sqlite:///{tmp_path / 'none.db'}", "--out", tmp_path / "d", "--domain", "x")
    assert code == 3 and "no event log at" in error and not (tmp_path / "none.db").exists()
