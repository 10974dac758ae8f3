"""Tally: counts against brute force, and the same in one pass as in many."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.data.report import tally
from crossrec.data.report.spread import bin_of
from crossrec.data.report.tally import count, user_parts

rows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), min_size=1, max_size=60)


def table(pairs: list[tuple[int, int]]) -> pl.LazyFrame:
    return pl.LazyFrame({"user_id": [f"u{user}" for user, _ in pairs], "item_id": [f"i{item}" for _, item in pairs]})


@pytest.mark.parametrize("rows_a_pass", [4, 1_000])
@given(pairs=rows)
def test_it_agrees_with_counting_by_hand(rows_a_pass: int, pairs: list[tuple[int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "ROWS_A_PASS", rows_a_pass)
        found = count(table(pairs), len(pairs))
    users, items, both = Counter(u for u, _ in pairs), Counter(i for _, i in pairs), Counter(pairs)
    for spread, expected in ((found.users, users), (found.items, items), (found.pairs, both)):
        histogram = Counter(expected.values())
        assert dict(zip(spread.counts.tolist(), spread.things.tolist(), strict=True)) == histogram
    assert found.density == pytest.approx(len(both) / (len(users) * len(items)))
    place = {n: int(bin_of(np.array([n]))[0]) for n in range(1, len(pairs) + 1)}
    cells = Counter((place[users[user]], place[items[item]]) for user, item in both)
    assert {cell: int(n) for cell, n in np.ndenumerate(found.cells) if n} == cells
    assert list(found.top) == sorted(((f"i{i}", n) for i, n in items.items()), key=lambda pair: (-pair[1], pair[0]))


def test_the_densities_of_the_cells_are_those_of_their_pairs() -> None:
    found = count(table([(0, 0), (0, 1), (1, 0), (1, 0)]), 4)
    densities = found.cell_densities()
    assert densities.shape == (2, 2) and np.isnan(densities[0]).all(), "no user has one row"
    assert densities[1].tolist() == [0.5, 1.0]


def test_parts_hold_each_user_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "ROWS_A_PASS", 10)
    pairs = [(number % 13, number) for number in range(60)]
    parts = list(user_parts(table(pairs), 60, ["item_id"]))
    assert len(parts) == 6 and sum(part.height for part in parts) == 60
    seen = [user for part in parts for user in part["user_id"].unique()]
    assert len(seen) == len(set(seen)) == 13
