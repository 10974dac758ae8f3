"""SLIM: sparse linear item-item weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._descent import Together, gram_cells, weights_towards
from crossrec.models.classic._growth import erased_since, grown_of
from crossrec.models.classic._neighbours import similar_items, strongest_reason
from crossrec.models.classic._sparse import dense_product
from crossrec.models.machine import require_memory
from crossrec.models.progress import tracked
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space

__all__ = ["SLIM"]

_COLUMNS, _BYTES_A_CELL = 512, 36


@dataclass
class SLIM(FromScores):
    """Makes each item out of few others: a history's score for it is the sum of their weights, none negative.

    Args:
        l1: Penalty of the weights, >= 0: the larger, the fewer there are.
        l2: Penalty of their squares, > 0.
        features: Only so many items that go together with an item most often may have a weight towards it, >= 0;
            0 lets all. Some hundreds make a large catalogue faster and change little.

    Source: Ning & Karypis 2011, "SLIM: sparse linear methods for top-N recommender systems", equation 4; `features`
    is their fsSLIM, section 4.3. Coordinate descent on the Gram matrix after Friedman, Hastie & Tibshirani 2010,
    section 2.2.
    """

    space: ClassVar[Space] = {"l1": Range(0.1, 10, log=True), "l2": Range(0.5, 100, log=True)}
    l1: float = 1.0
    l2: float = 10.0
    features: int = 0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> SLIM:  # noqa: ARG002
        """Solve for the weights towards each item.

        Raises:
            InvalidInput: A setting is out of its range.
            OutOfBudget: The counts of items that go together would not fit in the memory there is.
        """
        if not self.l1 >= 0 or not self.l2 > 0 or self.features < 0:
            raise InvalidInput(
                f"SLIM: expected l1 >= 0, l2 > 0 and features >= 0, got {self.l1}, {self.l2} and {self.features}"
            )
        gram = _counted(train.csr())
        self.weights_ = self._solved(gram, np.arange(len(gram.diagonal), dtype=np.int32))
        self.learned_ = len(train)
        return self.remember(train)

    def update(self, new: Interactions) -> SLIM:
        """Solve again for the items that are new acts, or go with one that is; see `Updates`.

        No count that the weights towards another item depend on has changed: they stay, and are those of a new fit.
        Where somebody was erased from the histories since, all are solved anew.
        """
        growth = grown_of(self, new)
        if erased_since(self):
            return self.fit(growth.data)
        gram = _counted(growth.data.csr())
        acted = np.unique((growth.after - growth.before).nonzero()[1])
        stale = np.zeros(len(gram.diagonal), dtype=np.bool_)
        stale[acted] = True
        for item in acted:
            row = slice(gram.indptr[item], gram.indptr[item + 1])
            stale[gram.codes[row][gram.cells[row] > self.l1]] = True
        known = self.weights_.tocoo()
        kept, size = ~stale[known.coords[1]], len(stale)
        cells = (known.data[kept], (known.coords[0][kept], known.coords[1][kept]))
        stays = sp.csr_array(sp.coo_array(cells, shape=(size, size)))
        self.weights_ = stays + self._solved(gram, np.flatnonzero(stale).astype(np.int32))
        self.weights_.sort_indices()
        self.learned_ = len(growth.data)
        return self.remember(growth.data)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Multiply histories with the weights."""
        rows, codes = self.aligned(queries).csr(), self.candidate_codes(candidates)
        weights = self.weights_ if codes is None else sp.csr_array(self.weights_[:, codes])
        return Scores.above(dense_product(rows, weights), np.diff(rows.indptr) > 0)

    def _solved(self, gram: Together, columns: Codes) -> sp.csr_array:
        """Return [I, I] CSR with the weights towards some items, and nothing towards others."""
        size = len(gram.diagonal)
        rows = [sp.csr_array((0, size), dtype=np.float32)] + [
            weights_towards(gram, columns[start : start + _COLUMNS], l1=self.l1, l2=self.l2, features=self.features)
            for start in tracked("items", range(0, len(columns), _COLUMNS), size=_COLUMNS, total=len(columns))
        ]
        told = sp.coo_array(sp.vstack(rows))
        weights = sp.csr_array(sp.coo_array((told.data, (told.coords[1], columns[told.coords[0]])), shape=(size, size)))
        weights.sort_indices()
        return weights

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the k items with the largest weights from each item; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        rows = self.weights_[self.catalogue_.codes_of(items)].toarray()
        rows[rows == 0] = -np.inf  # no weight is no likeness
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item with the largest weight towards each item; see `Explains`."""
        return strongest_reason(self.aligned(queries), items, self.weights_)


def _counted(seen: sp.csr_array) -> Together:
    """Count which items go together, where that fits in the memory there is."""
    require_memory(gram_cells(seen) * _BYTES_A_CELL, f"SLIM over {seen.shape[1]:,} items")
    return Together.of(seen)
