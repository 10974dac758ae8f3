"""Item neighbours: recommend what is alike to what someone had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._growth import grown_of
from crossrec.models.classic._neighbours import similar_items, strongest_reason
from crossrec.models.classic._sparse import dense_product, nearest_columns
from crossrec.models.recommender import FromScores
from crossrec.models.space import Choice, Range, Space

__all__ = ["ItemKNN"]

SIMILARITIES = ("cosine", "tfidf", "bm25")


@dataclass
class ItemKNN(FromScores):
    """Adds up the similarities between the items of a history and every other item.

    Args:
        neighbours: Similar items kept of each item, >= 1.
        similarity: "cosine", "tfidf" or "bm25".
        shrink: A similarity over n common users is multiplied by n / (n + shrink), >= 0.
        popularity: A similarity is divided by the sizes of both items to this power, in [0, 1]: 0.5 is the
            plain cosine, less lets popular items rank higher. "bm25" has a rule of its own.
        activity: A user of n items counts n to the power -activity, in [0, 2]: whoever has everything says
            little about what goes together.

    Source: Deshpande & Karypis 2004, "Item-based top-N recommendation algorithms", section 4, whose equation 4
    has both exponents; shrinkage after Bell & Koren 2007. Departs in adding plain similarities, not those scaled
    to sum to one, and in one exponent for both items, which keeps a similarity the same in both directions.
    """

    space: ClassVar[Space] = {
        "neighbours": Range(10, 1_000, log=True, whole=True),
        "similarity": Choice(SIMILARITIES),
        "shrink": Range(0, 200),
        "popularity": Range(0, 1),
        "activity": Range(0, 1),
    }
    neighbours: int = 100
    similarity: str = "cosine"
    shrink: float = 0.0
    popularity: float = 0.5
    activity: float = 0.0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> ItemKNN:  # noqa: ARG002
        """Find each item's neighbours.

        Raises:
            InvalidInput: neighbours < 1, shrink < 0, or an exponent out of its range.
            NotFound: No such similarity.
        """
        if self.neighbours < 1 or self.shrink < 0:
            raise InvalidInput(
                f"ItemKNN: expected neighbours >= 1 and shrink >= 0, got {self.neighbours}, {self.shrink}"
            )
        if not 0 <= self.popularity <= 1 or not 0 <= self.activity <= 2:
            raise InvalidInput(
                "ItemKNN: expected popularity in [0, 1] and activity in [0, 2], got "
                f"{self.popularity} and {self.activity}"
            )
        if self.similarity not in SIMILARITIES:
            raise unknown_name("similarity", self.similarity, SIMILARITIES)
        self.weights_ = nearest_columns(
            train.csr(),
            self.similarity,
            self.neighbours,
            self.shrink,
            popularity=self.popularity,
            activity=self.activity,
        )
        return self.remember(train)

    def update(self, new: Interactions) -> ItemKNN:
        """Count again, with what the histories hold; see `Updates`.

        One more act changes the size of its item, and so where that stands among the neighbours of all it goes with.
        """
        return self.fit(grown_of(self, new).data)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Add up the similarities of each history's items."""
        rows = self.aligned(queries).liked
        codes = self.candidate_codes(candidates)
        weights = self.weights_ if codes is None else sp.csr_array(self.weights_[:, codes])
        return Scores.above(dense_product(rows, weights), np.diff(rows.indptr) > 0)

    def score_part(self, queries: Queries, codes: Codes) -> Scores:
        """Add up the similarities that a history's items have to some items; see `ScoresPart`."""
        rows = self.aligned(queries).liked
        return Scores.above(dense_product(rows, self.weights_, codes), np.diff(rows.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the k nearest items; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        rows = self.weights_[self.catalogue_.codes_of(items)].toarray()
        rows[rows == 0] = -np.inf  # no neighbour is no answer
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item most similar to each item; see `Explains`."""
        return strongest_reason(self.aligned(queries), items, self.weights_)
