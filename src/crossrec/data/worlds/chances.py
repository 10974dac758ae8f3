"""Chances that depend on what they are for and on nothing else: not on chunks, threads or order.

Every stream starts from a hash of the seed, a purpose and two numbers (a user and a domain, say) and goes on by
SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014).
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles

__all__ = [
    "ACTIVITY",
    "ARRIVAL",
    "CHANGE",
    "GENOME",
    "LISTS",
    "PLACES",
    "POPULARITY",
    "PRICE",
    "ROWS",
    "TAGS",
    "TASTE",
    "THING",
    "begin",
    "below",
    "draw",
    "draw_normal",
    "normals",
    "uniforms",
]

# What a stream is for: two purposes never share one.
ARRIVAL = 0
ACTIVITY = 1
PLACES = 2
TASTE = 3
CHANGE = 4
THING = 5
POPULARITY = 6
PRICE = 7
ROWS = 8
LISTS = 9
TAGS = 10
GENOME = 11

_STEP = np.uint64(0x9E3779B97F4A7C15)
_ONE, _TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_R30, _R27, _R31, _R11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_SCALE = 2.0**-53


@numba.njit(cache=True, inline="always")
def _mixed(x: Any) -> Any:
    x = (x ^ (x >> _R30)) * _ONE
    x = (x ^ (x >> _R27)) * _TWO
    return x ^ (x >> _R31)


@numba.njit(cache=True, nogil=True)
def begin(state: NDArray[np.uint64], seed: int, purpose: int, one: int, other: int) -> None:
    """Set a stream's state, uint64[1], to its start."""
    x = _mixed(np.uint64(seed) + _STEP)
    x = _mixed(x + np.uint64(purpose) * _STEP + _ONE)
    x = _mixed(x + np.uint64(one) * _STEP + _TWO)
    state[0] = _mixed(x + np.uint64(other) * _STEP + _STEP)


@numba.njit(cache=True, inline="always")
def draw(state: NDArray[np.uint64]) -> float:
    """Draw the next number in [0, 1)."""
    state[0] += _STEP
    return float((_mixed(state[0]) >> _R11) * _SCALE)


@numba.njit(cache=True, inline="always")
def draw_normal(state: NDArray[np.uint64]) -> float:
    """Draw the next standard normal number (Box and Muller)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - draw(state)))
    return radius * math.cos(2.0 * math.pi * draw(state))


@numba.njit(cache=True, nogil=True)
def below(cumulative: Doubles, length: int, at: float) -> int:
    """Return the first place among `length` whose cumulative weight is above `at`; the last where none is."""
    low, high = 0, length - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > at:
            high = middle
        else:
            low = middle + 1
    return low


@numba.njit(cache=True, nogil=True)
def uniforms(seed: int, purpose: int, other: int, first: int, count: int) -> Doubles:
    """Draw float64[count] in [0, 1): the first number of each of the streams first, first + 1 and so on."""
    found = np.empty(count, dtype=np.float64)
    state = np.empty(1, dtype=np.uint64)
    for i in range(count):
        begin(state, seed, purpose, first + i, other)
        found[i] = draw(state)
    return found


@numba.njit(cache=True, nogil=True)
def normals(seed: int, purpose: int, other: int, first: int, shape: tuple[int, int]) -> Doubles:
    """Draw standard normal float64[shape]: the first numbers of each of the streams first, first + 1 and so on."""
    found = np.empty(shape, dtype=np.float64)
    state = np.empty(1, dtype=np.uint64)
    for i in range(shape[0]):
        begin(state, seed, purpose, first + i, other)
        for j in range(shape[1]):
            found[i, j] = draw_normal(state)
    return found
