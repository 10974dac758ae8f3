"""User neighbours: recommend what people with a like history had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores, top_k
from crossrec.core.vocabulary import Id
from crossrec.models.classic._growth import grown_of
from crossrec.models.classic._neighbours import similar_items
from crossrec.models.classic._sparse import dense_product
from crossrec.models.classic._weighting import weights_of
from crossrec.models.histories import Histories
from crossrec.models.recommender import FromScores
from crossrec.models.space import Choice, Range, Space

__all__ = ["UserKNN"]

SIMILARITIES = ("cosine", "tfidf", "bm25")
_CELLS = 16_000_000


class _People(NamedTuple):
    """Who may be a neighbour, as made of histories.

    Args:
        of: The histories.
        rows: [V, I] CSR of ones, what each person had; who had nothing is left out.
        by_item: [I, V] CSR of the same, weighed.
        idf: Float32[I] weight of an item in every history.
        mean_size: Mean number of items of a person.
    """

    of: Histories
    rows: sp.csr_array
    by_item: sp.csr_array
    idf: Floats
    mean_size: float


@dataclass
class UserKNN(FromScores):
    """Finds the training users most like the history in the query, and adds up what they had.

    The histories beside the model are all it knows: a person is found by history alone, so someone never seen in
    training is served like everyone else, and who is erased from the histories is nobody's neighbour any more.

    Args:
        neighbours: Users asked for each history, >= 1.
        similarity: "cosine", "tfidf" or "bm25"; the history in the query is weighed like those it is compared with.

    Source: Herlocker et al. 1999, "An algorithmic framework for performing collaborative filtering",
    with implicit feedback in the place of ratings.
    """

    space: ClassVar[Space] = {
        "neighbours": Range(10, 1_000, log=True, whole=True),
        "similarity": Choice(SIMILARITIES),
    }
    neighbours: int = 100
    similarity: str = "cosine"

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> UserKNN:  # noqa: ARG002
        """Keep the users' histories.

        Raises:
            InvalidInput: neighbours < 1.
            NotFound: No such similarity.
        """
        if self.neighbours < 1:
            raise InvalidInput(f"neighbours: expected >= 1, got {self.neighbours}")
        if self.similarity not in SIMILARITIES:
            raise unknown_name("similarity", self.similarity, SIMILARITIES)
        self.remember(train)
        self._people()
        return self

    def update(self, new: Interactions) -> UserKNN:
        """Remember what is new, which is all that a fit does; see `Updates`."""
        return self.remember(grown_of(self, new).data)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Add up the similarities of the neighbours that had each item, in slices of bounded memory."""
        mine, people = self.aligned(queries).csr(), self._people()
        codes = self.candidate_codes(candidates)
        rows = people.rows if codes is None else sp.csr_array(people.rows[:, codes])
        values = np.zeros((mine.shape[0], rows.shape[1]), dtype=np.float32)
        step = max(1, _CELLS // max(1, people.rows.shape[0]))
        for start in range(0, mine.shape[0], step):
            values[start : start + step] = dense_product(self._neighbours(mine[start : start + step], people), rows)
        return Scores.above(values, np.diff(mine.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items that the users of each item had most in common; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        people = self._people()
        rows = dense_product(sp.csr_array(people.by_item[self.catalogue_.codes_of(items)]), people.rows)
        rows[rows == 0] = -np.inf
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item with the largest part in each item's score; see `Explains`.

        A score is the sum over the neighbours that had the item of their likeness to the history, and a likeness
        the sum over the past items that both had: so every past item has its part.
        """
        mine, people = self.aligned(queries).csr(), self._people()
        weighed, near = self._weighed(mine, people), self._neighbours(mine, people)
        reasons = np.full(items.shape, -1, dtype=np.int32)
        for row in range(len(items)):  # a page of answers, not a data set
            past = mine.indices[mine.indptr[row] : mine.indptr[row + 1]]
            who = near.indices[near.indptr[row] : near.indptr[row + 1]]
            if len(past) == 0 or len(who) == 0:
                continue
            theirs, shown = people.rows[who], np.maximum(items[row], 0)
            told = self._weighed(sp.csr_array(theirs), people)[:, past].toarray()
            told *= weighed.data[weighed.indptr[row] : weighed.indptr[row + 1]]
            parts = told.T @ theirs[:, shown].toarray()
            parts[past[:, None] == shown[None, :]] = 0  # an item is no reason for itself
            best = np.argmax(parts, axis=0)
            found = (parts[best, np.arange(len(shown))] > 0) & (items[row] >= 0)
            reasons[row] = np.where(found, past[best], -1)
        return reasons

    def _people(self) -> _People:
        """Return what the present histories make of people; made anew when they were replaced, by an erasure say."""
        made: _People | None = getattr(self, "_made", None)
        if made is None or made.of is not self.histories_:
            seen = self.histories_.acts.csr()
            rows = sp.csr_array(seen[np.diff(seen.indptr) > 0])
            by_item = sp.csr_array(rows.T)
            idf, person = weights_of(by_item, self.similarity)
            cells = np.repeat(idf, np.diff(by_item.indptr)) * person[by_item.indices]
            weighed = sp.csr_array((cells, by_item.indices, by_item.indptr), shape=by_item.shape)
            made = _People(self.histories_, rows, weighed, idf, rows.nnz / max(1, rows.shape[0]))
            self._made = made
        return made

    def _weighed(self, rows: sp.csr_array, people: _People) -> sp.csr_array:
        """Weigh the cells of histories [B, I] as those of `people.by_item` are."""
        sizes = np.diff(rows.indptr)
        if self.similarity == "bm25":
            person = 101.0 / (100.0 * (0.2 + 0.8 * sizes / max(people.mean_size, 1e-12)) + 1.0)
        else:
            row = np.repeat(np.arange(len(sizes)), sizes)
            squares = np.bincount(row, weights=people.idf[rows.indices].astype(np.float64) ** 2, minlength=len(sizes))
            person = np.maximum(squares, 1e-12) ** -0.5
        cells = (people.idf[rows.indices] * np.repeat(person, sizes)).astype(np.float32)
        return sp.csr_array((cells, rows.indices, rows.indptr), shape=rows.shape)

    def _neighbours(self, mine: sp.csr_array, people: _People) -> sp.csr_array:
        """Return the similarity of each history to its nearest users, [B, V]; of equal ones the lower row."""
        likeness = dense_product(self._weighed(sp.csr_array(mine), people), people.by_item)
        likeness[likeness <= 0] = -np.inf
        nearest, values = top_k(likeness, self.neighbours)
        found = nearest >= 0
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(found.sum(axis=1))])
        return sp.csr_array((values[found], nearest[found], indptr), shape=likeness.shape)
