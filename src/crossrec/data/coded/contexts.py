"""What rows of codes say beside user, item, rating and time, as JSON objects."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.data.coded.names import Names
from crossrec.data.coded.row import Rows

__all__ = ["contexts"]

_FIELDS = ("verified", "votes", "variant")
_LONGEST = 48
"""Bytes of the signs, the number of votes and the truth of a row, without keys and variant."""
_NEWLINE, _OPEN, _CLOSE, _COMMA, _QUOTE, _ZERO = (ord(sign) for sign in '\n{},"0')
_Bytes = NDArray[np.uint8]
_Numbers = NDArray[np.int64]


def contexts(rows: Rows, keys: Mapping[str, str], items: Names) -> pl.Series:
    """Write `verified`, `votes` and `variant` of rows.

    Args:
        rows: The rows.
        keys: Field -> its key in the context.
        items: What variants are called.

    Returns:
        Text; null where a row has none of them.
    """
    names = [f'"{keys.get(name, "")}":'.encode() for name in _FIELDS]
    starts = np.cumsum([0, *map(len, names)], dtype=np.int64)
    codes = rows["variant"][rows["variant"] >= 0]
    letters, ends = items.letters, items.ends
    size = len(rows) * (int(starts[-1]) + _LONGEST) + int((ends[codes + 1] - ends[codes]).sum())
    out = np.empty(size, dtype=np.uint8)
    used, blank = _write(rows, np.frombuffer(b"".join(names), dtype=np.uint8), starts, letters, ends, out)
    text = pl.read_lines(io.BytesIO(out[:used].data), name="context").to_series()
    return text.set(text == "", None) if blank else text


@numba.njit(cache=True, nogil=True)
def _write(
    rows: Rows, names: _Bytes, starts: _Numbers, letters: _Bytes, ends: _Numbers, out: _Bytes
) -> tuple[int, bool]:
    """Write a line for each row; return the bytes that were written, and whether a line is blank."""
    place, blank = 0, False
    for row in rows:
        begin = place
        if row.verified >= 0:
            place = _name(names, starts, 0, out, place, begin)
            for letter in b"true" if row.verified else b"false":
                out[place] = letter
                place += 1
        if row.votes >= 0:
            place = _number(out, _name(names, starts, 1, out, place, begin), row.votes)
        if row.variant >= 0:
            place = _name(names, starts, 2, out, place, begin)
            out[place] = _QUOTE
            for at in range(ends[row.variant], ends[row.variant + 1] - 1):
                place += 1
                out[place] = letters[at]
            out[place + 1] = _QUOTE
            place += 2
        if place == begin:
            blank = True
        else:
            out[place] = _CLOSE
            place += 1
        out[place] = _NEWLINE
        place += 1
    return place, blank


@numba.njit(forceinline=True)
def _name(names: _Bytes, starts: _Numbers, which: int, out: _Bytes, place: int, begin: int) -> int:
    """Write what stands before a value, and return the place of the value."""
    out[place] = _OPEN if place == begin else _COMMA
    for at in range(starts[which], starts[which + 1]):
        place += 1
        out[place] = names[at]
    return place + 1


@numba.njit(forceinline=True)
def _number(out: _Bytes, place: int, number: int) -> int:
    """Write a whole number that is not negative, and return the place after it."""
    digits, rest = 1, number // 10
    while rest:
        digits, rest = digits + 1, rest // 10
    for at in range(place + digits - 1, place - 1, -1):
        out[at] = _ZERO + number % 10
        number //= 10
    return place + digits
