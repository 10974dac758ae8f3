"""An epoch of pairwise learning, where a person is the sum of the items of their history.

One thread: each step builds on the one before, and two threads would give another answer in each run.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats, Offsets

__all__ = ["Side", "learn_pairs"]


class Side(NamedTuple):
    """Vectors, and the sum of their squared gradients so far, which AdaGrad divides steps by.

    Args:
        vectors: Float32[I, D + 1]; the last is a bias, or unused.
        squares: Float32[I, D + 1].
    """

    vectors: Floats
    squares: Floats

    @classmethod
    def at_random(cls, size: tuple[int, int], chance: np.random.Generator) -> Side:
        """Draw small vectors."""
        vectors = chance.standard_normal(size, dtype=np.float32) * np.float32(0.1)
        return cls(vectors, np.full(size, 0.1, dtype=np.float32))


def learn_pairs(
    seen: sp.csr_array, past: Side, items: Side, chance: np.random.Generator, *, rate: float, l2: float
) -> None:
    """Take one step for each cell, in place.

    Args:
        seen: [U, I] CSR of ones.
        past: What an item adds to its person.
        items: What a person is multiplied with; the last dimension is the item's bias.
        chance: Draws the order of persons and one item a cell.
        rate: Step.
        l2: Penalty on what a pair touches.
    """
    order = chance.permutation(seen.shape[0]).astype(np.int32)
    drawn = chance.integers(0, seen.shape[1], seen.nnz, dtype=np.int32)
    arrays = seen.indptr.astype(np.int64), seen.indices.astype(np.int32, copy=False)
    _learn(order, drawn, *arrays, *past, *items, np.float32(rate), np.float32(l2))


@numba.njit(cache=True, nogil=True)
def _gain(person: Floats, liked: Floats, other: Floats) -> np.float32:  # pragma: no cover - compiled
    """Return how much a pair's log likelihood rises with its difference: 1 - sigmoid(difference)."""
    size = len(person)
    difference = liked[size] - other[size]
    for k in range(size):
        difference += person[k] * (liked[k] - other[k])
    return np.float32(1) / (np.float32(1) + np.exp(difference))


@numba.njit(cache=True, nogil=True)
def _learn(
    order: Codes,
    drawn: Codes,
    indptr: Offsets,
    codes: Codes,
    past: Floats,
    past_squares: Floats,
    items: Floats,
    item_squares: Floats,
    rate: np.float32,
    l2: np.float32,
) -> None:  # pragma: no cover - compiled
    size = past.shape[1] - 1
    whole, person = np.empty(size, np.float32), np.empty(size, np.float32)
    pull, gained = np.empty(size, np.float32), np.empty(size, np.float32)
    owner = np.full(len(items), -1, np.int32)
    for user in order:
        start, stop = indptr[user], indptr[user + 1]
        if stop - start < 2:  # without the item of the pair nothing is left of the history
            continue
        whole[:], gained[:] = 0, 0
        for at in range(start, stop):
            owner[codes[at]] = user
            for k in range(size):
                whole[k] += past[codes[at], k]
        share = np.float32(1) / np.sqrt(np.float32(stop - start - 1))
        for at in range(start, stop):
            if owner[drawn[at]] == user:
                continue
            own, liked, other = past[codes[at]], items[codes[at]], items[drawn[at]]
            for k in range(size):
                person[k] = (whole[k] - own[k]) * share
            gain = _gain(person, liked, other)
            for k in range(size):
                pull[k] = gain * (liked[k] - other[k]) * share
                gained[k] += pull[k]
            _step_pair(liked, item_squares[codes[at]], person, gain, rate, l2)
            _step_pair(other, item_squares[drawn[at]], person, -gain, rate, l2)
            _take_back(own, past_squares[codes[at]], pull, rate)
        for at in range(start, stop):
            _step(past[codes[at]], past_squares[codes[at]], gained, rate, l2)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _step_pair(
    item: Floats, squares: Floats, person: Floats, gain: np.float32, rate: np.float32, l2: np.float32
) -> None:  # pragma: no cover - compiled
    """Move an item towards a person, or away where the gain is negative, and its bias with it."""
    size = len(person)
    for k in range(size):
        gradient = gain * person[k] - l2 * item[k]
        squares[k] += gradient * gradient
        item[k] += rate * gradient / np.sqrt(squares[k])
    gradient = gain - l2 * item[size]
    squares[size] += gradient * gradient
    item[size] += rate * gradient / np.sqrt(squares[size])


@numba.njit(cache=True, nogil=True, fastmath=True)
def _step(
    own: Floats, squares: Floats, gained: Floats, rate: np.float32, l2: np.float32
) -> None:  # pragma: no cover - compiled
    """Move a past item by what all pairs of its person gained."""
    for k in range(len(gained)):
        gradient = gained[k] - l2 * own[k]
        squares[k] += gradient * gradient
        own[k] += rate * gradient / np.sqrt(squares[k])


@numba.njit(cache=True, nogil=True, fastmath=True)
def _take_back(own: Floats, squares: Floats, pull: Floats, rate: np.float32) -> None:  # pragma: no cover - compiled
    """Take from an item what the pair it was left out of will give it."""
    for k in range(len(pull)):
        own[k] -= rate * pull[k] / np.sqrt(squares[k])
