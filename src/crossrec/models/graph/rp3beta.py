"""RP3beta: a walk of three steps on the graph of users and items, with a penalty on popular ends."""

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
from crossrec.models.classic._growth import grown_of
from crossrec.models.classic._neighbours import similar_items, strongest_reason
from crossrec.models.classic._sparse import dense_product, largest_products
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space

__all__ = ["RP3beta"]


@dataclass
class RP3beta(FromScores):
    """Scores an item by how likely a random walk ends there: to an item of the history, to a user of it, to the item.

    Args:
        neighbours: Ends kept of the walks from each item, the likeliest after the penalty, >= 1.
        alpha: Probability of each step to this power, in [0, 3]; above 1 the likely steps count for more.
        beta: A score is divided by the item's number of users to this power, in [0, 2]; 0 favours the popular.

    Source: Paudel, Christoffel, Newell & Bernstein 2017, "Updatable, accurate, diverse, and scalable
    recommendations for interactive applications": the walk of Cooper et al. 2014 (P3alpha), whose ends are
    reweighed by popularity. Departs in exact probabilities, not sampled walks; in the first step, which
    is to each item of the history alike and so a factor of the whole list, and left out; and in keeping only the
    likeliest ends of each item.
    """

    space: ClassVar[Space] = {
        "neighbours": Range(50, 2_000, log=True, whole=True),
        "alpha": Range(0.3, 2),
        "beta": Range(0, 1),
    }
    neighbours: int = 200
    alpha: float = 1.0
    beta: float = 0.6

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> RP3beta:  # noqa: ARG002
        """Find where walks from each item end.

        Raises:
            InvalidInput: neighbours < 1, or an exponent out of its range.
        """
        if self.neighbours < 1 or not 0 <= self.alpha <= 3 or not 0 <= self.beta <= 2:
            raise InvalidInput(
                "RP3beta: expected neighbours >= 1, alpha in [0, 3] and beta in [0, 2], got "
                f"{self.neighbours}, {self.alpha}, {self.beta}"
            )
        seen = train.csr()
        of_users = np.maximum(np.diff(seen.indptr), 1).astype(np.float64)
        of_items = np.maximum(np.bincount(seen.indices, minlength=seen.shape[1]), 1).astype(np.float64)
        penalty = (of_items**-self.beta).astype(np.float32)
        weights = largest_products(seen, (of_users**-self.alpha).astype(np.float32), penalty, self.neighbours)
        # The product has the penalty on both sides; on the side of the walk's start belongs its first step.
        start = (of_items ** (self.beta - self.alpha)).astype(np.float32)
        weights.data *= np.repeat(start, np.diff(weights.indptr))
        self.weights_ = weights
        return self.remember(train)

    def update(self, new: Interactions) -> RP3beta:
        """Find the walks again, with what the histories hold, for one more act changes many; see `Updates`."""
        return self.fit(grown_of(self, new).data)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Add up where the walks from each history's items end."""
        rows = self.aligned(queries).csr()
        codes = self.candidate_codes(candidates)
        weights = self.weights_ if codes is None else sp.csr_array(self.weights_[:, codes])
        return Scores.above(dense_product(rows, weights), np.diff(rows.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the k likeliest ends of walks from each item; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        rows = self.weights_[self.catalogue_.codes_of(items)].toarray()
        rows[rows == 0] = -np.inf  # no way there is no answer
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item from which most walks end at each item; see `Explains`."""
        return strongest_reason(self.aligned(queries), items, self.weights_)
