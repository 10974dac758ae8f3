"""Fallback: ask models in turn until one has an opinion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Unpack

import numpy as np

from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.histories import Histories
from crossrec.models.ranking import Masks, rank
from crossrec.models.recommender import FromScores, Recommender

__all__ = ["Fallback"]


@dataclass
class Fallback(FromScores):
    """A chain of models over one catalogue; the first with an opinion answers, and is named as the source.

    Args:
        members: The models, best first; the last should need no history.
        names: What each is called in answers.
    """

    members: tuple[Recommender, ...]
    names: tuple[str, ...] = field(default=())
    needs_history: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.members:
            raise InvalidInput("fallback: expected at least one model, got none")
        self.names = self.names or tuple(type(member).__name__ for member in self.members)
        if len(self.names) != len(self.members):
            raise InvalidInput(f"fallback: {len(self.members)} models but {len(self.names)} names")

    @property
    def catalogue_(self) -> Catalogue:
        """The first member's items."""
        return self.members[0].catalogue_

    @catalogue_.setter
    def catalogue_(self, catalogue: Catalogue) -> None:
        for member in self.members:
            member.catalogue_ = catalogue

    @property
    def histories_(self) -> Histories:
        """The first member's histories."""
        return self.members[0].histories_

    @histories_.setter
    def histories_(self, histories: Histories) -> None:
        for member in self.members:
            member.histories_ = histories

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Fallback:
        """Fit every member on the same data."""
        for member in self.members:
            member.fit(train, validation=validation)
        return self

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Take each row from the first member that has an opinion on it."""
        first = self.members[0].score(queries, candidates)
        values, opinion = first.values.copy(), first.opinion.copy()
        for member in self.members[1:]:
            if opinion.all():
                break
            other = member.score(queries, candidates)
            take = ~opinion & other.opinion
            values[take] = other.values[take]
            opinion |= take
        return Scores(values, opinion)

    def ranked(self, queries: Queries, k: int, **masks: Unpack[Masks]) -> Recommendations:
        """Return each asker's list from the first member with an opinion, and name the member."""
        lists: list[Recommendations] = []
        answered = np.zeros(len(queries), dtype=np.bool_)
        for member in self.members:
            mine = queries.on(member.catalogue_)
            lists.append(rank(member.score, mine, k, **masks))
            answered |= lists[-1].opinion
            if answered.all():
                break
        pick = np.argmax(np.stack([part.opinion for part in lists]), axis=0)
        items, scores = lists[0].items.copy(), lists[0].scores.copy()
        for place, part in enumerate(lists[1:], start=1):
            items[pick == place], scores[pick == place] = part.items[pick == place], part.scores[pick == place]
        sources = tuple(self.names[place] for place in pick)
        return Recommendations(items, scores, self.catalogue_, answered, lists[0].rows, sources)
