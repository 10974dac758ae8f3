from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.steps.conftest import Run

from crossrec.core.errors import InvalidInput, NotFound, Refused
from crossrec.core.event import NOT_TASTE
from crossrec.core.interactions import Interactions
from crossrec.data.engine import collected
from crossrec.data.engine_contract import hard_rows
from crossrec.data.engines.polars import PolarsEngine
from crossrec.data.schema import INTERACTIONS
from crossrec.data.split import Split, split
from crossrec.data.step import create

Table = Callable[..., pl.DataFrame]


def parts(cut: Split) -> dict[int, str]:
    """Position of each row -> its part, as the splits of Interactions say."""
    named = {"train": cut.train, "valid": cut.validation, "test": cut.test}
    return {int(place): name for name, part in named.items() for place in part.positions}


def of_rows(rows: pl.DataFrame) -> dict[int, str]:
    return dict(rows.select("position", "split").rows())


def liked(rows: pl.DataFrame, *, with_split: bool = False) -> Interactions:
    rows = rows.filter(~pl.col("interaction_type").cast(pl.String).is_in(NOT_TASTE))
    return Interactions.from_frame(rows if with_split else rows.drop("split"))


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    size = draw(st.integers(1, 30))

    def of(values: list[object]) -> list[object]:
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    found = {name: [None] * size for name in INTERACTIONS} | {
        "domain": ["films"] * size,
        "user_id": of(["ann", "bob", "cat"]),
        "item_id": of(["tea", "jam", "pie"]),
        "timestamp": of([10**12 + moment for moment in range(5)]),
        "position": draw(st.permutations(range(size))),
        "interaction_type": of(["rate", "rate", "click", "return"]),
        "split": of(["train", "train", "test"]),
        "weight": [1.0] * size,
    }
    found["split"][0], found["interaction_type"][0] = "test", "rate"
    return pl.DataFrame(found, schema=INTERACTIONS, strict=False)


AGREE = {
    "leave-last-out": ({}, {}),
    "global-time": ({}, {}),
    "global-time, at moments": ({"validation_from": 10**12 + 1, "test_from": 10**12 + 3},) * 2,
    "given": ({"validation": "last"}, {"validation": "last"}),
}


@pytest.mark.parametrize("case", list(AGREE))
@given(rows=tables())
@settings(max_examples=40, deadline=None)
def test_it_cuts_as_splits_of_interactions_do(
    case: str, rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, (mine, theirs) = case.split(",")[0], AGREE[case]
    folder = tmp_path_factory.mktemp("tables")
    rows.write_parquet(folder / "rows.parquet")
    engine = PolarsEngine(folder)
    step = create("partition", {"protocol": name} | {key: str(value) for key, value in mine.items()})
    found = of_rows(collected(step(engine.scan([folder / "rows.parquet"]), engine)))
    expected = parts(split(liked(rows, with_split=name == "given"), name, settings=theirs))
    assert {place: found[place] for place in expected} == expected
    assert len(found) == rows.height


def test_hash_takes_as_many_of_each_user_as_random_does(run: Run) -> None:
    rows = hard_rows().filter(pl.col("domain") == "wild")
    given = {"test_share": 0.2, "validation_share": 0.15}
    found = run("partition", rows, protocol="hash", **given)
    counted = found.filter(~pl.col("interaction_type").is_in(NOT_TASTE)).group_by("user_id", "split").len()
    cut = split(liked(rows), "random", settings=given)
    for name, part in (("train", cut.train), ("valid", cut.validation), ("test", cut.test)):
        expected = dict(
            zip(part.user_ids.ids.tolist(), np.bincount(part.users, minlength=len(part.user_ids)), strict=True)
        )
        mine = dict(counted.filter(pl.col("split") == name).select("user_id", "len").rows())
        assert {user: int(count) for user, count in expected.items() if count} == mine


def test_hash_follows_from_the_row_and_the_seed(run: Run) -> None:
    rows = hard_rows()
    found = run("partition", rows, protocol="hash", within="all", seed=1)
    shuffled = run("partition", rows.sample(fraction=1.0, shuffle=True, seed=2), protocol="hash", within="all", seed=1)
    fewer = run("partition", rows[200:], protocol="hash", within="all", seed=1)
    assert found.equals(shuffled)
    assert fewer.join(found, on=fewer.columns, how="semi", nulls_equal=True).height == fewer.height
    assert not found.equals(run("partition", rows, protocol="hash", within="all", seed=2))
    taste = found.filter(~pl.col("interaction_type").is_in(NOT_TASTE))
    assert 0.06 < (taste["split"] == "test").mean() < 0.14  # type: ignore[operator]
    assert set(found.filter(pl.col("interaction_type").is_in(NOT_TASTE))["split"]) == {"train"}


def test_new_users_follow_from_the_person_and_the_seed(run: Run) -> None:
    rows = hard_rows()
    given = {"protocol": "new-users", "test_persons": 5, "validation_persons": 0.1}
    found = run("partition", rows, seed=1, **given)
    assert found.equals(run("partition", rows.sample(fraction=1.0, shuffle=True, seed=2), seed=1, **given))
    assert not found.equals(run("partition", rows, seed=2, **given))
    assert set(found.filter(pl.col("interaction_type").is_in(NOT_TASTE))["split"]) == {"train"}
    held = {part: set(found.filter(pl.col("split") == part)["user_id"]) for part in ("valid", "test")}
    assert (len(held["valid"]), len(held["test"])) == (5, 5) and not held["valid"] & held["test"]
    none = run("partition", rows, protocol="new-users", test_persons=0, validation_persons=0)
    assert set(none["split"]) == {"train"}


def test_a_person_of_two_domains_is_left_out_once(run: Run, table: Table) -> None:
    rows = table(timestamp=[1, 2, 3, 4, 5, 6], domain=["films", "books"] * 3)
    assert run("partition", rows, over="all")["split"].value_counts().sort("split").rows() == [
        ("test", 1),
        ("train", 4),
        ("valid", 1),
    ]
    assert (run("partition", rows)["split"] == "test").sum() == 2


def test_quantiles_are_exact_over_years(run: Run, table: Table) -> None:
    times = np.random.default_rng(1).integers(10**12, 10**12 + 10**11, 997)
    rows = table(timestamp=times.tolist())
    cut = split(liked(rows), "global-time")
    found = run("partition", rows, protocol="global-time")
    assert (found["split"] == "test").sum() == len(cut.test) and (found["split"] == "valid").sum() == len(
        cut.validation
    )


def test_what_cannot_be_cut_is_refused(run: Run, table: Table) -> None:
    with pytest.raises(Refused, match="wild"):
        run("partition", hard_rows(), protocol="global-time")
    with pytest.raises(Refused, match="1 users"):
        run("partition", table(timestamp=[None, 1, 2]))
    with pytest.raises(Refused, match="test rows"):
        run("partition", table(split=["train", "train"]), protocol="given")
    with pytest.raises(Refused, match=r"expected 1 persons for validation, 1 for test .* got 1 with at least 5 rows"):
        run("partition", table(timestamp=[1] * 6), protocol="new-users", test_persons=1, validation_persons=1)
    with pytest.raises(NotFound, match="hash"):
        run("partition", table(timestamp=[1]), protocol="hesh")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"protocol": "hash", "test_share": 0.95}, "add up"),
        ({"protocol": "hash", "within": "item"}, "within"),
        ({"protocol": "global-time", "test_quantile": 0.5}, "quantile"),
        ({"protocol": "global-time", "validation_from": 5, "test_from": 4}, "validation_from <= test_from"),
        ({"protocol": "given", "validation": "first"}, "validation"),
        ({"protocol": "global-time", "seed": 3}, "no setting called 'seed'"),
        ({"protocol": "hash", "test_share": "x"}, "expected a number, got 'x'"),
        ({"protocol": "new-users", "fewest": 1}, "fewest >= 2, got 0.2 and 1"),
        ({"protocol": "new-users", "test_persons": 1.5}, "test_persons: expected a whole number of persons"),
        ({"protokol": "hash"}, "did you mean 'protocol'"),
    ],
)
def test_settings_out_of_range_are_named(run: Run, table: Table, given: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        run("partition", table(timestamp=[1]), **given)
