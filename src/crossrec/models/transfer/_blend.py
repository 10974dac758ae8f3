"""Blend: what each part says about one domain's items, on one scale, and the sum of that by weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from crossrec.core.arrays import Bools, Codes, Floats
from crossrec.core.catalogue import Catalogue
from crossrec.core.query import Queries, Query
from crossrec.core.vocabulary import Vocabulary
from crossrec.models.histories import Histories
from crossrec.models.recommender import Recommender

__all__ = ["CONTROL", "FAINT", "FLOOR", "TRANSFER", "Blend", "control_name", "weighed"]

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
    def _places(self) -> Codes:
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
        return [_on_one_scale(told[:, items], np.ones(1, dtype=np.bool_))[0] for items in self.items]

    def views(self, queries: Queries, code: int, weights: Floats | None = None) -> Floats:
        """Return Float32[3, B, I of the domain]: what control, transfer and floor say, rows with mean 0 and spread 1.

        A part that has no opinion on a history says 0 about every item.

        Args:
            queries: B queries on the catalogue's codes.
            code: The domain.
            weights: Float32[B, 3] that the parts have; one without any is not asked. None asks all.
        """
        found = np.zeros((3, len(queries), len(self.items[code])), dtype=np.float32)
        asked = np.ones(3) if weights is None else weights.max(axis=0)
        control = self.parts.get(control_name(code)) if asked[CONTROL] > 0 else None
        if control is not None:
            scores = control.score(self.cut(queries, code))
            found[CONTROL] = _on_one_scale(scores.values, scores.opinion)
        transfer = self.parts.get("transfer") if asked[TRANSFER] > 0 else None
        if transfer is not None:
            scores = transfer.score(queries.to(None))
            found[TRANSFER] = _on_one_scale(scores.values[:, self.items[code]], scores.opinion)
        found[FLOOR] = self.floors[code]
        return found

    def cut(self, queries: Queries, code: int) -> Queries:
        """Return queries in a domain's own codes; what was done elsewhere is unknown there."""
        here = (queries.items >= 0) & (self.catalogue.domains[queries.items] == code)
        own = np.where(here, self._places[queries.items], np.int32(-1)).astype(np.int32)
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


def _on_one_scale(values: Floats, opinion: Bools) -> Floats:
    """Subtract each row's mean and divide by its spread."""
    found = np.zeros(values.shape, dtype=np.float32)
    _scale(np.ascontiguousarray(values), opinion, found)
    return found


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
