"""Lists made tile by tile are, bit for bit, those of all scores: whatever the vectors, the parts and the bars."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.interactions import Interactions
from crossrec.core.recommendations import top_k
from crossrec.models.boards import checkerboard
from crossrec.models.classic import _factors
from crossrec.models.classic._factors import Products, Reach
from crossrec.models.classic._products import Bars, best_of, dense_scores, tiles_of
from crossrec.models.classic.als import ALS


def of(seed: int, queries: int, items: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors of small whole numbers, of which many products are equal, and some of items at 0."""
    chance = np.random.default_rng(seed)
    vectors, table = (chance.integers(-2, 3, (size, dimensions)).astype(np.float32) for size in (queries, items))
    table[chance.random(items) < 0.2] = 0
    return vectors, table


def some_of(seed: int, queries: int, items: int, share: float) -> sp.csr_array:
    cells = np.random.default_rng(seed).random((queries, items)) < share
    return sp.csr_array(cells.astype(np.float32))


@given(
    st.integers(0, 999), st.integers(1, 70), st.integers(1, 600), st.integers(1, 9), st.integers(1, 12), st.booleans()
)
def test_lists_are_those_of_all_scores(
    seed: int, queries: int, items: int, dimensions: int, k: int, floored: bool
) -> None:
    vectors, table = of(seed, queries, items, dimensions)
    chance, history = np.random.default_rng(seed), some_of(seed, queries, items, 0.1)
    parts = chance.integers(-1, 2, items)
    labels = chance.integers(0, 3, items).astype(np.int32)
    codes = np.flatnonzero(chance.random(items) < 0.7).astype(np.int32) if seed % 2 else None
    reach = Reach(history, labels) if floored else None
    known = np.diff(history.indptr) > 0
    asked = Products(np.stack([vectors, vectors[::-1]]), table, known, parts, reach, codes)
    width = items if codes is None else len(codes)
    allowed = chance.random(width) < 0.8
    seen = some_of(seed + 1, queries, width, 0.2) if width else sp.csr_array((queries, 0))
    columns = seen.indptr.astype(np.int64), seen.indices.astype(np.int32)
    found, scores = asked.best(
        k, seen=columns, allowed=allowed & (parts[codes] >= 0 if codes is not None else parts >= 0)
    )
    full = asked.scores()
    full.values[:, (parts if codes is None else parts[codes]) < 0] = -np.inf
    expected, values = full.best(k, seen=columns, allowed=allowed)
    silent = ~(expected >= 0).any(axis=1)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(scores, values)
    assert (asked.opinion | silent)[full.opinion].all()


@given(st.integers(0, 99), st.sampled_from([1, 3, 33, 100]), st.sampled_from([1, 255, 257, 2_100]))
def test_scores_have_the_same_bits_in_tiles_in_blocks_and_alone(seed: int, queries: int, items: int) -> None:
    chance, dimensions = np.random.default_rng(seed), 1 + seed % 21
    vectors, table = (chance.normal(size=(size, dimensions)).astype(np.float32) for size in (queries, items))
    every = dense_scores(vectors, table)
    np.testing.assert_allclose(every, vectors @ table.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(every[:1], dense_scores(vectors[:1], table))
    some = chance.permutation(items)[:7].astype(np.int32)
    np.testing.assert_array_equal(every[:, some], dense_scores(vectors, table, some))
    starts, none = np.zeros(queries + 1, np.int64), np.zeros(0, np.int32)
    bars = Bars(starts, none, np.full(queries, -1, np.float32), none, starts, none)
    tiles = tiles_of(table, [np.arange(items, dtype=np.int32)])
    found = best_of(vectors[None], tiles, bars, min(5, items))
    for mine, theirs in zip(found, top_k(every, 5), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38])
def test_a_vector_that_is_no_number_hides_no_other_item(odd: float) -> None:
    vectors, table = of(3, 40, 700, 4)
    table[17, 2] = vectors[5, 1] = odd
    starts, none = np.zeros(41, np.int64), np.zeros(0, np.int32)
    bars = Bars(starts, none, np.full(40, -1, np.float32), none, starts, none)
    with np.errstate(all="ignore"):
        found = best_of(vectors[None], tiles_of(table, [np.arange(700, dtype=np.int32)]), bars, 9)
        expected = top_k(dense_scores(vectors, table), 9)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.fixture
def multiplied(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Give the lengths of batches whose scores are multiplied out."""
    sizes: list[int] = []
    plain = Products.scores

    def told(self: Products) -> object:
        sizes.append(len(self.known))
        return plain(self)

    monkeypatch.setattr(Products, "scores", told)
    yield sizes


def test_only_the_lists_of_a_few_are_made_from_all_scores(multiplied: list[int]) -> None:
    board: Interactions = checkerboard()
    model = ALS(factors=4, epochs=3).fit(board)
    users = board.user_ids.series.to_list()
    many, few = users * 2, users[: _factors._FEW - 1]
    assert len(many) >= _factors._FEW
    together = model.recommend(many, k=5)
    assert multiplied == []
    alone = model.recommend(few, k=5)
    assert multiplied == [len(few)]
    np.testing.assert_array_equal(alone.items, together.items[: len(few)])
    np.testing.assert_array_equal(alone.scores, together.scores[: len(few)])
    np.testing.assert_array_equal(alone.opinion, together.opinion[: len(few)])
