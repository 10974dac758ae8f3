"""What factor models share: scores and lists from products of vectors, and items alike by the angle between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Floats, Offsets
from crossrec.core.catalogue import Catalogue
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import labels_in_reach, silence_strangers
from crossrec.models.classic._neighbours import similar_items
from crossrec.models.classic._products import Bars, best_of, dense_scores, tiles_of
from crossrec.models.ranking import Masks, rank
from crossrec.models.recommender import FromScores

__all__ = ["FromProducts", "Products", "Reach", "similar_by_angle"]

_FEW = 32
"""Queries for which it does not pay to lay the items out: their scores are multiplied out."""
_A_ROW = 1_000
"""Numbers held for a query, about: its history, and its vectors more than once."""


class Reach(NamedTuple):
    """Which items histories can say anything about.

    Args:
        rows: [B, I] CSR of the histories.
        labels: Int32[I], see `block_labels`.
    """

    rows: sp.csr_array
    labels: Codes


@dataclass(frozen=True, eq=False)
class Products:
    """Scores of B queries as products of vectors that are not multiplied out yet.

    Args:
        vectors: Float32[K, B, D], each query's vector for the items of each part.
        items: Float32[I, D].
        known: Bool[B], is there a history to tell from?
        parts: Int[I], the part of each item, -1 for one that nobody asks for; None where there is one part.
        reach: Items out of it score 0, and 0 says nothing about an item; None where every score counts.
        codes: Int32[C], the items in question; None is all.
    """

    vectors: Floats
    items: Floats
    known: Bools
    parts: NDArray[np.integer] | None = None
    reach: Reach | None = None
    codes: Codes | None = None

    @property
    def opinion(self) -> Bools:
        """Bool[B], false for who has no history."""
        return self.known

    @property
    def floor(self) -> Floats | None:
        """Float32[B], see `Scores`."""
        return None if self.reach is None else np.zeros(len(self.known), dtype=np.float32)

    def scores(self) -> Scores:
        """Multiply out."""
        parts = self._parts()
        if len(self.vectors) == 1 and (len(parts) == 0 or int(parts.min()) == 0):
            values = dense_scores(self.vectors[0], self.items, self.codes)
        else:
            shown = np.arange(len(self.items), dtype=np.int32) if self.codes is None else self.codes
            values = np.zeros((len(self.known), len(shown)), dtype=np.float32)
            for part, vectors in enumerate(self.vectors):
                columns = np.flatnonzero(parts == part)
                if len(columns):
                    values[:, columns] = dense_scores(vectors, self.items, shown[columns])
        if self.reach is None:
            return Scores(values, self.known)
        silence_strangers(values, *self.reach, self.codes)  # their products with the vectors are chance
        return Scores.above(values, self.known)

    def best(
        self, k: int, *, seen: tuple[Offsets, Codes] | None = None, allowed: Bools | None = None
    ) -> tuple[Codes, Floats]:
        """Pick the k best of the items in question, bit for bit what `scores` would give; see `Scores`."""
        nobody = np.zeros(len(self.known) + 1, np.int64), np.zeros(0, np.int32)
        labels = nobody[1] if self.reach is None or not self.reach.labels.any() else self.reach.labels
        own = nobody if self.reach is None or len(labels) == 0 else labels_in_reach(*self.reach)
        floor = np.full(len(self.known), -1, np.float32) if self.floor is None else self.floor
        if self.codes is not None and len(labels):
            labels = labels[self.codes]
        parts = self._parts() if allowed is None else np.where(allowed, self._parts(), -1)
        places = [np.flatnonzero(parts == part).astype(np.int32) for part in range(len(self.vectors))]
        tiles = tiles_of(self.items if self.codes is None else self.items[self.codes], places)
        items, scores = best_of(self.vectors, tiles, Bars(*(seen or nobody), floor, labels, *own), min(k, len(parts)))
        items[~self.known], scores[~self.known] = -1, -np.inf
        return items, scores

    def _parts(self) -> NDArray[np.integer]:
        """Return the part of each item in question."""
        parts = np.zeros(len(self.items), np.int8) if self.parts is None else self.parts
        return parts if self.codes is None else parts[self.codes]


class FromProducts(FromScores):
    """Gives scores and lists to a model whose score is a product of a query's vector and an item's.

    A model writes `products`. Lists of many queries are made without a table of scores.
    """

    if TYPE_CHECKING:

        def products(self, queries: Queries) -> Products:
            """Return the vectors behind the scores of all items, for queries in the model's own codes."""
            ...

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Find each history's vector and multiply it with the items'."""
        return self._asked(self.aligned(queries), candidates).scores()

    def ranked(self, queries: Queries, k: int, **masks: Unpack[Masks]) -> Recommendations:
        """Return the lists of queries; of many, without multiplying out what cannot be in one."""
        if len(queries) < _FEW:
            return super().ranked(queries, k, **masks)
        return rank(self._asked, queries, k, a_row=_A_ROW, **masks)

    def _asked(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Products:
        """Return the vectors behind the scores of all items, or of candidates."""
        return dataclasses.replace(self.products(queries), codes=self.candidate_codes(candidates))


def similar_by_angle(catalogue: Catalogue, items: Sequence[Id], vectors: Floats, k: int) -> Recommendations:
    """Return the items whose vectors make the smallest angle with each item's.

    Args:
        catalogue: The items.
        items: B item ids.
        vectors: Float32[I, D].
        k: Length of the lists, >= 1.
    """
    lengths = np.sqrt(np.einsum("id,id->i", vectors, vectors))
    unit = vectors / np.maximum(lengths, 1e-12)[:, None]
    rows = dense_scores(unit[catalogue.codes_of(items)], unit)
    rows[:, lengths == 0] = -np.inf  # an item nobody had points nowhere
    return similar_items(catalogue, items, rows, k)
