"""Stochastic gradient steps on pairs of a liked and another item, the same on any number of threads.

Users and items are cut into as many blocks each. The cells of a diagonal of this grid share no row, so threads take
them in any order and no bit changes; and what one cell touches stays in the processor's cache. Items are cut anew
each epoch, so that in the long run every pair of items is compared alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Floats, Offsets

__all__ = ["Factors", "blocks_for", "one_epoch"]

Draws = NDArray[np.uint32]
_BLOCKS, _ROWS_A_BLOCK, _TRIES = 16, 64, 8
_ONE = np.float32(1)


class Factors(NamedTuple):
    """What is learned: a score is user · item + bias of the item.

    Args:
        users: Float32[U, D].
        items: Float32[I, D].
        biases: Float32[I].
    """

    users: Floats
    items: Floats
    biases: Floats


def blocks_for(shape: tuple[int, ...]) -> int:
    """Return in how many blocks the users, and the items, of a matrix are cut."""
    return max(1, min(_BLOCKS, min(shape) // _ROWS_A_BLOCK))


def one_epoch(
    factors: Factors, seen: sp.csr_array, chance: np.random.Generator, *, learning_rate: float, l2: float
) -> None:
    """Compare each liked item with one that its user did not have, and step, in place.

    Args:
        factors: What is learned.
        seen: [U, I] CSR of what each user had, with sorted indices.
        chance: Draws the blocks and the other items.
        learning_rate: Length of a step, > 0.
        l2: Penalty of the vectors and the bias that a step touches, >= 0.
    """
    blocks, items = blocks_for(seen.shape), seen.shape[1]
    order = chance.permutation(items).astype(np.int32)
    cuts = np.linspace(0, items, blocks + 1).astype(np.int64)
    block_of = np.empty(items, dtype=np.int32)
    block_of[order] = np.repeat(np.arange(blocks, dtype=np.int32), np.diff(cuts))
    indptr, codes = seen.indptr.astype(np.int64), seen.indices.astype(np.int32, copy=False)
    bounds = np.searchsorted(indptr, np.linspace(0, seen.nnz, blocks + 1)).astype(np.int64)
    bounds[0], bounds[-1] = 0, seen.shape[0]
    starts = np.zeros((blocks, blocks + 1), dtype=np.int64)
    users, liked = np.empty(seen.nnz, dtype=np.int32), np.empty(seen.nnz, dtype=np.int32)
    draws = chance.integers(0, 2**32, seen.nnz, dtype=np.uint32)
    with numba.parallel_chunksize(1):  # cells differ in size: who is done takes the next
        _deal(indptr, codes, bounds, block_of, starts, users, liked)
        _epoch(*factors, users, liked, draws, starts, order, cuts, np.float32(learning_rate), np.float32(l2))


@numba.njit(cache=True, parallel=True, nogil=True)
def _deal(
    indptr: Offsets, codes: Codes, bounds: Offsets, block_of: Codes, starts: Offsets, users: Codes, liked: Codes
) -> None:  # pragma: no cover - compiled
    """Sort the cells of each block of users by the block of their item, users and items staying in order."""
    for block in numba.prange(len(bounds) - 1):
        first, last = bounds[block], bounds[block + 1]
        place = np.zeros(len(bounds) - 1, np.int64)
        for at in range(indptr[first], indptr[last]):
            place[block_of[codes[at]]] += 1
        total = indptr[first]
        for other in range(len(place)):
            starts[block, other] = total
            total += place[other]
            place[other] = starts[block, other]
        starts[block, len(place)] = total
        for user in range(first, last):
            for at in range(indptr[user], indptr[user + 1]):
                to = place[block_of[codes[at]]]
                users[to], liked[to] = user, codes[at]
                place[block_of[codes[at]]] = to + 1


@numba.njit(cache=True, parallel=True, nogil=True)
def _epoch(
    vectors: Floats,
    items: Floats,
    biases: Floats,
    users: Codes,
    liked: Codes,
    draws: Draws,
    starts: Offsets,
    order: Codes,
    cuts: Offsets,
    rate: np.float32,
    l2: np.float32,
) -> None:  # pragma: no cover - compiled
    """Go through the grid, a diagonal after the other; its cells share neither users nor items."""
    blocks = len(cuts) - 1
    for shift in range(blocks):
        for block in numba.prange(blocks):
            other = (block + shift) % blocks
            start, stop = starts[block, other], starts[block, other + 1]
            pool = order[cuts[other] : cuts[other + 1]]
            _cell(vectors, items, biases, users[start:stop], liked[start:stop], draws[start:stop], pool, rate, l2)


@numba.njit(cache=True, nogil=True)
def _cell(
    vectors: Floats,
    items: Floats,
    biases: Floats,
    users: Codes,
    liked: Codes,
    draws: Draws,
    pool: Codes,
    rate: np.float32,
    l2: np.float32,
) -> None:  # pragma: no cover - compiled
    """Step once for each liked item; who had every item that is drawn in some tries is passed over."""
    start = 0
    while start < len(users):
        stop = start + 1
        while stop < len(users) and users[stop] == users[start]:
            stop += 1
        mine, vector = liked[start:stop], vectors[users[start]]
        for at in range(start, stop):
            draw = draws[at]
            for _ in range(_TRIES):
                other = pool[np.int64((np.uint64(draw) * np.uint64(len(pool))) >> np.uint64(32))]
                place = np.searchsorted(mine, other)
                if place == len(mine) or mine[place] != other:
                    _step(vector, items[liked[at]], items[other], biases, liked[at], other, rate, l2)
                    break
                draw = np.uint32(np.uint64(draw) * np.uint64(1_664_525) + np.uint64(1_013_904_223))
        start = stop


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _step(
    user: Floats,
    liked: Floats,
    other: Floats,
    biases: Floats,
    code: int,
    other_code: int,
    rate: np.float32,
    l2: np.float32,
) -> None:  # pragma: no cover - compiled
    """Move one user and two items against the gradient of -ln σ(x) + l2 / 2 · (their squares)."""
    x = biases[code] - biases[other_code]
    for k in range(len(user)):
        x += user[k] * (liked[k] - other[k])
    push = rate * (_ONE / (_ONE + np.exp(x)))
    fade = _ONE - rate * l2
    biases[code] = fade * biases[code] + push
    biases[other_code] = fade * biases[other_code] - push
    for k in range(len(user)):
        u, a, b = user[k], liked[k], other[k]
        user[k] = fade * u + push * (a - b)
        liked[k] = fade * a + push * u
        other[k] = fade * b - push * u
