"""XXH64 of text columns, compiled; the same numbers as Spark's `xxhash64` gives.

Source: the XXH64 specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["FIRST_SEED", "hashed"]

FIRST_SEED = 42
"""What Spark begins with."""

_P1, _P2, _P3 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
_P4, _P5 = np.uint64(0x85EBCA77C2B2AE63), np.uint64(0x27D4EB2F165667C5)
_SLICE = 1_000_000
"""Rows whose bytes are laid side by side at once."""


def hashed(columns: Sequence[pl.Series], start: str, *, rows: int) -> pl.Series:
    """Hash the rows of some text columns, each value begun with the hash of the one before; a null changes nothing.

    Args:
        columns: All of the same length.
        start: A text that comes before all columns.
        rows: That length.

    Returns:
        UInt64.
    """
    begun = np.frombuffer(start.encode(), dtype=np.uint8)
    first = _texts(begun, np.array([0, len(begun)]), np.ones(1, np.bool_), np.full(1, FIRST_SEED, np.uint64))
    state = np.full(rows, first[0], dtype=np.uint64)
    for column in columns:
        for begin in range(0, len(column), _SLICE):
            part = column.slice(begin, _SLICE)
            ends = part.str.len_bytes().fill_null(0).cum_sum().to_numpy().astype(np.int64)
            joined = "" if part.null_count() == len(part) else part.str.join("", ignore_nulls=True).item()
            data = np.frombuffer(joined.encode(), dtype=np.uint8)
            state[begin : begin + len(part)] = _texts(
                data,
                np.concatenate([np.zeros(1, np.int64), ends]),
                part.is_not_null().to_numpy(),
                state[begin : begin + len(part)],
            )
    return pl.Series(state)


@numba.njit(cache=True, nogil=True)
def _rotated(value: np.uint64, bits: int) -> np.uint64:  # pragma: no cover - compiled
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@numba.njit(cache=True, nogil=True)
def _word(data: NDArray[np.uint8], at: int, size: int) -> np.uint64:  # pragma: no cover - compiled
    """Read a little-endian number of `size` bytes."""
    value = np.uint64(0)
    for place in range(size):
        value |= np.uint64(data[at + place]) << np.uint64(8 * place)
    return value


@numba.njit(cache=True, nogil=True)
def _round(state: np.uint64, lane: np.uint64) -> np.uint64:  # pragma: no cover - compiled
    return _rotated(state + lane * _P2, 31) * _P1


@numba.njit(cache=True, nogil=True)
def _stripes(data: NDArray[np.uint8], start: int, stop: int, seed: np.uint64) -> np.uint64:  # pragma: no cover
    """Take all whole stripes of 32 bytes, in four lanes."""
    one, two, three, four = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
    for at in range(start, stop - 31, 32):
        one = _round(one, _word(data, at, 8))
        two = _round(two, _word(data, at + 8, 8))
        three = _round(three, _word(data, at + 16, 8))
        four = _round(four, _word(data, at + 24, 8))
    whole = _rotated(one, 1) + _rotated(two, 7) + _rotated(three, 12) + _rotated(four, 18)
    for lane in (one, two, three, four):
        whole = (whole ^ _round(np.uint64(0), lane)) * _P1 + _P4
    return whole


@numba.njit(cache=True, nogil=True)
def _texts(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], given: NDArray[np.bool_], seeds: NDArray[np.uint64]
) -> NDArray[np.uint64]:  # pragma: no cover - compiled
    """Hash each text that is given with its own seed; where none is, the seed stays."""
    out = seeds.copy()
    for row in range(len(seeds)):
        if not given[row]:
            continue
        at, stop = offsets[row], offsets[row + 1]
        length = stop - at
        value = _stripes(data, at, stop, seeds[row]) if length >= 32 else seeds[row] + _P5
        at += length // 32 * 32
        value += np.uint64(length)
        while stop - at >= 8:
            value = _rotated(value ^ _round(np.uint64(0), _word(data, at, 8)), 27) * _P1 + _P4
            at += 8
        if stop - at >= 4:
            value = _rotated(value ^ (_word(data, at, 4) * _P1), 23) * _P2 + _P3
            at += 4
        while at < stop:
            value = _rotated(value ^ (np.uint64(data[at]) * _P5), 11) * _P1
            at += 1
        value = (value ^ (value >> np.uint64(33))) * _P2
        value = (value ^ (value >> np.uint64(29))) * _P3
        out[row] = value ^ (value >> np.uint64(32))
    return out
