from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run


@pytest.fixture
def tuned(run: Run, data: Path, tmp_path: Path) -> Path:
    """What a search of three trials found."""
    file = tmp_path / "ease.json"
    words = ("tune", "ease", "--data", data, "--protocol", "leave-last-out", "--trials", "3")
    code, said, error = run(*words, "--metric", "ndcg@5", "--out", file)
    assert code == 0, error
    assert "part validation" in said and "best ndcg@5 on validation" in said and "3 trials, 0 failed" in said
    return file


def test_what_was_found_trains_and_compares(run: Run, data: Path, tuned: Path, tmp_path: Path) -> None:
    found = json.loads(tuned.read_text())
    assert found["value"] == max(trial["value"] for trial in found["trials"])
    words = ("train", "ease", "--data", data, "--out", tmp_path / "m", "--settings", tuned, "--json")
    assert json.loads(run(*words)[1])["settings"] == found["settings"]
    assert json.loads(run(*words, "--set", "l2=3")[1])["settings"]["l2"] == 3.0
    words = ("compare", "ease", "--data", data, "--settings", tuned, "--no-baselines", "-k", "5", "--json")
    board = json.loads(run(*words, "--protocol", "leave-last-out")[1])
    assert board["entries"][0]["report"]["settings"] == found["settings"]
    assert board["protocol"]["split_hash"] == found["split_hash"] and board["notes"] == []
    board = json.loads(run(*words, "--protocol", "random")[1])
    assert "tuned on another split" in board["notes"][0]


def test_settings_of_another_model_are_not_trained_with(run: Run, data: Path, tuned: Path, tmp_path: Path) -> None:
    code, _, error = run("train", "als", "--data", data, "--out", tmp_path / "m", "--settings", tuned)
    assert code == 2 and "none of als" in error


def test_a_search_goes_on_in_its_file(run: Run, data: Path, tuned: Path) -> None:
    before = json.loads(tuned.read_text())["trials"]
    words = ("tune", "ease", "--data", data, "--protocol", "leave-last-out", "--metric", "ndcg@5", "--trials", "5")
    code, said, error = run(*words, "--resume", tuned, "--json")
    assert code == 0, error
    after = json.loads(tuned.read_text())
    assert after["trials"][:3] == before and len(after["trials"]) == 5 and json.loads(said) == after


def test_a_search_is_not_written_over(run: Run, data: Path, tuned: Path) -> None:
    before = tuned.read_bytes()
    code, _, error = run("tune", "ease", "--data", data, "--protocol", "random", "--out", tuned)
    assert code == 2 and "--resume" in error and tuned.read_bytes() == before
    code, _, error = run("tune", "ease", "--data", data, "--protocol", "random", "--resume", tuned, "--trials", "9")
    assert code == 7 and "another one" in error and tuned.read_bytes() == before


def test_a_search_may_begin_with_the_file_it_would_go_on_from(run: Run, data: Path, tmp_path: Path) -> None:
    words = ("tune", "rp3beta", "--data", data, "--protocol", "random", "--trials", "2", "--set", "alpha=1.5")
    code, _, error = run(*words, "--resume", tmp_path / "new.json")
    assert code == 0, error
    found = json.loads((tmp_path / "new.json").read_text())
    assert "alpha" not in found["space"] and found["settings"]["alpha"] == 1.5 and len(found["trials"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("eaze",), 3, "did you mean 'ease'"),
        (("ease", "--set", "l2=5"), 2, "fixed"),
        (("ease", "--metric", "ndgc@10"), 3, "ndcg"),
        (("ease", "--trials", "0"), 2, "trials >= 1"),
    ],
)
def test_mistakes_are_named(run: Run, data: Path, tmp_path: Path, words: tuple[str, ...], code: int, text: str) -> None:
    out = ("--out", tmp_path / "x.json")
    found, _, error = run("tune", *words, "--data", data, "--protocol", "random", *out)
    assert found == code and text in error and not (tmp_path / "x.json").exists()


def test_a_place_that_is_not_there_is_refused_before_the_search(run: Run, data: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "nowhere" / "x.json")
    code, _, error = run("tune", "ease", "--data", data, "--protocol", "random", *out)
    assert code == 2 and "nowhere" in error
