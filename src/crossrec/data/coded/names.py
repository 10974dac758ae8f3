"""Ids and their codes: a hash table of bytes that grows."""

from __future__ import annotations

import io
from typing import NamedTuple, TypeAlias

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.data.coded.words import WORD, same, word

__all__ = ["Names"]

_FIRST = 2**12
_NEWLINE = ord("\n")
_LOW, _HALF, _MANY = np.uint64(2**32 - 1), np.uint64(32), np.uint64(0x9E3779B97F4A7C15)
_Bytes: TypeAlias = NDArray[np.uint8]
_Numbers: TypeAlias = NDArray[np.int64]


class _Table(NamedTuple):
    """Ids and their codes.

    Args:
        slots: UInt64[2^k]: half of the hash of an id, and its code + 1; 0 is empty.
        ends: Int64[N + 1]: where the letters of the codes before each end.
        letters: UInt8[M]: all ids, each with a newline.
        size: Int64[1]: how many there are.
    """

    slots: NDArray[np.uint64]
    ends: _Numbers
    letters: _Bytes
    size: _Numbers


class Names:
    """The ids that came, each once, in the order in which they came."""

    def __init__(self) -> None:
        self._table = _Table(
            np.zeros(2 * _FIRST, dtype=np.uint64),
            np.zeros(_FIRST + 1, dtype=np.int64),
            np.empty(16 * _FIRST, dtype=np.uint8),
            np.zeros(1, dtype=np.int64),
        )

    def __len__(self) -> int:
        return int(self._table.size[0])

    @property
    def letters(self) -> _Bytes:
        """UInt8: all ids, each with a newline."""
        return self._table.letters[: self.ends[-1]]

    @property
    def ends(self) -> _Numbers:
        """Int64[N + 1]: where the letters of the codes before each end."""
        return self._table.ends[: len(self) + 1]

    @property
    def nbytes(self) -> int:
        """Bytes that the table takes."""
        return sum(array.nbytes for array in self._table)

    def codes(self, text: _Bytes, spans: _Numbers) -> NDArray[np.int64]:
        """Give ids their codes; a new one gets the next.

        Args:
            text: UInt8[N] in which they stand.
            spans: Int64[I, 2], where each begins and ends; -1 is none.

        Returns:
            Int64[I]; -1 for none.
        """
        self._make_room(len(spans), int((spans[:, 1] - spans[:, 0]).sum()))
        return _codes(text, spans, *self._table)

    def _make_room(self, ids: int, letters: int) -> None:
        """See to it that so many new ids fit, and all their letters."""
        slots, ends, text, size = self._table
        wanted, used = len(self) + ids, int(ends[len(self)])
        if wanted >= len(ends):
            ends = np.concatenate([ends, np.zeros(max(wanted, len(ends)), dtype=np.int64)])
        if used + letters + ids > len(text):
            text = np.concatenate([text, np.empty(max(letters + ids, len(text) // 2), dtype=np.uint8)])
        if 2 * wanted > len(slots):
            slots = _spread(slots, 2 ** (2 * wanted).bit_length())
        self._table = _Table(slots, ends, text, size)

    def ids(self) -> pl.Series:
        """Return all ids in the order of their codes."""
        if not len(self):
            return pl.Series(dtype=pl.String)
        return pl.read_lines(io.BytesIO(self.letters.data)).to_series().rechunk()


@numba.njit(cache=True, nogil=True)
def _codes(
    text: _Bytes, spans: _Numbers, slots: NDArray[np.uint64], ends: _Numbers, letters: _Bytes, size: _Numbers
) -> _Numbers:
    """Look ids up, and add those that are new; see `_Table`."""
    codes, hashes = np.empty(len(spans), dtype=np.int64), np.empty(len(spans), dtype=np.uint64)
    mask = np.uint64(len(slots) - 1)
    for row in range(len(spans)):  # a loop of its own has many slots on their way from memory at a time
        hashes[row] = _hash(text, spans[row, 0], spans[row, 1] - spans[row, 0])
        slot = hashes[row] & mask
        while slots[slot] and slots[slot] >> _HALF != hashes[row]:
            slot = (slot + np.uint64(1)) & mask
        codes[row] = slot
    for row in range(len(spans)):
        start, length = spans[row, 0], spans[row, 1] - spans[row, 0]
        if start < 0:
            codes[row] = -1
            continue
        high, slot = hashes[row], np.uint64(codes[row])
        while slots[slot]:
            known = np.int64(slots[slot] & _LOW) - 1
            if (
                slots[slot] >> _HALF == high
                and ends[known + 1] - ends[known] == length + 1
                and same(text, start, letters, ends[known], length)
            ):
                break
            slot = (slot + np.uint64(1)) & mask
        if not slots[slot]:
            known = size[0]
            size[0] += 1
            slots[slot] = high << _HALF | np.uint64(known + 1)
            for place in range(length):
                letters[ends[known] + place] = text[start + place]
            letters[ends[known] + length] = _NEWLINE
            ends[known + 1] = ends[known] + length + 1
        codes[row] = known
    return codes


@numba.njit(forceinline=True)
def _hash(text: _Bytes, start: int, length: int) -> np.uint64:
    """Hash some bytes to 32 bits, eight at a time: multiplied in as by FNV-1a, the high bits folded into the low."""
    found, end = np.uint64(length), start + length
    if length >= WORD:  # the last word overlaps the one before
        while start + WORD < end:
            found = (found ^ word(text, start)) * _MANY
            found ^= found >> _HALF
            start += WORD
        found = (found ^ word(text, end - WORD)) * _MANY
    while length < WORD and start < end:
        found = (found ^ np.uint64(text[start])) * _MANY
        start += 1
    return ((found ^ found >> _HALF) * _MANY) >> _HALF


@numba.njit(cache=True, nogil=True)
def _spread(slots: NDArray[np.uint64], count: int) -> NDArray[np.uint64]:
    """Put the slots of a table into one of 2^k slots."""
    wider = np.zeros(count, dtype=np.uint64)
    mask = np.uint64(count - 1)
    for taken in slots:
        if taken:
            slot = (taken >> _HALF) & mask
            while wider[slot]:
                slot = (slot + np.uint64(1)) & mask
            wider[slot] = taken
    return wider
