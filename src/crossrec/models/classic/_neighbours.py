"""What linear item-item models share: lists of similar items, and which past item spoke for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats
from crossrec.core.catalogue import Catalogue
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, top_k
from crossrec.core.vocabulary import Id

__all__ = ["most_told", "similar_items", "strongest_reason", "strongest_term"]


def similar_items(catalogue: Catalogue, items: Sequence[Id], rows: Floats, k: int) -> Recommendations:
    """Turn rows of item-item weights into lists of similar items, never the item itself.

    Args:
        catalogue: The items.
        items: B item ids.
        rows: Float32[B, I] similarity of each item to all others.
        k: Length of the lists, >= 1.
    """
    own = catalogue.codes_of(items)
    found, scores = top_k(rows, k, seen=(np.arange(len(own) + 1, dtype=np.int64), own))
    return Recommendations(found, scores, catalogue, np.ones(len(own), dtype=np.bool_), tuple(items))


def strongest_reason(queries: Queries, items: Codes, weights: sp.csr_array | Floats) -> Codes:
    """Find the item of each history with the largest positive weight towards each item.

    Args:
        queries: B queries.
        items: Int32[B, K] item codes, -1 for none.
        weights: [I, I] weight from a past item (row) to a scored one (column).

    Returns:
        Int32[B, K] codes of past items, -1 where no weight is above zero.
    """

    def terms(past: Codes, shown: Codes) -> Floats:
        block = weights[past][:, shown]
        return block if isinstance(block, np.ndarray) else block.toarray()

    return strongest_term(queries, items, terms)


def strongest_term(queries: Queries, items: Codes, terms: Callable[[Codes, Codes], Floats]) -> Codes:
    """Find the item of each history that adds most to the score of each item.

    Args:
        queries: B queries.
        items: Int32[B, K] item codes, -1 for none.
        terms: Given Int32[P] past and Int32[K] scored items, says what each past one adds, [P, K].

    Returns:
        Int32[B, K] codes of past items, -1 where none adds anything.
    """
    indptr, history = queries.seen()
    reasons = np.full(items.shape, -1, dtype=np.int32)
    for row in range(len(items)):  # a page of answers, not a data set: explaining is asked for a few lists
        past = history[indptr[row] : indptr[row + 1]]
        shown = np.maximum(items[row], 0)
        if len(past) == 0:
            continue
        dense = terms(past, shown)
        reasons[row] = np.where(items[row] >= 0, np.append(past, -1)[_strongest(dense)], -1)
    return reasons


def most_told(past: Floats, told: Floats, shown: Floats, diagonal: Floats) -> Codes:
    """Return which past item added most to the score of each item shown, Int32[C], or -1 where none added anything.

    Args:
        past: Float32[N, D] vectors of the history, N >= 0.
        told: Float32[N] confidence above 1.
        shown: Float32[C, D].
        diagonal: Float32[D] of the system of an empty history.

    Source: Hu, Koren & Volinsky 2008, section 5: a score is a sum of one term for each past item.
    """
    if len(past) == 0:
        return np.full(len(shown), -1, dtype=np.int32)
    system = np.diag(diagonal) + np.einsum("nd,ne->de", past * told[:, None], past)
    return _strongest(np.einsum("nd,dc->nc", past * (1 + told)[:, None], np.linalg.solve(system, shown.T)))


def _strongest(terms: Floats) -> Codes:
    """Return the row with the largest term in each column of [P, K], P >= 1, or -1 where none is above zero."""
    best = np.argmax(terms, axis=0)
    return np.where(terms[best, np.arange(len(best))] > 0, best, -1).astype(np.int32)
