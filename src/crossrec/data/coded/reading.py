"""A stream of JSON lines to rows of codes, block by block."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.core.event import MAX_ID_BYTES
from crossrec.data.coded.file import CodedFile
from crossrec.data.coded.months import MonthFile
from crossrec.data.coded.names import Names
from crossrec.data.coded.parsing import parse
from crossrec.data.coded.row import FIELDS, ROW, SHORTEST, Limits, Rows
from crossrec.data.numbers.digits import Ranges
from crossrec.data.numbers.held import Seen
from crossrec.data.storing.budget import fits

__all__ = ["Form", "Patient", "read_coded"]

Patient: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]
"""Parses lines one by one: from `line` and `text` to the columns of `Reading.rows`."""
_BATCH = 2**18
_ODD_BYTES, _ODD_ROWS = 2**22, 200_000
_LOOK, _ODD_SHARE = 10_000, 0.1
_COPIES = 3
"""How often ids may be in memory: in their table, in one that grows, as text."""


@dataclass(frozen=True)
class Form:
    """How the objects of a file are read.

    Args:
        keys: Field of `FIELDS` -> key; without those that the file does not have.
        ranges: What ratings and times must lie in.
        context: "verified", "votes" and "variant" -> their keys in the context.
    """

    keys: Mapping[str, str]
    ranges: Ranges
    context: Mapping[str, str]


def read_coded(
    blocks: Iterable[tuple[int, bytes]], form: Form, patient: Patient, *, file: str, folder: Path
) -> CodedFile | None:
    """Read whole lines, block by block, as codes.

    Args:
        blocks: Each with the number of its first line.
        form: How the objects are read.
        patient: What parses lines that are odd.
        file: The file as messages call it.
        folder: For rows; made anew.

    Returns:
        None where too many lines are odd, or the ids would not fit in memory.
    """
    folder.mkdir(parents=True)
    reader = _Reader(form, patient, MonthFile(folder / "rows"))
    for first, block in blocks:
        if not reader.take(first, block):
            return None
    return reader.finished(file)


@dataclass
class _Reader:
    """What was read so far.

    `_rows`: the batch, of which `_used` are filled. `_odd`: odd lines that are not parsed yet, and where they stand.
    """

    form: Form
    patient: Patient
    months: MonthFile
    users: Names = field(default_factory=Names)
    items: Names = field(default_factory=Names)
    occur: Seen = field(default_factory=Seen)
    _rows: Rows = field(default_factory=lambda: np.empty(_BATCH, dtype=ROW))
    _used: int = 0
    _counted: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    _spans: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 3, 2), dtype=np.int64))
    _odd_spans: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 4), dtype=np.int64))
    _odd: list[tuple[int, int, bytes]] = field(default_factory=list)
    _odd_bytes: int = 0
    _parsed: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = [self.form.keys.get(name, "").encode() for name in FIELDS]
        self._keys = np.frombuffer(b"".join(names), dtype=np.uint8)
        self._key_starts = np.cumsum([0, *map(len, names)], dtype=np.int64)
        ranges = self.form.ranges
        lowest, highest = (np.float32(limit) for limit in ranges.rating)
        self._limits = Limits(lowest, highest, *ranges.time, ranges.unit, MAX_ID_BYTES)
        self._parsed.append(self._patiently([]))

    def take(self, first: int, block: bytes) -> bool:
        """Take the next lines; false where it does not pay, or does not fit."""
        text = np.frombuffer(block, dtype=np.uint8)
        self._make_room(len(text))
        self._counted[0] = first - 1
        rows, odds = parse(
            text,
            self._keys,
            self._key_starts,
            self._limits,
            self._rows[self._used :],
            self._spans,
            self._odd_spans,
            self._counted,
        )
        fresh, spans = self._rows[self._used : self._used + rows], self._spans[:rows]
        fresh["user_id"] = self.users.codes(text, spans[:, 0])
        fresh["item_id"] = self.items.codes(text, spans[:, 1])
        fresh["variant"] = self.items.codes(text, spans[:, 2])
        self._used += rows
        for start, end, line, position in self._odd_spans[:odds].tolist():
            self._odd.append((line, position, block[start:end]))
            self._odd_bytes += end - start
        if self._odd_bytes > _ODD_BYTES:
            self._parse_odd()
        count = int(self._counted[1])
        odd, most = count - self._used - len(self.months), min(max(_LOOK, count) * _ODD_SHARE, _ODD_ROWS)
        held = _COPIES * (self.users.nbytes + self.items.nbytes)
        return odd <= most and fits(held, 1)

    def finished(self, file: str) -> CodedFile:
        """Return what was read once there are no more lines."""
        self._put_away()
        self._parse_odd()
        odd = pl.concat(self._parsed)
        return CodedFile(
            file, self.months, self.users.ids(), self.items, self.occur, odd, self.form.ranges.unit, self.form.context
        )

    def _make_room(self, size: int) -> None:
        """See to it that the rows of a block of some bytes fit."""
        most = size // SHORTEST + 1
        if self._used + most > len(self._rows):
            self._put_away()
            if most > len(self._rows):
                self._rows = np.empty(most, dtype=ROW)
        if most > len(self._spans):
            self._spans = np.empty((most, 3, 2), dtype=np.int64)
            self._odd_spans = np.empty((size // 2 + 1, 4), dtype=np.int64)

    def _put_away(self) -> None:
        """Write the batch."""
        if self._used:
            rows = self._rows[: self._used]
            self.occur.mark(np.ascontiguousarray(rows["item_id"]))
            self.months.add(rows)
            self._used = 0

    def _parse_odd(self) -> None:
        """Parse the odd lines that wait."""
        if self._odd:
            self._parsed.append(self._patiently(self._odd))
            self._odd, self._odd_bytes = [], 0

    def _patiently(self, lines: list[tuple[int, int, bytes]]) -> pl.DataFrame:
        """Parse some lines; without any the columns have their types."""
        places = {"line": [line for line, *_ in lines], "position": [position for _, position, _ in lines]}
        numbers = pl.DataFrame(places, schema={"line": pl.Int64, "position": pl.Int64})
        text = pl.DataFrame(schema={"text": pl.String})
        if lines:
            text = pl.read_lines(io.BytesIO(b"".join(line for *_, line in lines)), name="text")
        table = numbers.select("line").hstack(text)
        return self.patient(table).join(numbers, on="line", how="left", maintain_order="left")
