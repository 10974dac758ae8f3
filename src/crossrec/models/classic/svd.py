"""SVD: biased matrix factorisation of ratings, each penalty learned from the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Bools, Codes, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._factors import dense_scores, similar_by_angle
from crossrec.models.classic._ridge import Side, expected_error, less, prior_of, solve_side
from crossrec.models.progress import tracked
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space

__all__ = ["SVD"]


@dataclass
class SVD(FromScores):
    """Predicts a rating as mean + bias of the user + bias of the item + product of their vectors.

    A user's bias and vector are solved from the ratings in the query, so a newcomer needs no new training.
    The penalty of each dimension is not a setting: it is the noise over the dimension's variance, and both
    are re-estimated in every sweep. An item with few ratings is uncertain and is trusted less.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items, >= 1.
        seed: Fixes the vectors at the start.

    Source: Lim & Teh 2007, "Variational Bayesian approach to movie rating prediction", equations 11 to 18, with
    the biases of Koren, Bell & Volinsky 2009, equation 4. Departs in means from the joint solution of a row
    beside variances of each dimension alone, which keeps D numbers an item and not D × D.
    """

    exempt: ClassVar[Mapping[str, str]] = {
        "unrelated_history_gets_no_opinion": "an item's mean rating is known, whatever else the asker rated",
    }
    space: ClassVar[Space] = {
        "factors": Range(5, 100, log=True, whole=True),
        "epochs": Range(10, 100, log=True, whole=True),
    }
    factors: int = 20
    epochs: int = 40
    seed: int = 0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> SVD:  # noqa: ARG002
        """Sweep over users and items; rows without a rating are left out.

        Raises:
            InvalidInput: A setting is out of its range, or nothing is rated.
        """
        if min(self.factors, self.epochs) < 1:
            raise InvalidInput(f"SVD: expected factors and epochs >= 1, got {self.factors} and {self.epochs}")
        rated = train.csr("ratings")
        if rated.nnz == 0:
            raise InvalidInput(f"SVD learns from ratings, and none of {len(train):,} rows has one; take als or ease")
        self.mean_ = float(rated.data.astype(np.float64).mean())
        self.low_, self.high_ = float(rated.data.min()), float(rated.data.max())
        centred = less(rated, self.mean_)
        items = self._swept(centred)
        self.items_, self.item_variances_ = items.means.astype(np.float32), items.variances.astype(np.float32)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Return predicted ratings, not cut at the ends of the scale so that lists stay in order."""
        rated = self.aligned(queries).csr("ratings")
        vectors = self._solved(rated)
        return Scores(dense_scores(vectors, self._features(), self.candidate_codes(candidates)), _any(rated))

    def predict(self, queries: Queries, items: Codes) -> Floats:
        """Return one rating a query, within the range seen in training; see `Rates`."""
        vectors = self._solved(self.aligned(queries).csr("ratings"))
        features = self._features()[np.maximum(items, 0)]
        values = np.einsum("bd,bd->b", vectors, features)
        own_bias = vectors[:, -2] + self.mean_  # all that can be said of an unknown item
        return np.clip(np.where(items >= 0, values, own_bias), self.low_, self.high_).astype(np.float32)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_by_angle(self.catalogue_, items, self.items_[:, :-1], k)

    def _swept(self, centred: sp.csr_array) -> Side:
        """Fit both sides and the variances in turn, and return the items."""
        by_item = sp.csr_array(centred.T.tocsr())
        size, chance = self.factors + 1, random(self.seed)
        start = chance.normal(0.0, 0.1, (by_item.shape[0], size))
        start[:, -1] = 0.0
        items = Side(start, np.zeros_like(start))
        spread = float(np.var(centred.data)) or 1.0
        noise, of_users, of_items = spread, np.full(size, 1.0), np.full(size, 0.1)
        of_users[-1], of_items[-1] = 0.2 * spread, 0.3 * spread
        for _ in tracked("epochs", range(self.epochs)):
            users = solve_side(centred, items, of_users, noise)
            items = solve_side(by_item, users, of_items, noise)
            of_users, of_items = prior_of(users, centred), prior_of(items, by_item)
            noise = max(expected_error(centred, users, items), 1e-4 * spread)
        self.noise_, self.user_prior_ = noise, of_users
        return items

    def _solved(self, rated: sp.csr_array) -> Floats:
        """Return [vector, bias, 1] of each history, Float32[B, D + 2]; the last two meet [1, item's bias + mean]."""
        items = Side(self.items_.astype(np.float64), self.item_variances_.astype(np.float64))
        users = solve_side(less(rated, self.mean_), items, self.user_prior_, self.noise_)
        return np.hstack([users.means, np.ones((rated.shape[0], 1))]).astype(np.float32)

    def _features(self) -> Floats:
        """Return [vector, 1, bias + mean] of each item, Float32[I, D + 2]."""
        ones = np.ones((len(self.items_), 1), dtype=np.float32)
        return np.hstack([self.items_[:, :-1], ones, self.items_[:, -1:] + np.float32(self.mean_)])


def _any(rated: sp.csr_array) -> Bools:
    return np.diff(rated.indptr) > 0
