from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run


def test_a_leaderboard_is_printed_and_written(run: Run, data: Path, tmp_path: Path) -> None:
    words = (
        "compare",
        "als,rp3beta",
        "--data",
        data,
        "--protocol",
        "leave-last-out",
        "-k",
        "5",
        "--set",
        "als.factors=4",
    )
    code, said, error = run(*words, "--out", tmp_path / "board")
    assert code == 0, error
    assert "protocol leave-last-out" in said and "item_knn (baseline)" in said and "p (Holm)" in said
    plain = json.loads((tmp_path / "board" / "leaderboard.json").read_text())
    assert {entry["name"] for entry in plain["entries"]} == {"als", "rp3beta", "popularity", "item_knn", "ease"}
    assert "<svg" in (tmp_path / "board" / "leaderboard.html").read_text()
    assert (tmp_path / "board" / "leaderboard.md").read_text().startswith("# Leaderboard by ndcg@5")


def test_a_model_that_cannot_bear_the_data_is_a_row(run: Run, data: Path) -> None:
    words = ("compare", "ease", "--data", data, "--protocol", "random", "--no-baselines", "--json", "--set", "l2=-1")
    code, said, _ = run(*words)
    entry = json.loads(said)["entries"][0]
    assert code == 0 and entry["report"] is None and "l2=-1" in entry["failure"]


def test_settings_come_from_files_and_are_overruled(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"ease": {"l2": 5, "keep": 3}, "als": {"factors": 4, "seed": 1}}')
    words = ("compare", "als", "--data", data, "--protocol", "random", "--settings", tmp_path / "mine.json", "--json")
    code, said, error = run(*words, "--set", "ease.l2=7", "--set", "seed=9")
    assert code == 0, error
    found = {entry["name"]: entry["report"]["settings"] for entry in json.loads(said)["entries"]}
    assert found["ease"] == {"l2": 7.0, "keep": 3} and (found["als"]["factors"], found["als"]["seed"]) == (4, 9)


def test_settings_of_a_model_that_is_not_compared_are_refused(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"als": {"factors": 4}}')
    words = ("compare", "gf_cf", "--data", data, "--protocol", "random", "--settings", tmp_path / "mine.json")
    code, _, error = run(*words)
    assert code == 2 and "als" in error


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("eaze",), 3, "did you mean 'ease'"),
        (("ease,ease",), 2, "different names"),
        (("ease", "--metric", "gini"), 3, "gini"),
        (("ease", "--metric", "ndcg@20"), 2, "by -k"),
        (("ease", "--set", "l22=1"), 2, "did you mean 'l2'"),
    ],
)
def test_mistakes_are_named(run: Run, data: Path, words: tuple[str, ...], code: int, text: str) -> None:
    found, _, error = run("compare", *words, "--data", data, "--protocol", "random")
    assert found == code and text in error


def test_a_file_is_no_folder_for_a_leaderboard(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "board").write_text("mine")
    code, _, error = run("compare", "ease", "--data", data, "--protocol", "random", "--out", tmp_path / "board")
    assert code == 2 and "expected a folder" in error
