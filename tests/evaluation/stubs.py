"""Small recommenders and data sets whose lists are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.recommender import FromScores


@dataclass
class ByCount(FromScores):
    """Ranks by number of training rows, upwards or downwards; has an opinion for everybody."""

    sign: float = 1.0
    needs_history: ClassVar[bool] = False

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> ByCount:
        self.validation_rows_ = -1 if validation is None else len(validation)
        self.counts_ = self.sign * np.bincount(train.items, minlength=len(train.catalogue)).astype(np.float32)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        batch = len(self.aligned(queries))
        return Scores(np.tile(self.counts_, (batch, 1)), np.ones(batch, dtype=np.bool_))


@dataclass
class Shy(ByCount):
    """Has no opinion about a person without history."""

    needs_history: ClassVar[bool] = True

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        scores = super().score(queries, candidates)
        return Scores(scores.values, np.diff(queries.indptr) > 0)


@dataclass
class Walk(FromScores):
    """Scores depend on the whole history: the item-item counts of the training data, summed over it."""

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Walk:
        seen = train.csr().toarray()
        self.near_ = (seen.T @ seen).astype(np.float32)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        rows = self.aligned(queries).csr()
        return Scores(np.asarray(rows @ self.near_, dtype=np.float32), np.diff(rows.indptr) > 0)


def rows(*triples: tuple[str, str, int | None], **columns: list[object]) -> Interactions:
    """Make interactions of (user, item, time)."""
    users, items, times = zip(*triples, strict=True)
    frame = {"user_id": users, "item_id": items, "timestamp": times, **columns}
    if times[0] is None:
        del frame["timestamp"]
    return Interactions.from_frame(pl.DataFrame(frame, strict=False))


def many(users: int = 60, items: int = 25, seed: int = 0) -> Interactions:
    """Make a random data set with times and different items within a user."""
    generator = np.random.default_rng(seed)
    triples = []
    for user in range(users):
        chosen = generator.choice(items, size=int(generator.integers(3, 9)), replace=False)
        moments = np.sort(generator.integers(10**12, 2 * 10**12, size=len(chosen)))
        triples += [(f"u{user:03}", f"i{item:03}", int(at)) for item, at in zip(chosen, moments, strict=True)]
    return rows(*triples)
