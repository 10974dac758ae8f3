"""Markov: what follows what, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.event import is_taste
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels, silence_strangers
from crossrec.models.classic._growth import grown_of
from crossrec.models.classic._neighbours import strongest_reason
from crossrec.models.classic._sparse import dense_product
from crossrec.models.progress import tracked
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space

__all__ = ["Markov"]


@dataclass
class Markov(FromScores):
    """Scores what came next, in other histories, after the last items of this one.

    An item that came g steps after another counts decay^(g - 1) as its successor, and so does the item g steps
    back in the history that asks. Where an item had few successors, what is popular is mixed in.

    Args:
        window: Steps between two items that still count, >= 1; as many items of a history are read.
        decay: What one more step between leaves of a count, in (0, 1].
        shrink: Successors that popularity is worth: an item of n successors is told (n · counted + shrink ·
            popularity) / (n + shrink), > 0.
        neighbours: Successors kept of each item, the most frequent, >= 1.

    Source: Shani, Heckerman & Brafman 2005, "An MDP-based recommender system", its n-gram model with skipping; the
    mix with popularity is the mean under a Dirichlet prior, MacKay & Peto 1995. Departs in adding what each of the
    last items says alone, where they count sequences of several.
    """

    space: ClassVar[Space] = {
        "window": Range(1, 30, log=True, whole=True),
        "decay": Range(0.3, 1),
        "shrink": Range(0.1, 30, log=True),
    }
    window: int = 10
    decay: float = 0.7
    shrink: float = 1.0
    neighbours: int = 500

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Markov:  # noqa: ARG002
        """Count what followed what.

        Raises:
            InvalidInput: A setting is out of its range, or a domain has rows without any order.
        """
        if min(self.window, self.neighbours) < 1 or not 0 < self.decay <= 1 or not self.shrink > 0:
            raise InvalidInput(
                "Markov: expected window and neighbours >= 1, decay in (0, 1] and shrink > 0, got "
                f"{self.window}, {self.neighbours}, {self.decay}, {self.shrink}"
            )
        if unordered := train.unordered_domains():
            raise InvalidInput(
                f"Markov learns from order, and rows of {', '.join(unordered) or 'the data'} have neither time nor "
                "position; take item_knn or ease"
            )
        counts = self._counted(train)
        sizes = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
        counts.data /= np.repeat(sizes + self.shrink, np.diff(counts.indptr)).astype(np.float32)
        self.weights_ = _largest_cells(counts, self.neighbours)
        self.lack_ = (self.shrink / (sizes + self.shrink)).astype(np.float32)
        seen = train.csr()
        had = np.bincount(seen.indices, minlength=seen.shape[1])
        self.popularity_ = (had / max(1, seen.nnz)).astype(np.float32)
        self.blocks_ = block_labels(seen)
        return self.remember(train)

    def update(self, new: Interactions) -> Markov:
        """Count again, with what the histories hold; see `Updates`.

        New rows may come before known ones, and then what follows what is another count.
        """
        return self.fit(grown_of(self, new).data)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Add up what followed each of the last items, and popularity for what few followed."""
        rows = self._recent(self.aligned(queries))
        codes = self.candidate_codes(candidates)
        weights = self.weights_ if codes is None else sp.csr_array(self.weights_[:, codes])
        popularity = self.popularity_ if codes is None else self.popularity_[codes]
        values = dense_product(rows, weights)
        values += _row_sums(rows, self.lack_)[:, None] * popularity
        silence_strangers(values, rows, self.blocks_, codes)
        return Scores.above(values, np.diff(rows.indptr) > 0)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item after which each item came most often; see `Explains`."""
        return strongest_reason(self.aligned(queries), items, self.weights_)

    def _counted(self, train: Interactions) -> sp.csr_array:
        """Return [I, I] CSR of how often an item came after another, weighed by the steps between."""
        rows = train.liked.ordered()
        size = len(train.catalogue)
        nothing = (np.zeros(0, np.float32), (np.zeros(0, np.int32), np.zeros(0, np.int32)))
        counts: sp.csr_array = sp.csr_array(sp.coo_array(nothing, shape=(size, size)))
        for gap in tracked("steps", range(1, self.window + 1)):
            pairs = np.flatnonzero(rows.users[:-gap] == rows.users[gap:])
            weights = np.full(len(pairs), self.decay ** (gap - 1), dtype=np.float32)
            cells = (rows.items[pairs], rows.items[pairs + gap])
            counts = sp.csr_array(counts + sp.csr_array(sp.coo_array((weights, cells), shape=(size, size))))
        counts.sort_indices()
        return counts

    def _recent(self, queries: Queries) -> sp.csr_array:
        """Return [B, I] CSR of the last items, each weighed by the steps back to it."""
        known = np.flatnonzero((queries.items >= 0) & is_taste(queries.kinds))
        rows, items = queries.rows[known], queries.items[known]
        behind = np.searchsorted(rows, rows, side="right") - 1 - np.arange(len(rows))
        near = behind < self.window
        weights = (np.float64(self.decay) ** behind[near]).astype(np.float32)
        cells = (rows[near], items[near])
        return sp.csr_array(sp.coo_array((weights, cells), shape=(len(queries), len(self.catalogue_))))


def _row_sums(rows: sp.csr_array, each: Floats) -> Floats:
    """Return rows @ each, Float32[B]."""
    found: Floats = (rows @ each).astype(np.float32)
    return found


def _largest_cells(matrix: sp.csr_array, k: int) -> sp.csr_array:
    """Keep the k largest cells of each row; of equal ones the lower column."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, row))
    place = np.arange(matrix.nnz) - matrix.indptr[row]
    kept = np.sort(order[place < k])
    cells = (matrix.data[kept], (row[kept], matrix.indices[kept]))
    return sp.csr_array(sp.coo_array(cells, shape=matrix.shape))
