"""BPR: factors of implicit feedback, fitted so that what was had stands above what was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from crossrec.core.arrays import Codes, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels
from crossrec.models.classic._factors import FromProducts, Products, Reach, similar_by_angle
from crossrec.models.classic._folding import Axes, axes_of, fold_in, parts_of
from crossrec.models.classic._neighbours import strongest_term
from crossrec.models.classic._pairs import Factors, one_epoch
from crossrec.models.progress import tracked
from crossrec.models.space import Range, Space

__all__ = ["BPR"]

_SPREAD = 0.1


@dataclass
class BPR(FromProducts):
    """Compares each item that was had with one that was not, and learns to put the first above.

    A query's vector is solved from its history against all items, also for users of the training data: see
    `_folding`. The users' vectors of the training are not kept.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Comparisons of each interaction, >= 1.
        learning_rate: Length of a step, > 0.
        l2: Penalty of the vectors and the bias that a comparison touches, >= 0.
        seed: Fixes the vectors at the start and what is compared.

    Source: Rendle et al. 2009, "BPR: Bayesian personalized ranking from implicit feedback", section 4, with a bias
    for each item. Departs in taking each interaction once an epoch instead of drawing them; in steps in an order that
    threads cannot change, after Gemulla et al. 2011; and in folding a history in, by the bound on the logistic loss of
    Jaakkola & Jordan 2000.
    """

    space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True, whole=True),
        "epochs": Range(10, 100, whole=True),
        "learning_rate": Range(0.01, 0.2, log=True),
        "l2": Range(1e-4, 0.1, log=True),
    }
    small: ClassVar[Mapping[str, Any]] = {"factors": 8, "epochs": 100, "learning_rate": 0.1}
    factors: int = 64
    epochs: int = 50
    learning_rate: float = 0.05
    l2: float = 0.01
    seed: int = 0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> BPR:  # noqa: ARG002
        """Step through the interactions.

        Raises:
            InvalidInput: A setting is out of its range, or the steps were too long and the vectors grew without end.
        """
        if min(self.factors, self.epochs) < 1 or not self.learning_rate > 0 or not self.l2 >= 0:
            raise InvalidInput(
                "BPR: expected factors and epochs >= 1, learning_rate > 0 and l2 >= 0, got "
                f"{self.factors}, {self.epochs}, {self.learning_rate} and {self.l2}"
            )
        seen, chance = train.csr(), random(self.seed)
        users, items = (
            (_SPREAD * chance.standard_normal((rows, self.factors), dtype=np.float32)).astype(np.float32)
            for rows in seen.shape
        )
        factors = Factors(users, items, np.zeros(seen.shape[1], dtype=np.float32))
        for epoch in tracked("epochs", range(self.epochs)):
            one_epoch(factors, seen, chance, learning_rate=self.learning_rate, l2=self.l2)
            if not np.isfinite(items).all():
                raise InvalidInput(
                    f"BPR: the vectors grew without end in epoch {epoch + 1}; lower learning_rate={self.learning_rate} "
                    f"or raise l2={self.l2}"
                )
        self.items_, self.spectrum_, self.tilt_ = axes_of(items, factors.biases)
        self.blocks_ = block_labels(seen)
        return self.remember(train)

    def products(self, queries: Queries) -> Products:
        """Fold each history in; see `FromProducts`."""
        rows = queries.csr()
        vectors = fold_in(self._axes, rows.indptr.astype(np.int64), rows.indices, self.l2)
        return Products(vectors[None], self.items_, np.diff(rows.indptr) > 0, reach=Reach(rows, self.blocks_))

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items whose vectors, less the mean of all, point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_by_angle(self.catalogue_, items, self.items_[:, :-1], k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item that adds most to each score through the vector it pulls at; see `Explains`.

        What popularity adds is of no past item, and an item is no reason for itself.
        """

        def parts(past: Codes, shown: Codes) -> Floats:
            found = parts_of(self._axes, past, shown, self.l2)
            found[past[:, None] == shown] = 0
            found[self.blocks_[past][:, None] != self.blocks_[shown]] = 0
            return found

        return strongest_term(self.aligned(queries), items, parts)

    @property
    def _axes(self) -> Axes:
        """The items as histories are folded in."""
        return Axes(self.items_, self.spectrum_, self.tilt_)
