"""SVD++: ratings from vectors and biases, where what someone chose to rate speaks too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Bools, Doubles, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.models.classic._leaning import lean, shares
from crossrec.models.classic._rated import FromRatings
from crossrec.models.classic._ridge import HELD, Side, expected_error, less, prior_of, solve_side
from crossrec.models.classic._sparse import sum_of_rows
from crossrec.models.progress import tracked
from crossrec.models.space import Range, Space

__all__ = ["SVDpp"]

_STEPS, _LEAST = 3, 1e-8


@dataclass
class SVDpp(FromRatings):
    """Predicts like SVD, but a user's vector and bias are expected where the items of the history put them.

    Each item has a second vector; the sum of those of a history of n items, over the root of n, is the mean of the
    user's vector and bias before any rating is read. Views and purchases without a rating count in it like ratings.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users, items and second vectors, >= 1.
        seed: Fixes the vectors at the start.

    Source: Koren 2008, "Factorization meets the neighborhood", equation 15. Departs in how it is fitted: not by
    gradient steps with penalties to be set, but as `SVD` is (Lim & Teh 2007), each variance re-estimated in every
    sweep but the first ten, the second vectors by ridge regression of the users' vectors on their items; and in that
    the user's bias has such a mean too.
    """

    space: ClassVar[Space] = {
        "factors": Range(5, 100, log=True, whole=True),
        "epochs": Range(10, 100, log=True, whole=True),
    }
    factors: int = 20
    epochs: int = 40
    seed: int = 0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> SVDpp:  # noqa: ARG002
        """Sweep over users, items and the items' second vectors.

        Raises:
            InvalidInput: A setting is out of its range, or nothing is rated.
        """
        if min(self.factors, self.epochs) < 1:
            raise InvalidInput(f"SVDpp: expected factors and epochs >= 1, got {self.factors} and {self.epochs}")
        self._sweep(self.centred(train), shares(train.csr()))
        return self.remember(train)

    def solved(self, queries: Queries) -> tuple[Floats, Bools]:
        """Return vector and bias of each history, from its items and ratings; see `FromRatings`."""
        chosen, rated = queries.csr(), queries.csr("ratings")
        centres = sum_of_rows(shares(chosen), self.leanings_).astype(np.float64)
        items = Side(self.items_.astype(np.float64), self.item_variances_.astype(np.float64))
        users = solve_side(less(rated, self.mean_), items, self.user_prior_, self.noise_, centres)
        return users.means.astype(np.float32), np.diff(chosen.indptr) > 0

    def _sweep(self, rated: sp.csr_array, chosen: sp.csr_array) -> None:
        """Fit all sides and the variances in turn, and keep what a query needs."""
        by_item, size = sp.csr_array(rated.T.tocsr()), self.factors + 1
        start = random(self.seed).normal(0.0, 0.1, (by_item.shape[0], size))
        start[:, -1] = 0.0
        items, leanings = Side(start, np.zeros_like(start)), Side(np.zeros_like(start), np.zeros_like(start))
        spread = float(np.var(rated.data)) or 1.0
        noise, of_users, of_items, of_leanings = (spread, *(np.full(size, value) for value in (1.0, 0.1, 0.1)))
        of_users[-1], of_items[-1], of_leanings[-1] = 0.2 * spread, 0.3 * spread, 0.02 * spread
        active = np.flatnonzero(np.diff(rated.indptr))
        heard, centres = sp.csr_array(chosen[active]), np.zeros((rated.shape[0], size))
        for epoch in tracked("epochs", range(self.epochs)):
            users = solve_side(rated, items, of_users, noise, centres)
            items = solve_side(by_item, users, of_items, noise)
            leanings = lean(heard, users.means[active], of_users, of_leanings, leanings.means, steps=_STEPS)
            centres = chosen @ leanings.means
            if epoch < min(HELD, self.epochs // 2):
                continue
            of_users = _around(heard, Side(*(part[active] for part in users)), centres[active], leanings)
            of_leanings, of_items = prior_of(leanings, sp.csr_array(heard.T)), prior_of(items, by_item)
            noise = max(expected_error(rated, users, items), 1e-4 * spread)
        self.items_, self.item_variances_ = items.means.astype(np.float32), items.variances.astype(np.float32)
        self.leanings_, self.noise_, self.user_prior_ = leanings.means.astype(np.float32), noise, of_users


def _around(chosen: sp.csr_array, users: Side, centres: Doubles, leanings: Side) -> Doubles:
    """Re-estimate how far users are from where their items put them, Float64[D + 1]."""
    squares = sp.csr_array((chosen.data**2, chosen.indices, chosen.indptr), shape=chosen.shape)
    found = (users.means - centres) ** 2 + users.variances + squares @ leanings.variances
    mean: Doubles = np.mean(found, axis=0)
    return np.maximum(mean, _LEAST)
