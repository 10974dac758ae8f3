"""Pages of several domains, by hand."""

from __future__ import annotations

import numpy as np

from crossrec.core.recommendations import Recommendations
from crossrec.models.boards import two_domain_board
from crossrec.models.transfer._page import mixed_page

CATALOGUE = two_domain_board().catalogue


def lists(*rows: list[int]) -> Recommendations:
    width = max(map(len, rows))
    items = np.array([row + [-1] * (width - len(row)) for row in rows], dtype=np.int32)
    scores = np.where(items >= 0, 9.0 - np.arange(width), -np.inf).astype(np.float32)
    return Recommendations(items, scores, CATALOGUE, np.ones(len(rows), np.bool_), (None,) * len(rows))


def test_places_go_to_the_largest_claim() -> None:
    """Shares 3 and 1: claims 3, 1 | 1, 1 | 3/5, 1 | 3/5, 1/3 -> first, first (the tie), second, first."""
    page = mixed_page([lists([1, 2, 3, 4]), lists([5, 6, 7, 8])], np.array([[3.0, 1.0]]), 4)
    assert page.items.tolist() == [[1, 2, 5, 3]]
    assert (np.diff(page.scores[0]) <= 0).all()


def test_a_short_list_leaves_its_places_to_the_others_and_rows_are_apart() -> None:
    page = mixed_page([lists([1], [1, 2]), lists([5, 6, 7], [5, 6, 7])], np.array([[9.0, 1.0], [0.0, 1.0]]), 5)
    assert page.items.tolist() == [[1, 5, 6, 7, -1], [5, 6, 7, 1, 2]]
    assert page.scores[0, 4] == -np.inf
