from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from tests.data.steps.conftest import Run

from crossrec.core.errors import InvalidInput
from crossrec.data.engine_contract import hard_rows


def test_the_earliest_stays_and_a_row_without_time_gives_way(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    rows = table(item_id=["tea", "tea", "tea", "jam", "jam"], timestamp=[None, 30, 20, 10, 10])
    assert run("duplicates", rows)["position"].to_list() == [2, 3]


@pytest.mark.parametrize(("same", "left"), [("pair", [0]), ("kind", [0, 2]), ("act", [0, 1, 2])])
def test_what_counts_as_the_same(run: Run, table: Callable[..., pl.DataFrame], same: str, left: list[int]) -> None:
    rows = table(item_id=["tea"] * 3, timestamp=[1, 2, 3], interaction_type=["rate", "rate", "click"])
    assert run("duplicates", rows, same=same)["position"].to_list() == left


def test_domains_and_users_are_apart(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    rows = table(item_id=["tea"] * 3, user_id=["ann", "bob", "ann"], domain=["films", "films", "books"])
    assert run("duplicates", rows).height == 3


def test_it_does_what_a_loop_does(run: Run) -> None:
    rows = hard_rows()
    first: dict[tuple[str, ...], tuple[float, int]] = {}
    for row in rows.iter_rows(named=True):
        key = (row["domain"], row["user_id"], row["item_id"], row["interaction_type"])
        moment = (float("inf") if row["timestamp"] is None else row["timestamp"], row["position"])
        first[key] = min(first.get(key, moment), moment)
    expected = sorted((key[0], moment[1]) for key, moment in first.items())
    assert run("duplicates", rows).select("domain", "position").rows() == expected
    assert 0 < len(expected) < rows.height


def test_another_word_is_refused(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(InvalidInput, match="same"):
        run("duplicates", table(item_id=["tea"]), same="all")
