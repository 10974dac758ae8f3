"""JSON lines to rows of codes and numbers, many lines at a time: the bytes are gone over once, and checked on the way.

A line is read only where there is one way to understand it: one object of strict JSON, each wanted key once and
written without escapes, ids of printable ASCII, numbers without exponents. Any other line is odd, and left to a parser
that is more patient.

All that is compiled together is in this file but `words`, since the compiler's cache asks when one file changed.
"""

from __future__ import annotations

from typing import TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.data.coded.row import FIELDS, Limits, Rows
from crossrec.data.coded.words import WORD, same

__all__ = ["parse"]

_USER, _ITEM, _VARIANT, _RATING, _TIME, _VERIFIED, _VOTES, _ODD = range(len(FIELDS))
_NEEDED = 0b0011011
_NEWLINE, _RETURN, _QUOTE, _ESCAPE, _COMMA, _COLON, _OPEN, _CLOSE = (ord(sign) for sign in '\n\r"\\,:{}')
_LIST, _POINT, _MINUS, _ZERO = (ord(sign) for sign in "[.-0")
_PRINTABLE, _LAST_PRINTABLE = 32, 126
_CHUNK, _MEMBERS, _DEEPEST, _DIGITS, _RATING_DIGITS = 32, 16, 60, 15, 7
_POWERS = 10.0 ** np.arange(_DIGITS + 1)
_Bytes: TypeAlias = NDArray[np.uint8]
_Numbers: TypeAlias = NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def parse(
    text: _Bytes,
    letters: _Bytes,
    starts: _Numbers,
    limits: Limits,
    rows: Rows,
    spans: _Numbers,
    odd: _Numbers,
    counted: _Numbers,
) -> tuple[int, int]:
    """Read whole lines.

    Args:
        text: UInt8[N], the last a newline.
        letters: Of the keys, in the order of `FIELDS`.
        starts: Int64[F + 1], where each key begins; an empty one is not there.
        limits: What a row must keep.
        rows: `ROW`[…], with room; ids are left out.
        spans: Int64[…, 3, 2], with room: where user, item and variant of each row begin and end; -1: it has none.
        odd: Int64[…, 4], with room: where odd lines begin and end, their line and position.
        counted: Int64[2]: lines and rows so far, odd ones too; kept up.

    Returns:
        How many rows and how many odd lines there are.
    """
    found = np.zeros((len(FIELDS), 2), dtype=np.int64)
    known = np.zeros((_MEMBERS, 3), dtype=np.int64)
    place, row, odds = 0, 0, 0
    while place < len(text):
        counted[0] += 1
        end = place + (text[place] == _RETURN)
        if text[end] == _NEWLINE:
            place = end + 1
            continue
        end = _object(text, place, letters, starts, limits, known, found)
        if end < 0:
            end = place
            while text[end] != _NEWLINE:
                end += 1
            end += 1
            odd[odds, 0], odd[odds, 1], odd[odds, 2], odd[odds, 3] = place, end, counted[0], counted[1]
            odds += 1
        else:
            for field in range(_RATING):
                spans[row, field, 0], spans[row, field, 1] = found[field, 0], found[field, 1]
            rows[row].rating = np.float32(found[_RATING, 0] / _POWERS[found[_RATING, 1]])
            rows[row].timestamp = found[_TIME, 0] * limits.unit
            rows[row].verified, rows[row].votes = found[_VERIFIED, 0], found[_VOTES, 0]
            rows[row].line, rows[row].position = counted[0], counted[1]
            row += 1
        counted[1] += 1
        place = end
    return row, odds


@numba.njit(cache=True, nogil=True)
def _object(
    text: _Bytes, place: int, letters: _Bytes, starts: _Numbers, limits: Limits, known: _Numbers, found: _Numbers
) -> int:
    """Read a line from its first byte: what is found of the fields, and the place of the next line; -1: it is odd."""
    found[_VARIANT, 0] = found[_VARIANT, 1] = found[_VERIFIED, 0] = found[_VOTES, 0] = -1
    seen, member = 0, 0
    if text[place] != _OPEN:
        return -1
    while True:
        place, field = _member(text, place + 1, letters, starts, known, min(member, _MEMBERS - 1))
        if place < 0:
            return -1
        if field == -1:
            place = _value(text, place)
        elif seen >> field & 1:
            return -1
        else:
            seen |= 1 << field
            place = _read(text, place, field, limits, found)
        if place < 0:
            return -1
        place = _space(text, place)
        if text[place] != _COMMA:
            break
        member += 1
    if text[place] != _CLOSE or seen & _NEEDED != _NEEDED:
        return -1
    place = _space(text, place + 1)
    return place + 1 if text[place] == _NEWLINE else -1


@numba.njit(forceinline=True)
def _member(
    text: _Bytes, place: int, letters: _Bytes, starts: _Numbers, known: _Numbers, member: int
) -> tuple[int, int]:
    """Read a key up to its value; objects of a file mostly have their keys in one order, so the last is tried first.

    `known`: Int64[M, 3]: where the key of each member was read last, its bytes with all before its value, its field.

    Returns:
        The place of the value, -1 where it is odd; the field, -1 for none.
    """
    before, length = known[member, 0], known[member, 1]
    if length >= WORD and place + length <= len(text) and same(text, place, text, before, length):
        return place + length, known[member, 2]  # a shorter one is not worth it
    key = end = _space(text, place) + 1
    if text[key - 1] != _QUOTE:
        return -1, -1
    while text[end] != _QUOTE:
        if text[end] == _ESCAPE or text[end] < _PRINTABLE:
            return -1, -1
        end += 1
    value = _space(text, end + 1)
    if text[value] != _COLON:
        return -1, -1
    value, field = _space(text, value + 1), _field_of(text, key, end, letters, starts)
    known[member, 0], known[member, 1], known[member, 2] = place, value - place, field
    return value, field


@numba.njit(forceinline=True)
def _field_of(text: _Bytes, start: int, end: int, letters: _Bytes, starts: _Numbers) -> int:
    """Say which field a key is of."""
    for field in range(len(FIELDS)):
        if end - start == starts[field + 1] - starts[field] and same(text, start, letters, starts[field], end - start):
            return field if end > start else -1
    return -1


@numba.njit(cache=True, nogil=True)
def _read(text: _Bytes, place: int, field: int, limits: Limits, found: _Numbers) -> int:
    """Read the value of a field, and return the place after it; -1: it is odd."""
    if field <= _VARIANT:
        if text[place] != _QUOTE:
            return -1
        start = place = place + 1
        while _PRINTABLE <= text[place] <= _LAST_PRINTABLE and text[place] != _QUOTE and text[place] != _ESCAPE:
            if field == _VARIANT and not _is_letter(text[place]):
                return -1
            place += 1
        if text[place] != _QUOTE or not 0 < place - start <= limits.longest:
            return -1
        found[field, 0], found[field, 1] = start, place
        return place + 1
    if field == _VERIFIED:
        first = text[place]
        found[field, 0] = first == ord("t")
        return _scalar(text, place) if first == ord("t") or first == ord("f") else -1
    if field == _ODD:
        return -1
    quoted = field == _VOTES and text[place] == _QUOTE
    place, number, fraction = _number(text, place + quoted, _RATING_DIGITS if field == _RATING else _DIGITS)
    if quoted and place > 0:
        place = place + 1 if text[place] == _QUOTE else -1
    if place < 0 or (fraction and field != _RATING):
        return -1
    found[field, 0], found[field, 1] = number, fraction
    if field == _RATING and not limits.lowest <= np.float32(number / _POWERS[fraction]) <= limits.highest:
        return -1
    if field == _TIME and not limits.earliest <= number * limits.unit < limits.latest:
        return -1
    return place


@numba.njit(cache=True, nogil=True)
def _value(text: _Bytes, place: int) -> int:
    """Skip a value with all that is in it, and return the place after it; -1: it is odd."""
    depth, objects = 0, 0  # a bit for each level: is it an object?
    while True:
        first = text[place]
        if first == _QUOTE:
            place = _string(text, place + 1)
        elif first in (_LIST, _OPEN):
            inner = _space(text, place + 1)
            if text[inner] == first + 2:
                place = inner + 1
            else:
                depth, objects = depth + 1, objects << 1 | (first == _OPEN)
                place = _key(text, inner) if first == _OPEN else inner
                if place < 0 or depth > _DEEPEST:
                    return -1
                continue
        else:
            place = _scalar(text, place)
        if place < 0:
            return -1
        while depth:
            place = _space(text, place)
            if text[place] == _COMMA:
                place = _space(text, place + 1)
                place = _key(text, place) if objects & 1 else place
                break
            if text[place] != (_CLOSE if objects & 1 else _LIST + 2):
                return -1
            depth, objects, place = depth - 1, objects >> 1, place + 1
        if place < 0 or not depth:
            return place


@numba.njit(forceinline=True)
def _key(text: _Bytes, place: int) -> int:
    """Skip a key and its colon, and return the place of its value; -1: it is odd."""
    if text[place] != _QUOTE:
        return -1
    place = _string(text, place + 1)
    if place < 0:
        return -1
    place = _space(text, place)
    return _space(text, place + 1) if text[place] == _COLON else -1


@numba.njit(cache=True, nogil=True)
def _string(text: _Bytes, place: int) -> int:
    """Skip the rest of a string, and return the place after its last quote; -1: it is odd."""
    while True:
        while place + _CHUNK <= len(text):
            ends = False
            for byte in text[place : place + _CHUNK]:
                ends |= (byte == _QUOTE) | (byte == _ESCAPE) | (byte < _PRINTABLE)
            if ends:
                break
            place += _CHUNK
        while text[place] != _QUOTE and text[place] != _ESCAPE and text[place] >= _PRINTABLE:
            place += 1
        if text[place] == _QUOTE:
            return place + 1
        if text[place] < _PRINTABLE:
            return -1
        place = _escape(text, place + 1)
        if place < 0:
            return -1


@numba.njit(cache=True, nogil=True)
def _escape(text: _Bytes, place: int) -> int:
    """Skip what follows a backslash; -1: it is no escape. Half of an emoji is one: cut texts have it."""
    sign = text[place]
    if sign == ord("u"):
        for _ in range(4):
            place += 1
            low = text[place] | 32
            if not (_is_digit(text[place]) or ord("a") <= low <= ord("f")):
                return -1
        return place + 1
    for known in b'"\\/bfnrt':
        if sign == known:
            return place + 1
    return -1


@numba.njit(cache=True, nogil=True)
def _scalar(text: _Bytes, place: int) -> int:
    """Skip a number, true, false or null; -1: it is odd."""
    for name in (b"true", b"false", b"null"):
        if text[place] == name[0]:
            for letter in name:
                if text[place] != letter:
                    return -1
                place += 1
            return place
    return _number(text, place + (text[place] == _MINUS), _DIGITS)[0]


@numba.njit(forceinline=True)
def _number(text: _Bytes, place: int, most: int) -> tuple[int, np.int64, int]:
    """Read a number without sign or exponent.

    Returns:
        The place after it, -1 where it is odd or has too many digits; its digits as one whole number, and how many of
        them are behind the point.
    """
    begin, number, fraction = place, np.int64(0), 0
    while _is_digit(text[place]):
        number = number * 10 + np.int64(text[place] - _ZERO)
        place += 1
    digits = place - begin
    odd = digits == 0 or (text[begin] == _ZERO and digits > 1)
    if text[place] == _POINT:
        place += 1
        while _is_digit(text[place]):
            number = number * 10 + np.int64(text[place] - _ZERO)
            place += 1
            fraction += 1
        odd |= fraction == 0
    odd |= digits + fraction > most or text[place] | 32 == ord("e")
    return -1 if odd else place, number, fraction


@numba.njit(forceinline=True)
def _space(text: _Bytes, place: int) -> int:
    """Skip white space within a line."""
    while text[place] == ord(" ") or text[place] == ord("\t") or text[place] == ord("\r"):
        place += 1
    return place


@numba.njit(forceinline=True)
def _is_digit(byte: int) -> bool:
    return ord("0") <= byte <= ord("9")


@numba.njit(forceinline=True)
def _is_letter(byte: int) -> bool:
    """Is it a letter or digit of ASCII?"""
    return _is_digit(byte) or ord("a") <= byte | 32 <= ord("z")
