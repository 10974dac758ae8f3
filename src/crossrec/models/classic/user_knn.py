"""User neighbours: recommend what people with a like history had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores, top_k
from crossrec.core.vocabulary import Id
from crossrec.models.classic._neighbours import similar_items, strongest_reason
from crossrec.models.classic._sparse import dense_product, weighted
from crossrec.models.recommender import FromScores

__all__ = ["UserKNN"]

SIMILARITIES = ("cosine", "tfidf", "bm25")
_CELLS = 16_000_000


@dataclass
class UserKNN(FromScores):
    """Finds the training users most like the history in the query, and adds up what they had.

    The training matrix is learned state without user ids: a person is found by history alone, so someone
    never seen in training is served like everyone else.

    Args:
        neighbours: Users asked for each history, >= 1.
        similarity: "cosine", "tfidf" or "bm25".

    Source: Herlocker et al. 1999, "An algorithmic framework for performing collaborative filtering",
    with implicit feedback in the place of ratings.
    """

    neighbours: int = 100
    similarity: str = "cosine"

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> UserKNN:  # noqa: ARG002
        """Keep the users' histories, weighed.

        Raises:
            InvalidInput: neighbours < 1.
            NotFound: No such similarity.
        """
        if self.neighbours < 1:
            raise InvalidInput(f"neighbours: expected >= 1, got {self.neighbours}")
        if self.similarity not in SIMILARITIES:
            raise unknown_name("similarity", self.similarity, SIMILARITIES)
        seen = train.csr()
        self.rows_ = sp.csr_array(seen[np.diff(seen.indptr) > 0])
        self.by_item_ = sp.csr_array(weighted(sp.csr_array(self.rows_.T), self.similarity))
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Add up the similarities of the neighbours that had each item, in slices of bounded memory."""
        mine = self.aligned(queries).csr()
        codes = self.candidate_codes(candidates)
        rows = self.rows_ if codes is None else sp.csr_array(self.rows_[:, codes])
        values = np.zeros((mine.shape[0], rows.shape[1]), dtype=np.float32)
        step = max(1, _CELLS // max(1, self.rows_.shape[0]))
        for start in range(0, mine.shape[0], step):
            values[start : start + step] = dense_product(self._neighbours(mine[start : start + step]), rows)
        return Scores.above(values, np.diff(mine.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items that the users of each item had most in common; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        rows = dense_product(self.by_item_[self.catalogue_.codes_of(items)], self.rows_)
        rows[rows == 0] = -np.inf
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item whose users agree most with each item's; see `Explains`."""
        mine = self.aligned(queries)
        past = np.unique(mine.items[mine.items >= 0])
        weights = np.zeros((len(past), len(self.catalogue_)), dtype=np.float32)
        weights[:] = dense_product(self.by_item_[past], self.rows_)
        full = sp.lil_array((len(self.catalogue_),) * 2, dtype=np.float32)
        full[past] = weights
        return strongest_reason(mine, items, sp.csr_array(full))

    def _neighbours(self, mine: sp.csr_array) -> sp.csr_array:
        """Return the similarity of each history to its nearest users, [B, V]; of equal ones the lower row."""
        lengths = np.sqrt(np.maximum(np.diff(mine.indptr), 1)).astype(np.float32)
        likeness = dense_product(mine, self.by_item_)
        likeness /= lengths[:, None]
        likeness[likeness <= 0] = -np.inf
        nearest, values = top_k(likeness, self.neighbours)
        found = nearest >= 0
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(found.sum(axis=1))])
        return sp.csr_array((values[found], nearest[found], indptr), shape=likeness.shape)
