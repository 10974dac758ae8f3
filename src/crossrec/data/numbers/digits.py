"""Lines of numbers to columns of numbers: the bytes of a plain file, many lines at a time, on all cores.

A field is read only where there is one way to write it: `7`, `3.5`. Anything else, `007`, `+7`, ` 7`, an empty field, a
line too short or too long, a value out of range, makes the whole file odd, and it is read in a more patient way.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["DigitRows", "NumberFile", "Ranges", "block_starts", "rows_of"]

_BLOCK_BYTES, _LONGEST = 2**24, 2**12
_SHORTEST = 4
"""Bytes of the shortest line: two ids of a digit, a separator, a newline."""
_PLACES = {"user_id": 0, "item_id": 1, "rating": 2, "timestamp": 3}
_RATING, _OTHER = 2, 4
_NEWLINE, _ZERO, _POINT = (ord(sign) for sign in "\n0.")
_ID_DIGITS, _DIGITS = 9, 15
"""Ids fit in 32 bits; a number of fifteen digits over a power of ten is exact before it is rounded once."""
_Bytes: TypeAlias = NDArray[np.uint8]
_Columns: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float32], NDArray[np.int64]]
_Limits: TypeAlias = tuple[np.float32, np.float32, int, int, int]


@dataclass(frozen=True)
class NumberFile:
    """A plain file, each line a row, whose ids may be whole numbers.

    Args:
        path: The text.
        separator: The character between fields.
        fields: What each column is: "user_id", "item_id", "rating", "timestamp", or empty for one that is not wanted.
        skip: Lines of header.
    """

    path: Path
    separator: str
    fields: tuple[str, ...]
    skip: int


@dataclass(frozen=True)
class Ranges:
    """What values must lie in.

    Args:
        rating: Lowest and highest.
        time: The first, and the first after the last, milliseconds.
        unit: Milliseconds of one step of the file's times.
    """

    rating: tuple[float, float]
    time: tuple[int, int]
    unit: int


class DigitRows(NamedTuple):
    """Rows of a block in the order of the file: users, items, ratings, times; without those in the file, NaN or 1990.

    `ascending`: each user and item come after those of the row before.
    """

    columns: _Columns
    ascending: bool


def block_starts(file: NumberFile) -> range:
    """Say at which bytes the blocks of a file begin."""
    return range(0, file.path.stat().st_size, _BLOCK_BYTES)


def rows_of(file: NumberFile, start: int, ranges: Ranges) -> DigitRows | None:
    """Read the rows whose lines begin in a block; None where one is odd."""
    text = _whole_lines(file, start)
    if text is None:
        return None
    most = len(text) // _SHORTEST
    users, items, ratings, times = columns = (
        np.empty(most, dtype=np.uint32),
        np.empty(most, dtype=np.uint32),
        np.empty(most, dtype=np.float32),
        np.empty(most, dtype=np.int64),
    )
    kinds = np.array([_PLACES.get(name, _OTHER) for name in file.fields], dtype=np.int8)
    lowest, highest = (np.float32(limit) for limit in ranges.rating)
    limits = (lowest, highest, *ranges.time, ranges.unit)
    rows, ascending = _parse(text, kinds, ord(file.separator), limits, columns)
    if rows < 0:
        return None
    if "rating" not in file.fields:
        ratings[:rows] = np.nan
    if "timestamp" not in file.fields:
        times[:rows] = ranges.time[0]
    return DigitRows((users[:rows], items[:rows], ratings[:rows], times[:rows]), ascending)


def _whole_lines(file: NumberFile, start: int) -> _Bytes | None:
    """Read the lines that begin in a block, without those of the header; None where one is too long."""
    before = min(start, 1)  # the byte before the block tells whether a line begins with it
    with file.path.open("rb", buffering=0) as stream:
        text = os.pread(stream.fileno(), before + _BLOCK_BYTES + _LONGEST, start - before)
    ended = len(text) < before + _BLOCK_BYTES + _LONGEST
    if ended and not text.endswith(b"\n"):
        text += b"\n"
    first = text.find(b"\n") + 1 if before else 0
    for _ in range(0 if start else file.skip):
        first = text.find(b"\n", first) + 1
    last = text.find(b"\n", before + _BLOCK_BYTES - 1) + 1 or (len(text) if ended else 0)
    return np.frombuffer(text, dtype=np.uint8)[first:last] if last else None


@numba.njit(cache=True, nogil=True)
def _parse(
    text: _Bytes, kinds: NDArray[np.int8], separator: int, limits: _Limits, columns: _Columns
) -> tuple[int, bool]:
    """Read lines of fields into columns that are long enough.

    Returns:
        How many lines there were, -1 where one is odd; whether users and items ascend.
    """
    users, items, ratings, times = columns
    lowest, highest, earliest, latest, unit = limits
    place, row, ascending = 0, 0, True
    while place < len(text):
        for column in range(len(kinds)):
            kind, ends = kinds[column], _NEWLINE if column == len(kinds) - 1 else separator
            if kind == _OTHER:
                while text[place] != ends and text[place] != _NEWLINE:
                    place += 1
            else:
                place, number, fraction = _number(text, place, _ID_DIGITS if kind < _RATING else _DIGITS)
                if fraction < 0 or (fraction and kind != _RATING):
                    return -1, False
                if kind == 0:
                    users[row] = number
                elif kind == 1:
                    items[row] = number
                elif kind == _RATING:
                    ratings[row] = np.float32(number / 10.0**fraction)
                    if not lowest <= ratings[row] <= highest:
                        return -1, False
                else:
                    times[row] = number * unit
                    if not earliest <= times[row] < latest:
                        return -1, False
            if text[place] != ends:
                return -1, False
            place += 1
        if row:
            same = users[row - 1] == users[row]
            ascending &= (users[row - 1] < users[row]) | (same & (items[row - 1] < items[row]))
        row += 1
    return row, ascending


@numba.njit(inline="always")
def _number(text: _Bytes, place: int, most: int) -> tuple[int, np.int64, int]:
    """Read a number at a place.

    Returns:
        The place after it, its digits as one whole number, and how many of them are behind the point: -1 where it is
        odd or has too many.
    """
    begin, number, fraction = place, np.int64(0), 0
    while np.uint8(text[place] - _ZERO) < 10:
        number = number * 10 + np.int64(text[place] - _ZERO)
        place += 1
    digits = place - begin
    odd = digits == 0 or (text[begin] == _ZERO and digits > 1)
    if text[place] == _POINT:
        place += 1
        while np.uint8(text[place] - _ZERO) < 10:
            number = number * 10 + np.int64(text[place] - _ZERO)
            place += 1
            fraction += 1
        odd |= fraction == 0
    return place, number, -1 if odd or digits + fraction > most else fraction
