from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run


def test_evaluate_prints_the_protocol_with_the_numbers(run: Run, data: Path) -> None:
    code, said, _ = run("evaluate", "popularity,item_knn", "--data", data, "--protocol", "leave-last-out", "--k", "5")
    assert code == 0
    assert "protocol leave-last-out" in said and "ndcg@5" in said and "item_knn" in said and "interval" in said


def test_json_has_models_differences_and_hashes(run: Run, data: Path) -> None:
    words = ("evaluate", "popularity,ease", "--data", data, "--protocol", "random", "--k", "5", "--json")
    code, said, _ = run(*words, "--set", "ease.l2=3")
    report = json.loads(said)
    assert code == 0
    assert [model["name"] for model in report["models"]] == ["popularity", "ease"]
    assert report["models"][1]["settings"]["l2"] == 3.0
    assert report["differences"] and report["protocol"]["hash"] and report["data_hash"]


def test_an_unknown_protocol_names_the_nearest(run: Run, data: Path) -> None:
    code, _, error = run("evaluate", "ease", "--data", data, "--protocol", "global-tim")
    assert code == 3 and "did you mean 'global-time'" in error


def test_a_setting_for_no_model_is_refused(run: Run, data: Path) -> None:
    code, _, error = run("evaluate", "ease", "--data", data, "--protocol", "random", "--set", "als.l2=3")
    assert code == 2 and "ease" in error


def test_data_without_a_split_refuse_the_given_one(run: Run, data: Path) -> None:
    code, _, error = run("evaluate", "ease", "--data", data, "--protocol", "given")
    assert code == 7 and "split" in error


def test_settings_of_the_protocol_are_given_by_name(run: Run, data: Path) -> None:
    words = ("evaluate", "popularity", "--data", data, "--protocol", "new-users", "--json")
    told = ("--protocol-set", "validation_persons=3", "--protocol-set", "test_persons=7", "--protocol-set", "fewest=2")
    code, said, _ = run(*words, *told)
    report = json.loads(said)
    assert code == 0 and report["exam"]["users"] == 7
    assert report["protocol"]["settings"] == {"validation_persons": 3, "test_persons": 7, "fewest": 2}
    code, _, error = run(*words, "--protocol-set", "persons=3")
    assert code == 2 and "no setting called 'persons'" in error


def test_a_metric_is_shown_in_slices(run: Run, data: Path) -> None:
    words = ("evaluate", "popularity,ease", "--data", data, "--protocol", "random", "--metrics", "ndcg")
    code, said, _ = run(*words, "--slices", "ndcg")
    assert code == 0 and "popularity: head" in said and "history: 6-10" in said
    assert run(*words, "--slices", "recall")[0] != 0


def test_sampled_numbers_and_leakage_come_with_a_warning(run: Run, data: Path) -> None:
    code, said, _ = run(
        *("evaluate", "popularity", "--data", data, "--protocol", "random", "--protocol-set", "sampled=4")
    )
    assert code == 0 and "ndcg@10 sampled@4" in said
    assert "warning: lists rank the right answers among 4 drawn items" in said
    assert "warning: the future is in training" in said


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "popularity", "--protocol", "random"),
        ("compare", "popularity", "--protocol", "random"),
        ("tune", "ease", "--protocol", "random", "--out", "found.json"),
        ("train", "popularity", "--out", "model"),
    ],
    ids=lambda words: words[0],
)
def test_rows_beyond_the_stated_memory_are_refused_with_both_sizes(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("crossrec.data.dataset._ROW_BYTES", 10**7)  # as if each of the few rows were large
    code, _, error = run(*words, "--data", data, "--memory", "800MB")
    assert code == 9 and "into memory: needs about" in error and "0.8 GB were given" in error
    assert not (tmp_path / "model").exists()
    code, _, error = run(*words, "--data", data, "--memory", "much")
    assert code == 2 and "expected a size like 2GB" in error
