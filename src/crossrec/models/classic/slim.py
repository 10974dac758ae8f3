"""SLIM: a sparse linear item-item model, each column an elastic net without negative weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._descent import item_weights
from crossrec.models.classic._neighbours import similar_items, strongest_reason
from crossrec.models.classic._sparse import dense_product
from crossrec.models.machine import require_memory
from crossrec.models.recommender import FromScores

__all__ = ["SLIM"]


@dataclass
class SLIM(FromScores):
    """Predicts each item from the others with few weights, none negative.

    Args:
        l1: Penalty on the sum of an item's weights, >= 0: the more, the fewer of them. In persons: an item that
            shares no more than l1 of them with another is no help to it.
        l2: Penalty on their squares, >= 0, in persons too; l1 + l2 > 0.
        neighbours: Each item is predicted from so many others, those most similar by cosine; 0 is all.

    Source: Ning & Karypis 2011, "SLIM: sparse linear methods for top-N recommender systems", equation 4 and, for
    the neighbours, its variant "fsSLIM"; coordinate descent with covariance updates after Friedman, Hastie &
    Tibshirani 2010, section 2.2.
    """

    l1: float = 1.0
    l2: float = 10.0
    neighbours: int = 500

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> SLIM:  # noqa: ARG002
        """Solve for each item's weights.

        Raises:
            InvalidInput: A setting is out of its range.
            OutOfBudget: The counts of common persons would not fit in the memory there is.
        """
        if not (self.l1 >= 0 and self.l2 >= 0 and self.l1 + self.l2 > 0) or self.neighbours < 0:
            raise InvalidInput(
                "SLIM: expected l1 and l2 >= 0, one of them > 0, and neighbours >= 0, got "
                f"{self.l1}, {self.l2}, {self.neighbours}"
            )
        seen, size = train.csr(), len(train.catalogue)
        pairs = min(size**2, int(np.sum(np.diff(seen.indptr).astype(np.int64) ** 2)))
        require_memory(pairs * 16, f"SLIM over {size:,} items")
        self.weights_ = item_weights(seen, self.l1, self.l2, self.neighbours or size)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Multiply histories with the weights."""
        rows = self.aligned(queries).csr()
        codes = self.candidate_codes(candidates)
        weights = self.weights_ if codes is None else sp.csr_array(self.weights_[:, codes])
        return Scores.above(dense_product(rows, weights), np.diff(rows.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the k items with the largest weights from each item; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        rows = self.weights_[self.catalogue_.codes_of(items)].toarray()
        rows[rows == 0] = -np.inf  # no weight is no likeness
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item with the largest weight towards each item; see `Explains`."""
        return strongest_reason(self.aligned(queries), items, self.weights_)
