"""Fallback: ask models in turn until one has an opinion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Unpack

import numpy as np

from crossrec.core.arrays import Bytes, Codes, Floats
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.abilities import Explains, Rates, SimilarItems, Updates
from crossrec.models.histories import Histories
from crossrec.models.ranking import Masks, rank
from crossrec.models.recommender import FromScores, Recommender

__all__ = ["Fallback"]

_ABILITIES: dict[Any, str] = {SimilarItems: "similar", Explains: "explain", Rates: "predict"}


@dataclass
class Fallback(FromScores):
    """A chain of models over one catalogue: the first with an opinion answers, the next ones fill up short lists.

    Every item is named with the model it is from, since the scores of two models have no common scale. What only
    some models can do (`similar`, `explain`, `predict`) the first member does that can.

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
        # On the object and not in the class, so that a chain has just the abilities that a member has.
        for ability, method in _ABILITIES.items():
            capable = next((member for member in self.members if isinstance(member, ability)), None)
            if capable is not None:
                setattr(self, method, getattr(capable, method))
        if all(isinstance(member, Updates) for member in self.members):
            self.update = self._updated

    def _updated(self, new: Interactions) -> Fallback:
        """Let every member learn what is new; see `Updates`."""
        members: Any = self.members
        for member in members:
            member.update(new)
        self.catalogue_, self.histories_ = self.members[0].catalogue_, self.members[0].histories_
        return self

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
        values, opinion, floor = first.values.copy(), first.opinion.copy(), _floor(first)
        for member in self.members[1:]:
            if opinion.all():
                break
            other = member.score(queries, candidates)
            take = ~opinion & other.opinion
            values[take], floor[take] = other.values[take], _floor(other)[take]
            opinion |= take
        return Scores(values, opinion, floor)

    def ranked(self, queries: Queries, k: int, **masks: Unpack[Masks]) -> Recommendations:
        """Return each asker's list from the first member with an opinion, filled up by the next ones.

        `sources` names the member a list begins with, `origins` the one of each item.
        """
        first = rank(self.members[0].score, queries.on(self.members[0].catalogue_), k, **masks)
        items, scores = first.items.copy(), first.scores.copy()
        opinion, begins = first.opinion.copy(), np.zeros(len(queries), dtype=np.int8)
        origins = np.zeros(items.shape, dtype=np.int8)
        for place, member in enumerate(self.members[1:], start=1):
            if (items >= 0).all():
                break
            more = rank(member.score, queries.on(member.catalogue_), k, **masks)
            begins[more.opinion & ~opinion] = place
            opinion |= more.opinion
            _fill_up(items, scores, origins, more, place)
        sources = tuple(self.names[place] for place in begins)
        return Recommendations(items, scores, self.catalogue_, opinion, first.rows, sources, origins, self.names)


def _floor(scores: Scores) -> Floats:
    """Return the floors of scores; where every score counts, one that no size is below."""
    return np.full(len(scores.values), -1, dtype=np.float32) if scores.floor is None else scores.floor.copy()


def _fill_up(items: Codes, scores: Floats, origins: Bytes, more: Recommendations, place: int) -> None:
    """Put the items of further lists behind short ones, each item once, and note where they are from."""
    for row in np.flatnonzero((items[:, -1:] < 0).any(axis=1)):
        start = int((items[row] >= 0).sum())
        new = np.flatnonzero((more.items[row] >= 0) & ~np.isin(more.items[row], items[row, :start]))
        new = new[: items.shape[1] - start]
        end = start + len(new)
        items[row, start:end], scores[row, start:end] = more.items[row, new], more.scores[row, new]
        origins[row, start:end] = place
