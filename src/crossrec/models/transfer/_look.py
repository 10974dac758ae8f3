"""A look at some histories: what a gated model works out once for all domains that it is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Floats
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.models.transfer._blend import TRANSFER, Blend, Within
from crossrec.models.transfer._gate import stage_of

__all__ = ["Look"]


@dataclass(frozen=True, eq=False)
class Look:
    """B histories, and what the parts say of them, each asked once.

    Args:
        blend: The parts.
        dials: Float32[D, 5, 2, 3], see `dials_of`.
        queries: B queries on the catalogue's codes.
        several: Several domains are asked about, so that it pays to ask transfer about all items at once.
    """

    blend: Blend
    dials: Floats
    queries: Queries
    several: bool = False

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Int64[B, D], the items of each domain in each history."""
        catalogue, (indptr, items) = self.blend.catalogue, self.queries.seen()
        size, places = len(catalogue.domain_ids), catalogue.domains.take(items).astype(np.int64)
        if len(self.queries) > 1:
            places += np.repeat(np.arange(len(self.queries)) * size, np.diff(indptr))
        return np.bincount(places, minlength=len(self.queries) * size).reshape(len(self.queries), size)

    def weights(self, code: int) -> Floats:
        """Return Float32[B, 3], the weights of the parts in one domain."""
        own = self.counts[:, code]
        elsewhere = self.counts.sum(axis=1) > own
        found: Floats = self.dials[code, stage_of(own), elsewhere.astype(np.int64)]
        return found

    def within(self, code: int) -> Within:
        """Blend what the parts say of one domain's items; those without a weight are not asked."""
        weights = self.weights(code)
        across = self._across(code) if self.several and (weights[:, TRANSFER] > 0).any() else None
        return Within(self.blend.weighed(self.queries, code, weights, across), self.blend, code)

    def _across(self, code: int) -> Scores | None:
        """Return what transfer says of one domain's items, worked out with all others."""
        if (scores := self._everywhere) is None:
            return None
        return Scores(np.take(scores.values, self.blend.items[code], axis=1), scores.opinion)

    @cached_property
    def _everywhere(self) -> Scores | None:
        return self.blend.across(self.queries)
