"""Spread: a histogram of counts says the same as the counts themselves."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.data.report.spread import Spread, bin_of

counts = st.lists(st.integers(1, 40), min_size=1, max_size=60)


def of(values: list[int]) -> Spread:
    return Spread.of(pl.Series(values, dtype=pl.UInt32))


@given(counts)
def test_it_agrees_with_the_counts(values: list[int]) -> None:
    spread, ordered = of(values), np.sort(values)
    assert (spread.size, spread.rows, spread.most) == (len(values), sum(values), max(values))
    assert spread.under(5) == sum(value < 5 for value in values)
    for share in (0.1, 0.5, 0.9, 1.0):
        assert spread.quantile(share) == ordered[int(np.ceil(share * len(values))) - 1]
    ranks, found = spread.ranks()
    assert [int(found[np.searchsorted(ranks, rank)]) for rank in range(1, len(values) + 1)] == ordered[::-1].tolist()


@given(counts)
def test_gini_and_shares_agree_with_their_definition(values: list[int]) -> None:
    spread = of(values)
    differences = np.abs(np.subtract.outer(values, values)).sum()
    assert spread.gini == pytest.approx(differences / (2 * len(values) * sum(values)), abs=1e-12)
    things, rows = spread.lorenz()
    assert things[0] == rows[0] == 0 and things[-1] == pytest.approx(1) and rows[-1] == pytest.approx(1)
    for top in range(len(values) + 1):
        expected = sum(sorted(values, reverse=True)[:top]) / sum(values)
        assert spread.share_of_top(top / len(values)) == pytest.approx(expected)


@given(counts)
def test_bins_hold_everything_once(values: list[int]) -> None:
    bins = of(values).bins()
    assert sum(part.things for part in bins) == len(values) and sum(part.rows for part in bins) == sum(values)
    for part in bins:
        assert part.things == sum(part.low <= value <= part.high for value in values)
    assert [part.label for part in bins[:3]] == ["1", "2–3", "4–7"][: len(bins)]


def test_bins_are_exact_at_large_powers() -> None:
    large = np.array([2**40 - 1, 2**40, 2**52 - 1])
    assert bin_of(large).tolist() == [39, 40, 51]


@given(st.lists(counts, min_size=1, max_size=4))
def test_a_total_is_all_of_its_parts(parts: list[list[int]]) -> None:
    total, whole = Spread.total([of(part) for part in parts]), of([value for part in parts for value in part])
    np.testing.assert_array_equal(total.counts, whole.counts)
    np.testing.assert_array_equal(total.things, whole.things)


def test_nothing_at_all_has_no_shape() -> None:
    empty = of([])
    assert (empty.size, empty.rows, empty.most, empty.quantile(0.5), empty.gini, empty.bins()) == (0, 0, 0, 0, 0.0, [])
