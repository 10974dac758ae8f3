"""Histories as sequences: the newest items in order, batches that hold each row once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.event import NOT_TASTE
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.sequence._sequences import rounds, sequences_of

CATALOGUE = checkerboard().catalogue


def asked(*histories: list[str]) -> Queries:
    return Queries.from_queries([Query(history=tuple(Act(item) for item in each)) for each in histories], CATALOGUE)


def test_the_newest_items_are_kept_in_order() -> None:
    found = sequences_of(asked(["i001", "i005", "i003"], [], ["i007"]), 2)
    named = CATALOGUE.ids.encode(["i005", "i003", "i007"])
    assert found.lengths.tolist() == [2, 0, 1] and found.items.tolist() == named.tolist()


def test_unknown_items_and_what_is_no_taste_do_not_count() -> None:
    acts = (Act("i001"), Act("gone"), Act("i002", kind=NOT_TASTE[0]), Act("i003"))
    found = sequences_of(Queries.from_queries([Query(history=acts)], CATALOGUE), 2)
    assert found.items.tolist() == CATALOGUE.ids.encode(["i001", "i003"]).tolist()


def test_padding_stands_behind_the_end() -> None:
    found = sequences_of(asked(["i001", "i005", "i003"], ["i007"], []), 9)
    one, five, three, seven = CATALOGUE.ids.encode(["i001", "i005", "i003", "i007"]).tolist()
    assert found.padded(np.array([1, 0]), 99).tolist() == [[seven, 99, 99], [one, five, three]]
    assert found.padded(np.array([2]), 99).shape == (1, 0)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.integers(1, 8), st.integers(0, 5))
def test_each_row_comes_once_an_epoch_beside_rows_as_long(lengths: list[int], size: int, epoch: int) -> None:
    counts = np.array(lengths)
    batches = list(rounds(counts, size, seed=1, epoch=epoch))
    rows = np.concatenate([np.zeros(0, np.int64), *batches])
    assert sorted(rows.tolist()) == np.flatnonzero(counts > 0).tolist()
    share = size * counts.sum() / max(1, np.count_nonzero(counts))
    assert all(counts[batch].sum() < share + counts.max() for batch in batches)
    spans = sorted((counts[batch].min(), counts[batch].max()) for batch in batches)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    again = np.concatenate([np.zeros(0, np.int64), *rounds(counts, size, seed=1, epoch=epoch)])
    np.testing.assert_array_equal(rows, again)
