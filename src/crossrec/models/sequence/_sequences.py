"""Histories as sequences of item codes, and as batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Offsets
from crossrec.core.clock import random
from crossrec.core.event import is_taste
from crossrec.core.query import Queries

__all__ = ["Sequences", "rounds", "sequences_of"]


@dataclass(frozen=True, eq=False)
class Sequences:
    """Items of N histories, oldest first.

    Args:
        indptr: Int64[N + 1] row pointers.
        items: Int32[nnz] item codes, all known.
    """

    indptr: Offsets
    items: Codes

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Int64[N] items of each history."""
        return np.diff(self.indptr)

    def padded(self, rows: NDArray[np.int64], filler: int) -> NDArray[np.int64]:
        """Return Int64[B, L] the items of some histories, the first at place 0, and a filler behind the last."""
        lengths = self.lengths[rows]
        places = np.arange(int(lengths.max(initial=0)))
        inside = places[None, :] < lengths[:, None]
        table = np.full(inside.shape, filler, dtype=np.int64)
        table[inside] = self.items[(self.indptr[:-1][rows][:, None] + places)[inside]]
        return table


def sequences_of(queries: Queries, longest: int) -> Sequences:
    """Take of each history the newest items that are known and liked.

    Args:
        queries: B histories on the model's own codes.
        longest: Items kept of each, >= 1.
    """
    good = (queries.items >= 0) & is_taste(queries.kinds)
    counts = np.bincount(queries.rows[good], minlength=len(queries))
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    items = queries.items[good]
    from_behind = np.repeat(indptr[1:], counts) - np.arange(len(items))
    kept = from_behind <= longest
    ends = np.cumsum(np.minimum(counts, longest))
    return Sequences(np.concatenate([np.zeros(1, np.int64), ends]), items[kept])


def rounds(lengths: NDArray[np.int64], size: int, *, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
    """Give the rows of an epoch in batches of similar length, in an order that seed and epoch fix.

    Batches are cut by their items, not by their rows: each holds about as many as `size` rows of mean length. A mean
    loss over batches of equally many rows would let an item of a short history weigh many times one of a long.

    Args:
        lengths: Int64[N], rows of length 0 are left out.
        size: Rows of a batch on average, >= 1.
        seed: With the epoch fixes who is together.
        epoch: The first is 0.
    """
    chance = random(seed * 100_003 + epoch)
    order = np.lexsort((chance.random(len(lengths)), lengths))
    order = order[lengths[order] > 0]
    if not len(order):
        return
    ends = np.cumsum(lengths[order])
    share = size * ends[-1] / len(order)
    batches = np.split(order, np.flatnonzero(np.diff((ends - 1) // share)) + 1)
    for place in chance.permutation(len(batches)).tolist():
        yield batches[place]
