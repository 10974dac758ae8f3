from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from tests.cli.conftest import Run


def test_clean_split_and_negatives_follow_one_another(run: Run, data: Path, tmp_path: Path) -> None:
    cleaned, cut, drawn = tmp_path / "clean", tmp_path / "split", tmp_path / "n.parquet"
    code, said, _ = run(
        "data", "clean", data, "--out", cleaned, "--step", "duplicates", "--step", "k_core:users=3,items=3", "--json"
    )
    steps = json.loads(said)["steps"]
    assert code == 0 and [step["name"] for step in steps] == ["duplicates", "k_core"]
    code, said, _ = run(
        "data", "split", cleaned, "--out", cut, "--protocol", "hash", "--set", "test_share=0.2", "--json"
    )
    parts = json.loads(said)["parts"]["films"]
    assert code == 0 and sum(parts.values()) == steps[1]["rows_out"]["films"] and parts["test"] > 30
    code, said, _ = run("data", "negatives", cut, "--out", drawn, "--per-positive", 2, "--part", "train", "--json")
    assert code == 0 and json.loads(said)["rows"] == 2 * parts["train"] == pl.read_parquet(drawn).height
    code, said, _ = run("evaluate", "popularity", "--data", cut, "--protocol", "given", "--json")
    assert code == 0


def test_words_for_people(run: Run, data: Path, tmp_path: Path) -> None:
    code, said, _ = run("data", "clean", data, "--out", tmp_path / "c", "--step", "minimum_history:acts=8")
    assert code == 0 and "in," in said and "dropped: too few acts of the user" in said
    code, said, _ = run("data", "split", data, "--out", tmp_path / "s", "--protocol", "leave-last-out")
    assert code == 0 and "test 30" in said
    code, said, _ = run("data", "split", data, "--out", tmp_path / "u", "--protocol", "new-users")
    assert code == 0 and "evaluate --protocol given --protocol-set persons=new" in said
    code, _, error = run(
        "evaluate", "popularity", "--data", tmp_path / "u", "--protocol", "given", "--protocol-set", "persons=new"
    )
    assert code == 0, error
    code, said, _ = run("data", "negatives", data, "--out", tmp_path / "n.parquet", "--power", "0.75")
    assert code == 0 and "negatives in" in said


def test_little_memory_gives_the_same_rows_and_a_version_is_named_by_its_hash(
    run: Run, data: Path, tmp_path: Path
) -> None:
    words = ("--step", "duplicates", "--step", "k_core:users=3,items=3", "--step", "partition", "--json")
    code, said, _ = run("data", "clean", data, "--out", tmp_path / "a", *words)
    code_of_little, little, _ = run("data", "clean", data, "--out", tmp_path / "b", "--memory", "800MB", *words)
    version = json.loads(said)["version"]
    assert code == code_of_little == 0 and json.loads(little)["version"] == version
    code, _, _ = run("data", "split", tmp_path / "a", "--out", tmp_path / "a2", "--memory", "800MB", "--json")
    assert code == 0
    named = f"{tmp_path / 'a'}@{version[:12]}"
    code, checked, _ = run("data", "check", named, "--memory", "800MB", "--json")
    assert code == 0 and json.loads(checked)["domains"][0]["rows"] == json.loads(said)["steps"][-1]["rows_out"]["films"]
    code, _, _ = run("data", "negatives", named, "--out", tmp_path / "n.parquet", "--memory", "800MB")
    assert code == 0
    code, _, error = run("data", "clean", data, "--out", tmp_path / "c", "--memory", "5MB", *words)
    assert code == 2 and "at least 800 MB" in error
    code, _, error = run("data", "check", f"{tmp_path / 'a'}@{'0' * 12}")
    assert code == 3 and "version" in error


def test_a_wrong_word_is_named(run: Run, data: Path, tmp_path: Path) -> None:
    code, _, error = run("data", "clean", data, "--out", tmp_path / "c", "--step", "dublicates")
    assert code == 3 and "did you mean 'duplicates'" in error
    code, _, error = run("data", "clean", data, "--out", tmp_path / "c", "--step", "duplicates", "--engine", "sparc")
    assert code == 3 and "did you mean 'spark'" in error
    code, _, error = run("data", "split", data, "--out", tmp_path / "c", "--master", "spark://there:7077")
    assert code == 2 and "no master" in error
