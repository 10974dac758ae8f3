"""Coverage, Gini, exposure, novelty, popularity and serendipity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.metrics.beyond import (
    coverage,
    exposure,
    gini,
    novelty,
    popularity,
    popularity_lift,
    self_information,
    serendipity,
)

ITEMS = np.array([[0, 3, -1], [3, 1, 0]], np.int32)


def test_exposure_adds_up_over_batches() -> None:
    whole = exposure(ITEMS, 5)
    assert whole.tolist() == [2, 1, 0, 2, 0]
    assert (exposure(ITEMS[:1], 5) + exposure(ITEMS[1:], 5)).tolist() == whole.tolist()


def test_coverage_is_the_share_shown() -> None:
    assert coverage(exposure(ITEMS, 5)) == 0.6
    assert np.isnan(coverage(np.empty(0, np.int64)))


def test_gini_by_hand() -> None:
    assert gini(np.array([1, 2, 3])) == pytest.approx((-2 * 1 + 0 * 2 + 2 * 3) / (3 * 6))
    assert gini(np.array([3, 1, 2])) == gini(np.array([1, 2, 3]))
    assert np.isnan(gini(np.zeros(3, np.int64)))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_gini_is_half_the_relative_mean_difference(shown: list[int]) -> None:
    counts = np.array(shown)
    if counts.sum() == 0:
        return
    differences = np.abs(counts[:, None] - counts[None, :]).mean()
    assert gini(counts) == pytest.approx(differences / (2 * counts.mean()))
    assert 0 <= gini(counts) <= (len(shown) - 1) / len(shown) + 1e-12


def test_novelty_by_hand() -> None:
    bits = self_information(np.array([8, 4, 2, 1, 0]), 8)
    assert bits.tolist() == [0, 1, 2, 3, 3]
    assert novelty(ITEMS, bits) == pytest.approx([1.5, 4 / 3])


def test_an_empty_list_has_no_novelty() -> None:
    assert np.isnan(novelty(np.array([[-1, -1]], np.int32), np.array([1.0]))).all()


def test_novelty_needs_training_users() -> None:
    with pytest.raises(InvalidInput, match="got 0"):
        self_information(np.array([1]), 0)


def test_popularity_by_hand() -> None:
    shares = np.array([0.5, 0.25, 0.125, 1.0])
    assert popularity(ITEMS, shares) == pytest.approx([0.75, 1.75 / 3])
    assert np.isnan(popularity(np.array([[-1]], np.int32), shares)).all()


def test_lift_is_against_the_own_history() -> None:
    shares = np.array([0.5, 0.25, 0.125, 1.0])
    lists = np.array([[0, 3], [0, 3], [1, 2], [0, 3], [-1, -1]], np.int32)
    history = np.array([0.75, 0.25, 0.75, np.nan, 0.5])
    found = popularity_lift(lists, shares, history)
    assert found[:3] == pytest.approx([0.0, 2.0, -0.75])
    assert np.isnan(found[3:]).all()
    assert np.isnan(popularity_lift(lists[:1], shares, np.array([0.0]))).all()


def test_serendipity_by_hand() -> None:
    hits = np.array([[True, True, False], [False, False, False], [True, True, True]])
    expected = np.array([[True, False, False], [False, True, False], [False, False, False]])
    assert serendipity(hits, expected) == pytest.approx([1 / 3, 0, 1])
