"""Rows of numbers in memory, cut by month as they come from the file.

Numbers take a third of the memory of text, and are compared and counted several times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.core.clock import MILLISECONDS_PER_DAY
from crossrec.data.intake.row_checks import EARLIEST, LATEST
from crossrec.data.numbers.digits import NumberFile, Ranges, block_starts, rows_of
from crossrec.data.storing.counting import Counts

__all__ = ["COLUMNS", "FIRST_DAY", "UNTIMED", "Held", "Seen", "month_number", "months_of_days"]

COLUMNS = ("user_id", "item_id", "rating", "timestamp")
UNTIMED = -1
"""Stands for a month where rows have no time."""
_READERS = 2
FIRST_DAY = EARLIEST // MILLISECONDS_PER_DAY
_FIRST_YEAR = 1990
_LOOKED_UP = 2**22
_Words: TypeAlias = NDArray[np.uint64]
_Rows: TypeAlias = tuple[
    NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float32], NDArray[np.int64], NDArray[np.uint32]
]


class _Piece(NamedTuple):
    """Rows of one block, those of a month together: the columns and the rows' places in the file.

    `starts`: Int64[M + 1], where each month begins. `first` and `last`: user and item of the first and the last row
    in the order of the file; `ascending`: all between them ascend.
    """

    columns: _Rows
    starts: NDArray[np.int64]
    first: tuple[int, int]
    last: tuple[int, int]
    ascending: bool


@dataclass
class Seen:
    """Which whole numbers occurred: a bit for each."""

    bits: _Words = field(default_factory=lambda: np.zeros(1, dtype=np.uint64))

    def mark(self, numbers: NDArray[np.uint32]) -> None:
        """Take note of some numbers."""
        words = (int(numbers.max()) >> 6) + 1
        if words > len(self.bits):
            wider = np.zeros(max(words, 2 * len(self.bits)), dtype=np.uint64)
            wider[: len(self.bits)] = self.bits
            self.bits = wider
        _mark(numbers, self.bits)

    def count(self) -> int:
        """Count the numbers that occurred."""
        return int(np.bitwise_count(self.bits).sum(dtype=np.int64))

    def ids(self) -> pl.Series:
        """Return the numbers as text, the smallest first."""
        return pl.Series("item_id", self.numbers()).cast(pl.String)

    def text(self, numbers: pl.Series) -> pl.Series:
        """Return numbers that occurred as text; where they are small it is looked up, which is faster than written."""
        words = self._words
        return words.gather(numbers).alias(numbers.name) if len(words) else numbers.cast(pl.String)

    @cached_property
    def _words(self) -> pl.Series:
        """The text of every number up to the largest, asked for when all are known; none where that is too many."""
        size = 64 * len(self.bits)
        return pl.Series(np.arange(size if size <= _LOOKED_UP else 0, dtype=np.uint32)).cast(pl.String)

    def numbers(self) -> NDArray[np.uint64]:
        """Return the numbers, the smallest first."""
        words = np.flatnonzero(self.bits)
        flags = np.unpackbits(self.bits[words].view(np.uint8), bitorder="little").reshape(-1, 64)
        places, bits = np.nonzero(flags)
        return (words[places] * 64 + bits).astype(np.uint64)


@dataclass
class Held:
    """Rows by month: those of each block lie together in the order of the file.

    Args:
        timed: The rows have times.
        rated: They have ratings.
    """

    timed: bool
    rated: bool
    users: Seen = field(default_factory=Seen)
    items: Seen = field(default_factory=Seen)
    rows: int = 0
    ascending: bool = True
    _pieces: list[_Piece] = field(default_factory=list)
    _before: tuple[int, int] = (-1, -1)

    def read(self, file: NumberFile, ranges: Ranges) -> bool:
        """Take the rows of a file; false where one of them is odd."""
        months = months_of_days()
        with ThreadPoolExecutor(_READERS) as readers:
            for piece in readers.map(lambda start: _piece(file, start, ranges, months), block_starts(file)):
                if piece is None:
                    readers.shutdown(cancel_futures=True)
                    return False
                if len(piece.columns[0]):
                    self._add(piece)
        return True

    def _add(self, piece: _Piece) -> None:
        """Take the next rows of the file."""
        users, items, *_, places = piece.columns
        self.ascending &= piece.ascending and self._before < piece.first
        self._before = piece.last
        self.users.mark(users)
        self.items.mark(items)
        places += np.uint32(self.rows)
        self._pieces.append(piece)
        self.rows += len(users)

    @property
    def months(self) -> Iterator[int]:
        """Give the months that have rows, counted from January 1990."""
        if not self.timed:
            yield UNTIMED
            return
        sizes = sum(np.diff(piece.starts) for piece in self._pieces)
        yield from np.flatnonzero(sizes).tolist()

    def month(self, month: int) -> pl.DataFrame:
        """Return the rows of a month, with `position` as the place in the file."""
        if month == UNTIMED:
            spans = [(piece.columns, 0, len(piece.columns[0])) for piece in self._pieces]
        else:
            spans = [(piece.columns, piece.starts[month], piece.starts[month + 1]) for piece in self._pieces]
        columns = [np.concatenate([rows[place][a:b] for rows, a, b in spans]) for place in range(5)]
        return pl.DataFrame(dict(zip((*COLUMNS, "position"), columns, strict=True)))

    def counts(self) -> Counts:
        """Return the figures of all rows."""
        times = [piece.columns[3] for piece in self._pieces] if self.timed else []
        return Counts(
            rows=self.rows,
            users=self.users.count(),
            first=min((int(some.min()) for some in times), default=None),
            last=max((int(some.max()) for some in times), default=None),
            untimed=0 if self.timed else self.rows,
            unrated=0 if self.rated else self.rows,
            unsplit=self.rows,
        )


def month_number(month: int) -> int:
    """Return a month counted from January 1990 as a number such as 201905."""
    return (_FIRST_YEAR + month // 12) * 100 + month % 12 + 1


def _piece(file: NumberFile, start: int, ranges: Ranges, months: NDArray[np.int16]) -> _Piece | None:
    """Read a block and cut it by month; None where a line is odd."""
    rows = rows_of(file, start, ranges)
    if rows is None:
        return None
    users, items, *_ = rows.columns
    first, last = ((int(users[row]), int(items[row])) if len(users) else (0, 0) for row in (0, -1))
    columns, starts = _cut(*rows.columns, months)
    return _Piece(columns, starts, first, last, rows.ascending)


def months_of_days() -> NDArray[np.int16]:
    """Return Int16[days]: months since January 1990 of each day that a row may have."""
    days = pl.Series(np.arange(FIRST_DAY, LATEST // MILLISECONDS_PER_DAY, dtype=np.int32)).cast(pl.Date)
    return ((days.dt.year() - _FIRST_YEAR) * 12 + days.dt.month().cast(pl.Int32) - 1).cast(pl.Int16).to_numpy()


@numba.njit(cache=True, nogil=True)
def _mark(numbers: NDArray[np.uint32], seen: _Words) -> None:
    """Mark the numbers that occur."""
    for number in numbers:
        seen[number >> 6] |= np.uint64(1) << np.uint64(number & 63)


@numba.njit(cache=True, nogil=True)
def _cut(
    users: NDArray[np.uint32],
    items: NDArray[np.uint32],
    ratings: NDArray[np.float32],
    times: NDArray[np.int64],
    month_of_day: NDArray[np.int16],
) -> tuple[_Rows, NDArray[np.int64]]:
    """Sort rows by month, counting, those of a month in their order.

    Returns:
        The columns and the places of the rows among these; Int64[M + 1] where each month begins.
    """
    rows = len(users)
    starts = np.zeros(month_of_day[-1] + 2, dtype=np.int64)
    months = np.empty(rows, dtype=np.int16)
    for row in range(rows):
        months[row] = month_of_day[times[row] // MILLISECONDS_PER_DAY - FIRST_DAY]
        starts[months[row] + 1] += 1
    starts = np.cumsum(starts)
    ends = starts.copy()
    to_users, to_items = np.empty(rows, dtype=np.uint32), np.empty(rows, dtype=np.uint32)
    to_ratings, to_times = np.empty(rows, dtype=np.float32), np.empty(rows, dtype=np.int64)
    places = np.empty(rows, dtype=np.uint32)
    for row in range(rows):
        place = ends[months[row]]
        ends[months[row]] += 1
        to_users[place], to_items[place] = users[row], items[row]
        to_ratings[place], to_times[place] = ratings[row], times[row]
        places[place] = row
    return (to_users, to_items, to_ratings, to_times, places), starts
