"""Blend: what each part says about one domain's items, on one scale, and the sum of that by weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from crossrec.core.arrays import Bools, Codes, Floats, Offsets, threads_for
from crossrec.core.catalogue import Catalogue
from crossrec.core.query import Queries, Query
from crossrec.core.recommendations import Scores, top_k
from crossrec.core.vocabulary import Vocabulary
from crossrec.models.abilities import ScoresPart
from crossrec.models.histories import Histories
from crossrec.models.recommender import Recommender
from crossrec.models.transfer._scales import on_one_scale, weigh

__all__ = ["CONTROL", "FAINT", "FLOOR", "TRANSFER", "Blend", "Within", "control_name"]

CONTROL = 0
"""Places of the parts in weights: of one domain alone, …"""
TRANSFER = 1
"""… of all domains, …"""
FLOOR = 2
"""… and of who has no history."""
FAINT = 1e-3
"""Weight of the floor where it has none: it only orders what the others say nothing about."""


def control_name(code: int) -> str:
    """Return the name of the part that knows one domain alone."""
    return f"control.{code}"


@dataclass(frozen=True, eq=False)
class Blend:
    """The parts of a gated model over one catalogue.

    Args:
        catalogue: All items.
        parts: "floor" and "transfer" over all items, and "control.0" … over the items of one domain each; a domain
            without a control, and a model without transfer, have none.
    """

    catalogue: Catalogue
    parts: Mapping[str, Recommender]

    @cached_property
    def items(self) -> list[Codes]:
        """The item codes of each domain."""
        size = len(self.catalogue.domain_ids)
        return [np.flatnonzero(self.catalogue.domains == code).astype(np.int32) for code in range(size)]

    @cached_property
    def held(self) -> list[int]:
        """The codes of the domains that have items."""
        return [code for code, items in enumerate(self.items) if len(items)]

    @cached_property
    def places(self) -> Codes:
        """Int32[I], the place of each item among those of its domain."""
        places = np.empty(len(self.catalogue), dtype=np.int32)
        for items in self.items:
            places[items] = np.arange(len(items), dtype=np.int32)
        return places

    def attach(self) -> None:
        """Give each part its items, and the history of nobody: persons are kept once, and can be erased there."""
        names = self.catalogue.domain_names
        for name, part in self.parts.items():
            _, _, code = name.partition(".")
            part.catalogue_ = self.catalogue.domain(names[int(code)])[1] if code else self.catalogue
            part.histories_ = _nobody(part.catalogue_)

    @cached_property
    def floors(self) -> list[Floats]:
        """Float32[I of the domain] for each domain: what the floor says, to anybody."""
        told = np.log1p(
            np.maximum(self.parts["floor"].score(Queries.from_queries([Query()], self.catalogue)).values, 0)
        )
        floors = [np.zeros(len(items), dtype=np.float32) for items in self.items]
        for items, found in zip(self.items, floors, strict=True):
            on_one_scale(told[0, items], found)
        return floors

    def across(self, queries: Queries, code: int | None = None) -> Scores | None:
        """Return what transfer says of a domain's items, or of all, on its own scale; None where there is none."""
        transfer, asked = self.parts.get("transfer"), queries.to(None)
        if transfer is None or code is None:
            return None if transfer is None else transfer.score(asked)
        if isinstance(transfer, ScoresPart) and len(queries) > 1:  # of one, to pick the domain's out of all is less
            return transfer.score_part(asked, self.items[code])
        scores = transfer.score(asked)
        return Scores(np.take(scores.values, self.items[code], axis=1), scores.opinion)

    def width(self, code: int) -> int:
        """Return how many items a query about one domain has scored."""
        return len(self.items[code] if isinstance(self.parts.get("transfer"), ScoresPart) else self.catalogue)

    def opinions(
        self, queries: Queries, code: int, weights: Floats | None = None, across: Scores | None = None
    ) -> tuple[Floats, Bools, Floats, Bools]:
        """Return what control and transfer say about a domain's items, each on its own scale, and where they do.

        Args:
            queries: B queries on the catalogue's codes.
            code: The domain.
            weights: Float32[B, 3] that the parts have; one without any is not asked. None asks all.
            across: What `across` says of the domain's items, where that is known already.

        Returns:
            Float32[B, I of the domain] and Bool[B] of each; of a part that is not asked Float32[B, 0].
        """
        asked = [weights is None or bool((weights[:, place] > 0).any()) for place in (CONTROL, TRANSFER)]
        control, alone = self.parts.get(control_name(code)), None
        if control is not None and asked[CONTROL]:
            own = self.cut(queries, code)
            if not control.needs_history or bool((own.items >= 0).any()):
                alone = control.score(own)
        if across is None and asked[TRANSFER]:
            across = self.across(queries, code)
        one, other = alone or _silence(len(queries)), across or _silence(len(queries))
        return np.ascontiguousarray(one.values), one.opinion, np.ascontiguousarray(other.values), other.opinion

    def weighed(self, queries: Queries, code: int, weights: Floats, across: Scores | None = None) -> Floats:
        """Return Float32[B, I of the domain], the sum of what the parts say, each row with mean 0 and spread 1.

        A part that has no opinion on a history says 0 about every item.

        Args:
            queries: B queries on the catalogue's codes.
            code: The domain.
            weights: Float32[B, 3].
            across: See `opinions`.
        """
        opinions, floor = self.opinions(queries, code, weights, across), self.floors[code]
        found = np.empty((len(queries), len(floor)), dtype=np.float32)
        with threads_for(0 if len(found) == 1 else found.size):
            weigh(*opinions, floor, np.maximum(weights, np.array([0, 0, FAINT], dtype=np.float32)), found)
        return found

    def cut(self, queries: Queries, code: int) -> Queries:
        """Return queries in a domain's own codes; what was done elsewhere is unknown there."""

        def own(items: Codes) -> Codes:
            found = self.places.take(items)
            found[self.catalogue.domains.take(items) != code] = -1
            return found

        return queries.within(self.parts[control_name(code)].catalogue_, own)


@dataclass(frozen=True, eq=False)
class Within:
    """Scores of the items of one domain, of which lists of the whole catalogue's codes are made.

    Args:
        values: Float32[B, I of the domain].
        blend: Whose domain.
        code: Which.
    """

    values: Floats
    blend: Blend
    code: int
    floor: ClassVar[None] = None
    """Every score counts."""

    @property
    def opinion(self) -> Bools:
        """Bool[B], all true: popularity has one on everybody."""
        return np.ones(len(self.values), dtype=np.bool_)

    def best(
        self, k: int, *, seen: tuple[Offsets, Codes] | None = None, allowed: Bools | None = None
    ) -> tuple[Codes, Floats]:
        """Pick the k best items of each row, codes being those of the catalogue; see `Scores`."""
        own = self.blend.items[self.code]
        if seen is not None:
            indptr, codes = seen
            here = self.blend.catalogue.domains[codes] == self.code
            counted = np.concatenate([np.zeros(1, np.int64), np.cumsum(here)])
            seen = counted[indptr], self.blend.places[codes[here]]
        places, scores = top_k(self.values, k, seen=seen, allowed=None if allowed is None else allowed[own])
        items, short = np.where(places >= 0, own[places], np.int32(-1)), min(k, len(self.blend.catalogue)) - len(own)
        if short <= 0:
            return items, scores
        ends = ((0, 0), (0, short))
        return np.pad(items, ends, constant_values=-1), np.pad(scores, ends, constant_values=-np.inf)


def _silence(batch: int) -> Scores:
    """Return the scores of a part that was not asked."""
    return Scores(np.empty((batch, 0), dtype=np.float32), np.zeros(batch, dtype=np.bool_))


def _nobody(catalogue: Catalogue) -> Histories:
    """Return the histories of no one."""
    return Histories(Vocabulary([]), Queries.from_queries([], catalogue))
