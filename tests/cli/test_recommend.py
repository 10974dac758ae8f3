from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
from tests.cli.conftest import Run


def test_one_user_gets_unseen_items_with_titles(run: Run, bundle: Path) -> None:
    code, said, _ = run("recommend", "--model", bundle, "--user", "2", "-k", "3", "--json")
    rows = json.loads(said)
    assert code == 0 and [row["rank"] for row in rows] == [1, 2, 3]
    assert all(row["user_id"] == "2" and row["title"].endswith("(1999)") for row in rows)
    assert rows[0]["item_id"] in {"112", "105"}  # user 2 likes even films and has not had 105 and 112


def test_a_stranger_is_told_of_and_served_by_popularity(run: Run, bundle: Path) -> None:
    code, said, told = run("recommend", "--model", bundle, "--user", "zoe")
    assert code == 0 and "by popularity" in said and "'zoe'" in told


def test_all_lists_go_to_a_file(run: Run, bundle: Path, tmp_path: Path) -> None:
    for name in ("lists.parquet", "lists.csv", "lists.jsonl"):
        assert run("recommend", "--model", bundle, "--all", "--out", tmp_path / name, "-k", "4")[0] == 0
    lists = pl.read_parquet(tmp_path / "lists.parquet")
    assert lists.columns == ["user_id", "item_id", "score", "rank"] and lists["user_id"].n_unique() == 30
    assert pl.read_csv(tmp_path / "lists.csv").height == lists.height == pl.read_ndjson(tmp_path / "lists.jsonl").height


def test_wrong_words_have_their_exit_codes(run: Run, bundle: Path, tmp_path: Path) -> None:
    assert run("recommend", "--model", bundle)[0] == 2
    assert run("recommend", "--model", bundle, "--all")[0] == 2
    assert run("recommend", "--model", bundle, "--user", "1", "-k", "0")[0] == 2
    assert run("recommend", "--model", bundle, "--user", "1", "--domain", "books")[0] == 3
    assert run("recommend", "--model", tmp_path / "none", "--user", "1")[0] == 3
    assert run("recommend", "--model", bundle, "--all", "--out", tmp_path / "lists.xls")[0] == 2


def test_scores_are_short_and_a_user_named_twice_has_one_list(run: Run, bundle: Path) -> None:
    code, said, _ = run("recommend", "--model", bundle, "--user", "3", "--user", "3", "--user", "4", "-k", "2")
    assert code == 0 and said.count("for 3 ") == said.count("for 4 ") == 1
    scores = re.findall(r"\d\.\d+", said)
    assert scores and all(len(score) <= 6 for score in scores)
    rows = json.loads(run("recommend", "--model", bundle, "--user", "3", "--user", "3", "-k", "2", "--json")[1])
    assert [row["rank"] for row in rows] == [1, 2] and all(len(str(row["score"])) <= 8 for row in rows)


def test_a_file_that_cannot_be_written_is_told_in_words(run: Run, bundle: Path, tmp_path: Path) -> None:
    for name in ("lists.parquet", "lists.csv", "lists.jsonl"):
        (tmp_path / name).mkdir()
        code, _, error = run("recommend", "--model", bundle, "--all", "--out", tmp_path / name)
        assert code == 6 and f"{name} cannot be written" in error
    assert run("recommend", "--model", bundle, "--all", "--out", tmp_path / "none" / "lists.csv")[0] == 3


def test_a_file_in_place_of_a_bundle_is_not_found(run: Run, bundle: Path) -> None:
    code, _, error = run("recommend", "--model", bundle / "model.json", "--user", "1")
    assert code == 3 and "no model in" in error


def test_a_damaged_bundle_is_exit_code_8(run: Run, bundle: Path) -> None:
    weights = next(bundle.glob("weights-0/*.npy"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x07")
    code, _, error = run("recommend", "--model", bundle, "--user", "1")
    assert code == 8 and "checksum" in error
