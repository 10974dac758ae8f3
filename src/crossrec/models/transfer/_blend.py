"""Blend: what each part says about one domain's items, on one scale, and the sum of that by weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numba
import numpy as np

from crossrec.core.arrays import Bools, Codes, Floats, Offsets
from crossrec.core.catalogue import Catalogue
from crossrec.core.query import Queries, Query
from crossrec.core.recommendations import Scores, top_k
from crossrec.core.vocabulary import Vocabulary
from crossrec.models.histories import Histories
from crossrec.models.recommender import Recommender

__all__ = ["CONTROL", "FAINT", "FLOOR", "TRANSFER", "Blend", "Within", "control_name", "weighed"]

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
        for name, part in self.parts.items():
            _, _, code = name.partition(".")
            part.catalogue_ = self.catalogue.restrict(self.items[int(code)]) if code else self.catalogue
            part.histories_ = _nobody(part.catalogue_)

    @cached_property
    def floors(self) -> list[Floats]:
        """Float32[I of the domain] for each domain: what the floor says, to anybody."""
        told = np.log1p(
            np.maximum(self.parts["floor"].score(Queries.from_queries([Query()], self.catalogue)).values, 0)
        )
        floors = [np.zeros((1, len(items)), dtype=np.float32) for items in self.items]
        for items, found in zip(self.items, floors, strict=True):
            _on_one_scale(told[:, items], np.ones(1, dtype=np.bool_), found)
        return [found[0] for found in floors]

    def across(self, queries: Queries) -> Scores | None:
        """Return what transfer says of all items, on its own scale; None where there is no transfer."""
        transfer = self.parts.get("transfer")
        return None if transfer is None else transfer.score(queries.to(None))

    def views(self, queries: Queries, code: int, weights: Floats | None = None, across: Scores | None = None) -> Floats:
        """Return Float32[3, B, I of the domain]: what control, transfer and floor say, rows with mean 0 and spread 1.

        A part that has no opinion on a history says 0 about every item.

        Args:
            queries: B queries on the catalogue's codes.
            code: The domain.
            weights: Float32[B, 3] that the parts have; one without any is not asked. None asks all.
            across: What `across` says of the same queries, where that is known already.
        """
        found = np.zeros((3, len(queries), len(self.items[code])), dtype=np.float32)
        asked = [weights is None or bool((weights[:, place] > 0).any()) for place in range(3)]
        control = self.parts.get(control_name(code)) if asked[CONTROL] else None
        if control is not None:
            own = self.cut(queries, code)
            if not control.needs_history or bool((own.items >= 0).any()):
                scores = control.score(own)
                _on_one_scale(scores.values, scores.opinion, found[CONTROL])
        if asked[TRANSFER]:
            across = across or self.across(queries)
            if across is not None:
                _on_one_scale(np.take(across.values, self.items[code], axis=1), across.opinion, found[TRANSFER])
        found[FLOOR] = self.floors[code]
        return found

    def cut(self, queries: Queries, code: int) -> Queries:
        """Return queries in a domain's own codes; what was done elsewhere is unknown there."""
        here = (queries.items >= 0) & (self.catalogue.domains[queries.items] == code)
        own = np.where(here, self.places[queries.items], np.int32(-1)).astype(np.int32)
        catalogue = self.parts[control_name(code)].catalogue_
        return dataclasses.replace(queries, items=own, catalogue=catalogue, domain=None, had=None)


def weighed(views: Floats, weights: Floats) -> Floats:
    """Return Float32[B, I], the sum of what parts say.

    Args:
        views: Float32[3, B, I].
        weights: Float32[B, 3].
    """
    control, transfer, floor = (weights[:, place, None] for place in range(3))
    return np.asarray(
        control * views[CONTROL] + transfer * views[TRANSFER] + np.maximum(floor, np.float32(FAINT)) * views[FLOOR],
        dtype=np.float32,
    )


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


def _on_one_scale(values: Floats, opinion: Bools, found: Floats) -> None:
    """Subtract each row's mean and divide by its spread; `found` comes as zeros."""
    _scale(np.ascontiguousarray(values), opinion, found)


@numba.njit(cache=True, parallel=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _scale(values: Floats, opinion: Bools, found: Floats) -> None:  # pragma: no cover - compiled
    """Fill in the rows that say something; all others stay 0."""
    size = values.shape[1]
    for row in numba.prange(values.shape[0]):
        if not opinion[row] or size == 0:
            continue
        total, largest = 0.0, np.float32(0)
        for value in values[row]:
            total += value
            largest = max(largest, abs(value))
        mean, square = np.float32(total / size), 0.0
        for value in values[row]:
            square += np.float64(value - mean) ** 2
        spread = np.float32(np.sqrt(square / size))
        if spread > np.float32(1e-6) * largest:
            for code in range(size):
                found[row, code] = (values[row, code] - mean) / spread


def _nobody(catalogue: Catalogue) -> Histories:
    """Return the histories of no one."""
    return Histories(Vocabulary([]), Queries.from_queries([], catalogue))
