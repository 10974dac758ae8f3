"""Popularity: what most people had, with or without a half-life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crossrec.core.arrays import Floats, Times
from crossrec.core.clock import MILLISECONDS_PER_DAY
from crossrec.core.errors import InvalidInput, Refused
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._growth import grown_of
from crossrec.models.recommender import FromScores
from crossrec.models.space import Choice, Space

__all__ = ["Popularity"]


@dataclass
class Popularity(FromScores):
    """Ranks items by the number of persons who had them, the same for everyone.

    Args:
        half_life_days: Days after which an interaction counts half, > 0; None counts all alike.

    Source: the baseline of every study; the decay is exponential, counted back from the last
    interaction of the training data.
    """

    half_life_days: float | None = None
    space: ClassVar[Space] = {"half_life_days": Choice((None, 7.0, 30.0, 90.0, 365.0))}
    needs_history: ClassVar[bool] = False
    exempt: ClassVar[Mapping[str, str]] = {
        "learns_taste": "the same list for everyone, by definition",
        "carries_taste_across_domains": "the same list for everyone, by definition",
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Popularity:  # noqa: ARG002
        """Count the persons of each item.

        Raises:
            InvalidInput: half_life_days <= 0.
            Refused: A half-life is asked of data without times.
        """
        if self.half_life_days is not None and not self.half_life_days > 0:
            raise InvalidInput(f"half_life_days: expected > 0, got {self.half_life_days}")
        self.counts_ = self._decayed(train) if self.half_life_days else train.csr().sum(axis=0).astype(np.float32)
        return self.remember(train)

    def update(self, new: Interactions) -> Popularity:
        """Count again, with what the histories hold; see `Updates`."""
        return self.fit(grown_of(self, new).data)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Return the counts for every query."""
        batch = len(self.aligned(queries))
        codes = self.candidate_codes(candidates)
        row = self.counts_ if codes is None else self.counts_[codes]
        return Scores(np.repeat(row[None, :], batch, axis=0), np.ones(batch, dtype=np.bool_))

    def _decayed(self, train: Interactions) -> Floats:
        """Sum the decayed weight of the last time each person had each item."""
        if not train.has_times:
            raise Refused(
                f"half_life_days: the domains {', '.join(train.untimed_domains())} have no times, only an order; "
                "leave half_life_days out"
            )
        train = train.liked
        newest_first = np.lexsort((-train.times, train.items, train.users))
        users, items = train.users[newest_first], train.items[newest_first]
        first = np.append(True, (users[1:] != users[:-1]) | (items[1:] != items[:-1]))
        rows = newest_first[first]
        weight = _halved(train.times[rows], int(train.times.max()), self.half_life_days or 1.0)
        return np.bincount(train.items[rows], weights=weight, minlength=len(train.catalogue)).astype(np.float32)


def _halved(times: Times, end: int, half_life_days: float) -> Floats:
    """Weigh moments: half as much for each half-life before the end."""
    age = (end - times) / (half_life_days * MILLISECONDS_PER_DAY)
    return np.exp2(-age).astype(np.float32)
