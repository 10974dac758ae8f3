"""crossrec transfer newcomers, from files of ratings to a table and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from taste_worlds import rated_world
from tests.cli.conftest import Run

QUICK = ("--model", "svd factors=1 epochs=1", "--model", "svd factors=3 epochs=20")


@pytest.fixture
def rated(run: Run, tmp_path: Path) -> Path:
    """Films and books that the same persons rated."""
    world = rated_world(shared=True, users=200).to_polars()
    world = world.with_columns(pl.col("item_id").str.split(":").list.last())
    for (domain,), rows in world.group_by("domain"):
        path = tmp_path / f"{domain}.csv"
        rows.select("user_id", "item_id", "rating").write_csv(path)
        words = ("tables", path, "--domain", domain, "--out", tmp_path / "data", "--shared-users")
        code, _, error = run("data", "import", *words)
        assert code == 0, error
    return tmp_path / "data"


def test_baselines_come_first_and_the_settings_that_validation_took_are_told(run: Run, rated: Path) -> None:
    words = ("transfer", "newcomers", "--data", rated, "--target", "books", "--shares", "0.2,0.5", *QUICK)
    code, said, error = run(*words)
    assert code == 0, error
    names = [line[:16].strip() for line in said.splitlines()[4:9]]
    assert names == ["global mean", "item mean", "biases", "scaled biases", "svd"]
    assert "20% of the persons in both held out: 40" in said and "50% of the persons in both held out: 100" in said
    told = json.loads(run(*words, "--seeds", "0,1", "--json")[1])
    assert told["seeds"] == [0, 1] and told["persons"] == {"0.2": 40, "0.5": 100}
    assert told["rows"][4]["name"] == "svd" and told["rows"][4]["settings"] == ["svd factors=3 epochs=20"] * 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--target", "boks"), 3, "did you mean 'books'"),
        (("--target", "books", "--shares", "half"), 2, "--shares: expected a number, got 'half'"),
        (("--target", "books", "--seeds", "0,x"), 2, "--seeds: expected an integer, got 'x'"),
        (("--target", "books", "--model", "als"), 2, "'als' predicts no ratings"),
        (("--target", "books", "--model", " "), 3, "no model called ''"),
    ],
)
def test_what_cannot_be_asked_is_refused(run: Run, rated: Path, words: tuple[str, ...], code: int, said: str) -> None:
    found, _, error = run("transfer", "newcomers", "--data", rated, *(QUICK if "--model" not in words else ()), *words)
    assert (found, said in " ".join(error.split())) == (code, True), error
