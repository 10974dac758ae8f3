"""Item neighbours: recommend what is alike to what someone had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._neighbours import similar_items, strongest_reason
from crossrec.models.classic._sparse import dense_product, nearest_columns
from crossrec.models.recommender import FromScores

__all__ = ["ItemKNN"]

SIMILARITIES = ("cosine", "tfidf", "bm25")


@dataclass
class ItemKNN(FromScores):
    """Adds up the similarities between the items of a history and every other item.

    Args:
        neighbours: Similar items kept of each item, >= 1.
        similarity: "cosine", "tfidf" or "bm25".
        shrink: A similarity over n common users is multiplied by n / (n + shrink), >= 0.

    Source: Deshpande & Karypis 2004, "Item-based top-N recommendation algorithms", section 4; shrinkage
    after Bell & Koren 2007. Departs in adding plain similarities, not those scaled to sum to one.
    """

    neighbours: int = 100
    similarity: str = "cosine"
    shrink: float = 0.0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> ItemKNN:  # noqa: ARG002
        """Find each item's neighbours.

        Raises:
            InvalidInput: neighbours < 1 or shrink < 0.
            NotFound: No such similarity.
        """
        if self.neighbours < 1 or self.shrink < 0:
            raise InvalidInput(
                f"ItemKNN: expected neighbours >= 1 and shrink >= 0, got {self.neighbours}, {self.shrink}"
            )
        if self.similarity not in SIMILARITIES:
            raise unknown_name("similarity", self.similarity, SIMILARITIES)
        self.weights_ = nearest_columns(train.csr(), self.similarity, self.neighbours, self.shrink)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Add up the similarities of each history's items."""
        rows = self.aligned(queries).csr()
        codes = self.candidate_codes(candidates)
        weights = self.weights_ if codes is None else sp.csr_array(self.weights_[:, codes])
        return Scores(dense_product(rows, weights), np.diff(rows.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the k nearest items; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        rows = self.weights_[self.catalogue_.codes_of(items)].toarray()
        rows[rows == 0] = -np.inf  # no neighbour is no answer
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item most similar to each item; see `Explains`."""
        return strongest_reason(self.aligned(queries), items, self.weights_)
