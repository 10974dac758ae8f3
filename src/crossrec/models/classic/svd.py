"""SVD: biased matrix factorisation of ratings, each penalty learned from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crossrec.core.arrays import Bools, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.models.classic._rated import FromRatings
from crossrec.models.classic._ridge import Side, less, solve_side, swept
from crossrec.models.space import Range, Space

__all__ = ["SVD"]


@dataclass
class SVD(FromRatings):
    """Predicts a rating as mean + bias of the user + bias of the item + product of their vectors.

    A user's bias and vector are solved from the ratings in the query, so a newcomer needs no new training.
    The penalty of each dimension is not a setting: it is the noise over the dimension's variance, and both
    are re-estimated in every sweep but the first ten. An item with few ratings is uncertain and is trusted less.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items, >= 1.
        seed: Fixes the vectors at the start.

    Source: Lim & Teh 2007, "Variational Bayesian approach to movie rating prediction", equations 11 to 18, with
    the biases of Koren, Bell & Volinsky 2009, equation 4. Departs in means from the joint solution of a row
    beside variances of each dimension alone, which keeps D numbers an item and not D × D.
    """

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
        items, self.user_prior_, self.noise_ = swept(self.centred(train), self.factors, self.epochs, seed=self.seed)
        self.items_, self.item_variances_ = items.means.astype(np.float32), items.variances.astype(np.float32)
        return self.remember(train)

    def solved(self, queries: Queries) -> tuple[Floats, Bools]:
        """Return vector and bias of each history, from its ratings; see `FromRatings`."""
        rated = queries.csr("ratings")
        items = Side(self.items_.astype(np.float64), self.item_variances_.astype(np.float64))
        users = solve_side(less(rated, self.mean_), items, self.user_prior_, self.noise_)
        return users.means.astype(np.float32), np.diff(rated.indptr) > 0
