"""BPR: item vectors that rank what someone had above what they did not, a person being their history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels, silence_strangers
from crossrec.models.classic._factors import dense_scores, similar_by_angle
from crossrec.models.classic._neighbours import strongest_term
from crossrec.models.classic._pairs import Side, learn_pairs
from crossrec.models.classic._sparse import sum_of_rows
from crossrec.models.progress import tracked
from crossrec.models.recommender import FromScores

__all__ = ["BPR"]


@dataclass
class BPR(FromScores):
    """Learns vectors by pairs: an item that someone had is to score above one drawn from those they had not.

    A score is bias of the item + its vector times the person's, which is the sum of the history's vectors over the
    root of their number. In training the item of the pair is left out of its own history.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Passes over all items that were had, one drawn item each, >= 1.
        learning_rate: First step of AdaGrad, > 0.
        l2: Penalty on what a pair touches, >= 0.
        seed: Fixes the vectors at the start, the order and the drawn items.

    Source: Rendle et al. 2009, "BPR: Bayesian personalized ranking from implicit feedback", section 4.1.
    Departs in the person, who has no row of numbers but is their history: the factored item model of Kabbur, Ning
    & Karypis 2013 ("FISMauc") with the exponent 1/2. Departs in AdaGrad's steps (Duchi et al. 2011), in going
    person by person in a drawn order, whose past items move once after all their pairs, and in passing over a
    pair whose drawn item was had.
    """

    factors: int = 64
    epochs: int = 40
    learning_rate: float = 0.05
    l2: float = 0.002
    seed: int = 0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> BPR:  # noqa: ARG002
        """Learn from pairs, on one thread.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        if min(self.factors, self.epochs) < 1 or not self.learning_rate > 0 or not self.l2 >= 0:
            raise InvalidInput(
                "BPR: expected factors and epochs >= 1, learning_rate > 0 and l2 >= 0, got "
                f"{self.factors}, {self.epochs}, {self.learning_rate}, {self.l2}"
            )
        seen, chance = train.csr(), random(self.seed)
        size = (len(train.catalogue), self.factors + 1)
        past, items = (Side.at_random(size, chance) for _ in range(2))
        items.vectors[:, -1] = 0  # the bias
        for _ in tracked("epochs", range(self.epochs)):
            learn_pairs(seen, past, items, chance, rate=self.learning_rate, l2=self.l2)
        had = np.bincount(seen.indices, minlength=size[0]) > 0
        self.past_ = np.ascontiguousarray(past.vectors[:, :-1] * had[:, None])
        self.items_ = items.vectors * had[:, None]
        self.blocks_ = block_labels(seen)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Multiply the items' vectors with each history's."""
        rows = self.aligned(queries).csr()
        codes = self.candidate_codes(candidates)
        values = dense_scores(self._people(rows), self.items_, codes)
        silence_strangers(values, rows, self.blocks_, codes)  # no pair ever told them apart
        return Scores.above(values, np.diff(rows.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_by_angle(self.catalogue_, items, self.items_[:, :-1], k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item that added most to each score; see `Explains`."""

        def terms(past: Codes, shown: Codes) -> Floats:
            found: Floats = self.past_[past] @ self.items_[shown, :-1].T
            return found

        return strongest_term(self.aligned(queries), items, terms)

    def _people(self, rows: sp.csr_array) -> Floats:
        """Return [vector, 1] of each history, Float32[B, D + 1]; the last meets the items' biases."""
        counts = np.maximum(np.diff(rows.indptr), 1).astype(np.float32)
        vectors = sum_of_rows(rows, self.past_) / np.sqrt(counts)[:, None]
        return np.hstack([vectors, np.ones((len(vectors), 1), dtype=np.float32)])
