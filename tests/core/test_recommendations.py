"""top_k against numpy's sort, and lists as ids, frames and pairs."""

from __future__ import annotations

import numba
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.recommendations import Recommendations, check_k, top_k
from crossrec.core.vocabulary import Vocabulary

few = st.sampled_from([-np.inf, -1.5, 0.0, -0.0, 0.25, 2.0, np.inf, np.nan])
anything = st.floats(width=32, allow_nan=True, allow_infinity=True)
boards = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.one_of(few, anything)
)


def by_sorting(values: np.ndarray, k: int, left_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort every row whole: by falling score, then by rising code."""
    items = np.full((len(values), k), -1, np.int32)
    scores = np.full((len(values), k), -np.inf, np.float32)
    for row, line in enumerate(values):
        fit = [code for code in range(len(line)) if not left_out[row, code] and line[code] > -np.inf]
        best = sorted(fit, key=lambda code: (-line[code], code))[:k]
        items[row, : len(best)], scores[row, : len(best)] = best, line[best]
    return items, scores


@given(boards, st.integers(1, 15), st.data())
def test_top_k_is_a_whole_sort(values: np.ndarray, k: int, draw: st.DataObject) -> None:
    masks = hnp.arrays(bool, values.shape)
    seen = draw.draw(masks)
    allowed = draw.draw(st.one_of(st.none(), hnp.arrays(bool, values.shape[1])))
    indptr = np.concatenate([[0], np.cumsum(seen.sum(axis=1))]).astype(np.int64)
    codes = np.nonzero(seen)[1].astype(np.int32)
    left_out = seen if allowed is None else seen | ~allowed
    items, scores = top_k(values, k, seen=(indptr, codes), allowed=allowed)
    expected_items, expected_scores = by_sorting(values, min(k, values.shape[1]), left_out)
    np.testing.assert_array_equal(items, expected_items)
    np.testing.assert_array_equal(scores, expected_scores)
    assert items.dtype == np.int32 and scores.dtype == np.float32


def test_equal_scores_go_to_the_lower_code_in_a_wide_row() -> None:
    values = np.ones((2, 5_000), np.float32)
    values[1, 4_000:] = 2
    items, _ = top_k(values, 100)
    assert items[0].tolist() == list(range(100)) and items[1].tolist() == list(range(4_000, 4_100))


def test_k_beyond_the_columns_costs_nothing() -> None:
    items, scores = top_k(np.array([[1.0, 2.0]], np.float32), 10**12)
    assert items.tolist() == [[1, 0]] and scores.tolist() == [[2.0, 1.0]]


@pytest.mark.parametrize("k", [2.5, "3", None, True, np.True_, np.float32(2)])
def test_a_k_that_is_no_whole_number_is_refused(k: object) -> None:
    with pytest.raises(InvalidInput, match="k: expected a whole number >= 1, got"):
        check_k(k)  # type: ignore[arg-type]
    assert check_k(np.int32(3)) == 3  # type: ignore[arg-type]


def test_threads_do_not_change_lists() -> None:
    values = np.random.default_rng(7).integers(0, 50, (200, 400)).astype(np.float32)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = top_k(values, 30)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one[0], top_k(values, 30)[0])
    np.testing.assert_array_equal(one[0], by_sorting(values, 30, np.zeros(values.shape, bool))[0])


def test_the_scores_are_left_alone_in_any_layout() -> None:
    values = np.asfortranarray(np.arange(12, dtype=np.float64).reshape(3, 4))
    before = values.copy()
    assert top_k(values, 2)[0].tolist() == [[3, 2]] * 3  # type: ignore[arg-type]
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(k: int) -> None:
    with pytest.raises(InvalidInput, match=f"k: expected k >= 1, got {k}"):
        top_k(np.zeros((1, 1), np.float32), k)


def test_no_rows_and_no_columns_are_fine() -> None:
    assert top_k(np.zeros((0, 3), np.float32), 2)[0].shape == (0, 2)
    assert top_k(np.zeros((2, 0), np.float32), 2)[0].tolist() == [[]] * 2


@pytest.fixture
def lists() -> Recommendations:
    names = Catalogue(Vocabulary(["jam", "rum", "tea"]), np.zeros(3, np.int16), Vocabulary(["main"]))
    items = np.array([[2, 0], [1, -1], [-1, -1]], np.int32)
    scores = np.array([[0.75, 0.5], [0.25, -np.inf], [-np.inf, -np.inf]], np.float32)
    return Recommendations(items, scores, names, np.array([True, True, False]), ("ann", None, "cat"))


def test_lists_end_where_items_end(lists: Recommendations) -> None:
    assert lists.ids() == list(lists) == [["tea", "jam"], ["rum"], []]
    assert lists[0] == [("tea", 0.75), ("jam", 0.5)] and lists[1] == [("rum", 0.25)] and lists[2] == []
    assert len(lists) == 3 and "tea" in repr(lists)


@pytest.mark.parametrize("frame", ["to_polars", "to_pandas"])
def test_frames_have_one_item_a_row(lists: Recommendations, frame: str) -> None:
    table = getattr(lists, frame)()
    assert list(table.columns) == ["user_id", "item_id", "score", "rank"]
    columns = {name: list(table[name]) for name in ("item_id", "score", "rank")}
    assert columns == {"item_id": ["tea", "jam", "rum"], "score": [0.75, 0.5, 0.25], "rank": [1, 2, 1]}
    assert list(table["user_id"])[:2] == ["ann", "ann"] and pd.isna(list(table["user_id"])[2])


def test_integer_ids_stay_integers_in_frames() -> None:
    names = Catalogue(Vocabulary([10, 20]), np.zeros(2, np.int16), Vocabulary(["main"]))
    one = Recommendations(np.array([[1]], np.int32), np.ones((1, 1), np.float32), names, np.ones(1, bool), (7,))
    table = one.to_polars()
    assert table["user_id"].dtype == pl.Int64 and table.row(0) == (7, 20, 1.0, 1)
    assert one.to_pandas()["item_id"].dtype == "int64"


def test_no_lists_make_an_empty_frame(lists: Recommendations) -> None:
    nobody = Recommendations(lists.items[:0], lists.scores[:0], lists.catalogue, lists.opinion[:0], ())
    assert nobody.ids() == [] and nobody.to_polars().height == 0
