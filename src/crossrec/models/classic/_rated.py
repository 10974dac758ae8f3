"""FromRatings: the half that models of ratings with a vector and a bias for each item share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Bools, Codes, Doubles, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations
from crossrec.core.vocabulary import Id
from crossrec.models.classic._factors import FromProducts, Products, similar_by_angle
from crossrec.models.classic._ridge import less

__all__ = ["FromRatings", "features_of", "with_one"]


class FromRatings(FromProducts):
    """Turns the vector and bias of a history into ratings: mean + both biases + product of the vectors.

    A model writes `solved`, and keeps `items_`, Float32[I, D + 1] with the bias last.
    """

    exempt: ClassVar[Mapping[str, str]] = {
        "unrelated_history_gets_no_opinion": "an item's mean rating is known, whatever else the asker rated",
    }
    items_: Floats
    mean_: float
    low_: float
    high_: float

    if TYPE_CHECKING:

        def solved(self, queries: Queries) -> tuple[Floats, Bools]:
            """Return [vector, bias] of each history, Float32[B, D + 1], and where there is one; the model's own."""
            ...

    def products(self, queries: Queries) -> Products:
        """Return what gives predicted ratings, not cut at the ends of the scale so that lists stay in order."""
        vectors, known = self.solved(queries)
        return Products(with_one(vectors)[None], self._features(), known)

    def predict(self, queries: Queries, items: Codes) -> Floats:
        """Return one rating a query, within the range seen in training; see `Rates`."""
        vectors = with_one(self.solved(self.aligned(queries))[0])
        features = self._features()[np.maximum(items, 0)]
        values = np.einsum("bd,bd->b", vectors, features)
        own_bias = vectors[:, -2] + self.mean_  # all that can be said of an unknown item
        return np.clip(np.where(items >= 0, values, own_bias), self.low_, self.high_).astype(np.float32)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_by_angle(self.catalogue_, items, self.items_[:, :-1], k)

    def centred(self, train: Interactions) -> sp.csr_array:
        """Return the [U, I] ratings less their mean, and keep the mean and the range.

        Raises:
            InvalidInput: Nothing is rated.
        """
        rated = train.csr("ratings")
        if rated.nnz == 0:
            raise InvalidInput(
                f"{type(self).__name__} learns from ratings, and none of {len(train):,} rows has one; take als or ease"
            )
        self.mean_ = float(rated.data.astype(np.float64).mean())
        self.low_, self.high_ = float(rated.data.min()), float(rated.data.max())
        return less(rated, self.mean_)

    def _features(self) -> Floats:
        """Return [vector, 1, bias + mean] of each item, Float32[I, D + 2]."""
        return features_of(self.items_, np.full(len(self.items_), self.mean_))


def features_of(items: Floats, means: Doubles) -> Floats:
    """Return [vector, 1, bias + mean] of each item, Float32[I, D + 2]: what is multiplied with those of `with_one`.

    Args:
        items: Float32[I, D + 1] with the bias last.
        means: Float64[I], the mean that each item's ratings are told from.
    """
    ones = np.ones((len(items), 1), dtype=np.float32)
    return np.hstack([items[:, :-1], ones, items[:, -1:] + means.astype(np.float32)[:, None]])


def with_one(vectors: Floats) -> Floats:
    """Return [vector, bias, 1] for [vector, bias]; the last two meet [1, item's bias + mean]."""
    return np.concatenate([vectors, np.ones((*vectors.shape[:-1], 1), dtype=np.float32)], axis=-1)
