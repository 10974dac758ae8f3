"""Text bridge: items of other domains take the place in the target that their text foretells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Bools, Codes, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels, silence_strangers
from crossrec.models.classic._neighbours import most_told
from crossrec.models.classic._products import dense_scores
from crossrec.models.machine import require_memory
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space
from crossrec.models.transfer._domains import cells_kept, similar_within
from crossrec.models.transfer._placing import Join, joins_of, placed
from crossrec.models.transfer._solving import check_factors, solved, whitened_items
from crossrec.models.transfer._texts import Text, texts_of, word_vectors
from crossrec.models.transfer._twins import moved_to_twins, twins_of

__all__ = ["TextBridge"]

_DIMENSIONS = 256
_HAD = np.float32(-1)
"""Score of an item whose twin was had: below what nearly any other has."""


@dataclass
class TextBridge(FromScores):
    """Each domain has vectors of its own, in whose space the items of all other domains are placed.

    An item of another domain is placed by the persons who had it and something in the target, and by its text: a
    ridge learns the target's vectors from the target's texts, its penalty chosen by the error on left-out items. A
    history is then solved on all of it, so that it needs no person in both domains. An item that is the same thing
    as one of the target, by the column `link`, is that one: its persons teach the target too, and its twin is not
    recommended to whoever had it.

    Args:
        factors: Dimensions of the vectors, >= 1; fewer than other models take, since a text foretells few.
        epochs: Sweeps over users and items of each domain, >= 1.
        l2: Ridge penalty on all vectors, > 0.
        alpha: Confidence of a cell that was had is 1 + alpha, alpha > 0.
        weight: What an act in another domain counts against one in the target, in [0, 1]; 0 is the target alone.
        columns: Columns of the catalogue with the text, `title,tags`; empty takes title, text, genres and the like.
        encoder: "words", which needs nothing, or "minilm" (extra `text`), which also knows words that are alike.
        link: Column with an id that is the same for the same thing in two domains, like `imdb_id`.
        seed: Fixes the vectors at the start.

    Source: Hu, Koren & Volinsky 2008 for the vectors; placing items by their text is Gantner et al. 2010, "Learning
    attribute-to-feature mappings for cold-start recommendations", section 4.3, here for the items of other domains.
    The mean of text and persons stands for the joint fit of Wang & Blei 2011.
    """

    factors: int = 32
    epochs: int = 15
    l2: float = 1.0
    alpha: float = 10.0
    weight: float = 0.5
    columns: str = ""
    encoder: str = "words"
    link: str = ""
    seed: int = 0
    space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True, whole=True),
        "l2": Range(0.01, 100, log=True),
        "alpha": Range(0.1, 100, log=True),
        "weight": Range(0.0, 1.0),
    }

    @property
    def choices(self) -> list[Join]:
        """What joins each domain to each other, or what is missing."""
        return [Join(*told) for told in json.loads(self.told_)]

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> TextBridge:  # noqa: ARG002
        """Factorise each domain, and place the items of the others in its space.

        Raises:
            InvalidInput: A setting is out of its range, or the items have no such column.
            OutOfBudget: The places of all items in all domains would not fit in the memory there is.
            MissingExtra: `encoder` is minilm, and the extra "text" is not installed.
        """
        check_factors("TextBridge", self.factors, self.epochs, self.l2, self.alpha)
        if not 0 <= self.weight <= 1 or self.encoder not in ("words", "minilm"):
            raise InvalidInput(
                "TextBridge: expected weight in [0, 1] and encoder words or minilm, got "
                f"{self.weight} and '{self.encoder}'"
            )
        catalogue, seen = train.catalogue, train.csr()
        size = len(catalogue.domain_ids)
        needed = 4 * len(catalogue) * (size * (self.factors + 3) + 3 * _DIMENSIONS)
        require_memory(needed, f"TextBridge over {len(catalogue):,} items in {size:,} domains")
        self.twins_ = twins_of(catalogue, self.link)
        texts = self._vectors_of(texts_of(catalogue, self.columns))
        self.places_ = np.zeros((size, len(catalogue), self.factors), dtype=np.float32)
        self.worded_ = np.zeros((size, len(catalogue)), dtype=np.bool_)
        self.blocks_ = np.zeros((size, len(catalogue)), dtype=np.int32)
        told: list[Join] = []
        for code in range(size):
            moved = moved_to_twins(seen, self.twins_[code])
            factorised = partial(whitened_items, factors=self.factors, epochs=self.epochs, l2=self.l2, seed=self.seed)
            found = placed(moved * np.float32(self.alpha), catalogue.domains == code, texts, factorised, self.l2)
            self.places_[code], self.worded_[code], self.blocks_[code] = found.places, found.worded, block_labels(moved)
            told += joins_of(catalogue, code, found, self.twins_[code])
        self.told_ = json.dumps(told)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Solve each history's vector in each domain on all that is placed there, and multiply it with the items."""
        rows, codes = self.aligned(queries).csr(), self.candidate_codes(candidates)
        catalogue = self.catalogue_
        shown = np.arange(len(catalogue), dtype=np.int32) if codes is None else codes
        values = np.zeros((rows.shape[0], len(shown)), dtype=np.float32)
        asked = range(len(self.places_)) if queries.domain is None else [catalogue.domain_ids.code(queries.domain)]
        for code in asked:
            columns = np.flatnonzero(catalogue.domains[shown] == code)
            if len(columns):
                values[:, columns] = self._scores_in(code, rows, shown[columns])
        return Scores.above(values, np.diff(rows.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items of the same domain whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        own = self.places_[self.catalogue_.domains, np.arange(len(self.catalogue_))]
        return similar_within(self.catalogue_, items, own, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item, of any domain, that added most to each score; see `Explains`."""
        rows = self.aligned(queries).csr()
        reasons = np.full(items.shape, -1, dtype=np.int32)
        domains = np.where(items >= 0, self.catalogue_.domains[np.maximum(items, 0)], -1)
        for row in range(len(items)):  # a page of answers, not a data set
            past = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
            for code in np.unique(domains[row][domains[row] >= 0]).tolist():
                asked = np.flatnonzero(domains[row] == code)
                twins = self.twins_[code][past]
                told = self._confidence(twins >= 0)
                known, places = past[told > 0], self.places_[code]
                stands = np.where(twins >= 0, twins, past)[told > 0]
                best = most_told(
                    places[stands], told[told > 0], places[items[row, asked]], np.ones(self.factors, np.float32)
                )
                reasons[row, asked] = np.append(known, -1)[best]
        return reasons

    def _confidence(self, own: Bools) -> Floats:
        """Return Float32[N] confidence above 1 of acts, given which are of the target or the same thing as one."""
        told: Floats = np.where(own, self.alpha, self.weight * self.alpha).astype(np.float32)
        return told

    def _vectors_of(self, texts: list[Text]) -> Floats:
        """Return Float32[I, F], the vectors of the items' texts."""
        if self.encoder == "words":
            return word_vectors(texts, _DIMENSIONS, self.seed)
        from crossrec.models.transfer._encoding import sentence_vectors  # seconds, and the extra "text"

        return sentence_vectors(texts)

    def _scores_in(self, code: int, rows: sp.csr_array, columns: Codes) -> Floats:
        """Return Float32[B, C], the scores of some items of one domain."""
        moved = moved_to_twins(rows, self.twins_[code])
        told = self._confidence(self.catalogue_.domains[moved.indices] == code)
        cells = sp.csr_array((told, moved.indices, moved.indptr), shape=moved.shape)
        cells.eliminate_zeros()
        values = dense_scores(solved(cells, self.places_[code]), self.places_[code], columns)
        by_persons = np.diff(cells_kept(cells, self.worded_[code][cells.indices]).indptr) == 0
        quiet = values[by_persons]
        silence_strangers(quiet, sp.csr_array(moved[by_persons]), self.blocks_[code], columns)
        values[by_persons] = quiet
        if self.link:
            twins = sp.csr_array(moved - rows)  # 1 where a twin was had and not the item itself
            values[twins[:, columns].toarray() > 0] = _HAD
        return values
