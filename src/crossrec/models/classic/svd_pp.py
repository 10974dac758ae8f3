"""SVD++: biased factors of ratings, where what someone rated says something whatever the rating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Doubles, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._factors import dense_scores, similar_by_angle
from crossrec.models.classic._implicit import Implicit, cell_products, explained
from crossrec.models.classic._ridge import Side, expected_error, less, prior_of, solve_side
from crossrec.models.classic._sparse import sum_of_rows
from crossrec.models.progress import tracked
from crossrec.models.recommender import FromScores

__all__ = ["SVDpp"]


@dataclass
class SVDpp(FromScores):
    """Predicts a rating as mean + biases + vector of the item · (vector of the user + mean pull of their items).

    The pull is the sum of a second vector of each item of the history, rated or not, over the root of their
    number; the user's own vector and bias are solved from the ratings in the query, so a newcomer needs no new
    training, and one who rated nothing is told from what they had.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users, items and pulls, >= 1.
        seed: Fixes the vectors at the start.

    Source: Koren 2008, "Factorization meets the neighborhood", equation 15. Departs in how it is fitted: not by
    gradients with a penalty to be set, but by the variational sweeps of Lim & Teh 2007, equations 11 to 18, in
    which the pulls are the mean around which a user's vector lies, a ridge regression of the vectors on the
    histories, and every penalty is re-estimated.
    """

    exempt: ClassVar[Mapping[str, str]] = {
        "unrelated_history_gets_no_opinion": "an item's mean rating is known, whatever else the asker rated",
    }
    factors: int = 20
    epochs: int = 40
    seed: int = 0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> SVDpp:  # noqa: ARG002
        """Sweep over users, items and pulls.

        Raises:
            InvalidInput: A setting is out of its range, or nothing is rated.
        """
        if min(self.factors, self.epochs) < 1:
            raise InvalidInput(f"SVDpp: expected factors and epochs >= 1, got {self.factors} and {self.epochs}")
        rated = train.csr("ratings")
        if rated.nnz == 0:
            raise InvalidInput(f"SVDpp learns from ratings, and none of {len(train):,} rows has one; take als or ease")
        self.mean_ = float(rated.data.astype(np.float64).mean())
        self.low_, self.high_ = float(rated.data.min()), float(rated.data.max())
        items, pulls = self._swept(less(rated, self.mean_), _shares(train.csr()))
        self.items_, self.item_variances_ = items.means.astype(np.float32), items.variances.astype(np.float32)
        self.pulls_ = pulls.astype(np.float32)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Return predicted ratings, not cut at the ends of the scale so that lists stay in order."""
        mine = self.aligned(queries)
        values = dense_scores(self._solved(mine), self._features(), self.candidate_codes(candidates))
        return Scores(values, np.diff(mine.csr().indptr) > 0)

    def predict(self, queries: Queries, items: Codes) -> Floats:
        """Return one rating a query, within the range seen in training; see `Rates`."""
        vectors = self._solved(self.aligned(queries))
        features = self._features()[np.maximum(items, 0)]
        values = np.einsum("bd,bd->b", vectors, features)
        own_bias = vectors[:, -2] + self.mean_  # all that can be said of an unknown item
        return np.clip(np.where(items >= 0, values, own_bias), self.low_, self.high_).astype(np.float32)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_by_angle(self.catalogue_, items, self.items_[:, :-1], k)

    def _swept(self, centred: sp.csr_array, shares: sp.csr_array) -> tuple[Side, Doubles]:
        """Fit users, items, pulls and the variances in turn, and return the items and their pulls."""
        by_item, by_share = sp.csr_array(centred.T.tocsr()), sp.csr_array(shares.T.tocsr())
        size, chance = self.factors + 1, random(self.seed)
        start = chance.normal(0.0, 0.1, (by_item.shape[0], size))
        start[:, -1] = 0.0
        items = Side(start, np.zeros_like(start))
        spread = float(np.var(centred.data)) or 1.0
        noise, of_users, of_items = spread, np.full(size, 1.0), np.full(size, 0.1)
        of_users[-1], of_items[-1] = 0.2 * spread, 0.3 * spread
        pulls = Implicit(np.zeros((by_item.shape[0], self.factors)), np.full(self.factors, 0.1))
        for _ in tracked("epochs", range(self.epochs)):
            pulled = shares @ pulls.vectors
            users = solve_side(_unpulled(centred, pulled, items.means), items, of_users, noise)
            of_users = prior_of(users, centred)
            whole = Side(users.means + _beside(pulled), users.variances)
            items = solve_side(by_item, whole, of_items, noise)
            of_items = prior_of(items, by_item)
            pulls = explained(shares, by_share, whole.means[:, :-1], pulls, of_users[:-1])
            noise = max(expected_error(centred, whole, items), 1e-4 * spread)
        self.noise_, self.user_prior_ = noise, of_users
        return items, pulls.vectors

    def _solved(self, queries: Queries) -> Floats:
        """Return [vector, bias, 1] of each history, Float32[B, D + 2]; the last two meet [1, item's bias + mean]."""
        items = Side(self.items_.astype(np.float64), self.item_variances_.astype(np.float64))
        pulled = sum_of_rows(_shares(queries.csr()), self.pulls_).astype(np.float64)
        rated = less(queries.csr("ratings"), self.mean_)
        users = solve_side(_unpulled(rated, pulled, items.means), items, self.user_prior_, self.noise_)
        return np.hstack([users.means + _beside(pulled), np.ones((len(queries), 1))]).astype(np.float32)

    def _features(self) -> Floats:
        """Return [vector, 1, bias + mean] of each item, Float32[I, D + 2]."""
        ones = np.ones((len(self.items_), 1), dtype=np.float32)
        return np.hstack([self.items_[:, :-1], ones, self.items_[:, -1:] + np.float32(self.mean_)])


def _shares(had: sp.csr_array) -> sp.csr_array:
    """Divide each history's ones by the root of their number."""
    counts = np.diff(had.indptr)
    data = np.repeat(np.maximum(counts, 1) ** -0.5, counts).astype(np.float32)
    return sp.csr_array((data, had.indices, had.indptr), shape=had.shape)


def _unpulled(rated: sp.csr_array, pulled: Doubles, items: Doubles) -> sp.csr_array:
    """Take from each rating what the pull of the history explains."""
    return less(rated, cell_products(rated, pulled, items).astype(np.float32))


def _beside(pulled: Doubles) -> Doubles:
    """Lay a zero beside each pull, in the bias's place."""
    return np.hstack([pulled, np.zeros((len(pulled), 1))])
