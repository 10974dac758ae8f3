"""The file of a search: whole after a round trip, readable by train and compare, and refused when it is another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound, Unavailable
from crossrec.evaluation.tuning.tuned import Trial, Tuned, read_settings, read_tuned, write_tuned

FOUND = Tuned(
    model="ease",
    metric="ndcg@10",
    settings={"l2": 0.1 + 0.2, "keep": 0, "half": None, "on": True},
    space={"l2": {"low": 1, "high": 100, "log": True, "whole": False}},
    seed=0,
    trials=[
        Trial(0, {"l2": 100.0}, 0.25, 1.5),
        Trial(1, {"l2": 0.1 + 0.2}, 0.5, 1.25),
        Trial(2, {"l2": 7.0}, None, 0.5, "needs about 9 GB"),
        Trial(3, {"l2": 9.0}, 0.5, 0.5),
    ],
    protocol={"name": "random", "part": "validation", "fit_on": "train", "hash": "abc"},
    split_hash="def",
    data_hash="f" * 64,
    crossrec="0.1.0",
)


def test_a_round_trip_changes_nothing(tmp_path: Path) -> None:
    write_tuned(FOUND, tmp_path / "ease.json")
    assert read_tuned(tmp_path / "ease.json") == FOUND
    assert [path.name for path in tmp_path.iterdir()] == ["ease.json"]


def test_the_earlier_of_equal_trials_is_the_best() -> None:
    assert [trial.number for trial in FOUND.ranked] == [1, 3, 0]
    text = str(FOUND)
    assert "hash abc" in text and "split def" in text and "4 trials, 1 failed" in text and "+0.2500" in text


def test_settings_are_read_as_the_command_line_takes_them(tmp_path: Path) -> None:
    write_tuned(FOUND, tmp_path / "ease.json")
    chosen = read_settings(tmp_path / "ease.json")
    assert chosen.of == {"ease": {"l2": "0.30000000000000004", "keep": "0", "half": "None", "on": "true"}}
    assert chosen.split_hash == "def"


def test_settings_may_be_written_by_hand(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"ease": {"l2": 50}, "als": {"factors": 8}}')
    assert read_settings(tmp_path / "mine.json").of == {"ease": {"l2": "50"}, "als": {"factors": "8"}}


@pytest.mark.parametrize("text", ["", "[]", '{"ease": 5}', '{"ease": {"l2": [1]}}', '{"schema": 99}', '{"schema": 1}'])
def test_what_is_no_settings_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(InvalidInput, match=r"mine\.json"):
        read_settings(tmp_path / "mine.json")


def test_trials_of_another_form_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({**FOUND.to_dict(), "trials": [{"number": 1}]}))
    with pytest.raises(InvalidInput, match="trials"):
        read_tuned(tmp_path / "mine.json")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_settings(tmp_path / "none.json")
    with pytest.raises(Unavailable):
        read_settings(tmp_path)
    with pytest.raises(Unavailable):
        write_tuned(FOUND, tmp_path / "nowhere" / "x.json")
