"""From a model's scores to lists: masks, candidates and bounded memory, the same for all models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypedDict

import numpy as np

from crossrec.core.arrays import Bools, Codes, Floats, Offsets
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores, check_k
from crossrec.core.vocabulary import Id
from crossrec.models.machine import require_memory
from crossrec.models.progress import tracked

__all__ = ["SCORE_BUDGET", "Masks", "Opinions", "Scorer", "rank"]

SCORE_BUDGET = 32_000_000
"""Most scores held at once: 128 MB of float32."""


class Scorer(Protocol):
    """What `rank` asks: scores of all items, or of candidates in their order."""

    def __call__(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Return the scores."""
        ...


class Opinions(Protocol):
    """What `rank` needs of scores: `Scores` has all of them, and others may work out those of the best alone."""

    @property
    def opinion(self) -> Bools:
        """Bool[B], see `Scores`."""
        ...

    @property
    def floor(self) -> Floats | None:
        """Float32[B], see `Scores`."""
        ...

    def best(
        self, k: int, *, seen: tuple[Offsets, Codes] | None = None, allowed: Bools | None = None
    ) -> tuple[Codes, Floats]:
        """Pick the k best of each row, see `Scores`."""
        ...


class Masks(TypedDict):
    """What may stand in a list, see `rank`: how it travels from `recommend` to there.

    Args:
        exclude_seen: Leave out the items of each history.
        candidates: Rank only these.
        allowed: Bool[I], the items that may be shown.
    """

    exclude_seen: bool
    candidates: Sequence[Id] | None
    allowed: Bools | None


def rank(
    score: Callable[[Queries, Sequence[Id] | None], Opinions],
    queries: Queries,
    k: int,
    *,
    exclude_seen: bool,
    candidates: Sequence[Id] | None = None,
    allowed: Bools | None = None,
    a_row: int | None = None,
) -> Recommendations:
    """Score a batch in slices of bounded memory and keep the k best of each row.

    A row has an opinion where the model says so and, if the model sets a floor, some item that may be shown is
    above it: knowing films alone is no opinion on books.

    Args:
        score: The model's `score`, or what gives other opinions on all items or on candidates in their order.
        queries: B queries on the model's own codes.
        k: Length of the lists, >= 1; beyond the number of items ranked they have that length.
        exclude_seen: Leave out the items of each history.
        candidates: Rank only these; ids unknown to the catalogue are passed over.
        allowed: Bool[I], the items that may be shown; None is all.
        a_row: Numbers held for a query; None is a score for each item that is ranked.

    Raises:
        InvalidInput: k is no whole number, or k < 1.
        OutOfBudget: The lists would not fit into memory.
        NotFound: The queries ask for a domain that is not there.
    """
    catalogue, batch = queries.catalogue, len(queries)
    chosen = None if candidates is None else _known_codes(queries, candidates)
    asked = None if chosen is None else catalogue.ids.decode(chosen)
    width = len(catalogue) if chosen is None else len(chosen)
    if queries.domain is not None:
        inside = catalogue.in_domain(queries.domain)
        allowed = inside if allowed is None else allowed & inside
    if allowed is not None and chosen is not None:
        allowed = allowed[chosen]
    places = min(check_k(k), width)
    if batch * places > SCORE_BUDGET:
        require_memory(batch * places * 8, f"{batch:,} lists of {places:,} items")
    items, scores = np.full((batch, places), -1, np.int32), np.full((batch, places), -np.inf, np.float32)
    opinion = np.zeros(batch, dtype=np.bool_)
    step = max(1, SCORE_BUDGET // max(1, width if a_row is None else a_row))
    for start in tracked("lists", range(0, batch, step), size=step, total=batch):
        part = slice(start, start + step)
        asking = queries[part]
        scored = score(asking, asked)
        opinion[part] = scored.opinion
        seen = _seen(asking, chosen) if exclude_seen else None
        items[part], scores[part] = scored.best(k, seen=seen, allowed=allowed)
        if scored.floor is not None:  # what it knows may be about other items than may be shown
            opinion[part] &= (items[part] >= 0).any(axis=1)
    if chosen is not None:
        items = np.append(chosen, np.int32(-1))[items]  # -1, no item, picks the last
    return Recommendations(items, scores, catalogue, opinion, queries.users or (None,) * batch)


def _known_codes(queries: Queries, candidates: Sequence[Id]) -> Codes:
    """Return the codes of known candidates, rising, so that ties go to the lower code here too."""
    codes = np.unique(queries.catalogue.ids.encode(list(candidates)))
    return codes[codes >= 0]


def _seen(queries: Queries, chosen: Codes | None) -> tuple[Offsets, Codes]:
    """Return each history's items as columns of the scores."""
    indptr, codes = queries.not_again()
    if chosen is None:
        return indptr, codes
    place = np.minimum(np.searchsorted(chosen, codes), max(0, len(chosen) - 1))
    hit = chosen[place] == codes if len(chosen) else np.zeros(len(codes), dtype=np.bool_)
    counted = np.concatenate([np.zeros(1, np.int64), np.cumsum(hit)])
    return counted[indptr], place[hit].astype(np.int32)
