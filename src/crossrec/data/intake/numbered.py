"""Rows whose ids are whole numbers: held as numbers, cut by month as they come, and written as text.

Numbers take a third of the memory of text, and are compared and counted several times as fast. Whole tables of tens of
millions of rows fit, so each month becomes one part and nothing has to be read back to be counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.data.intake.row_checks import EARLIEST, LATEST
from crossrec.data.schema import INTERACTIONS
from crossrec.data.storing.budget import fits
from crossrec.data.storing.counting import Counts
from crossrec.data.storing.parts import NO_MONTH_KEY, Staged, sink_month, staged_in

__all__ = ["Survey", "sink_numbers"]

_ROW_BYTES = 28
"""What a row takes until all are written: two ids, rating, time, place, and a share of what is on its way."""
_BATCH, _WRITERS = 1_000_000, 2
_DAY = 86_400_000
_FIRST_DAY, _FIRST_YEAR = EARLIEST // _DAY, 1990
_UNTIMED = -1
_HELD = ("user_id", "item_id", "rating", "timestamp")
_Words: TypeAlias = NDArray[np.uint64]
_Rows: TypeAlias = tuple[
    NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float32], NDArray[np.int64], NDArray[np.uint32]
]


@dataclass(frozen=True)
class Survey:
    """What is known of rows without reading them back.

    Args:
        counts: Their figures.
        items: The items that occur, each once.
        repeated: Two rows may be the same.
    """

    counts: Counts
    items: pl.Series
    repeated: bool


def sink_numbers(
    rows: pl.LazyFrame, folder: Path, *, origin: str, expected: int, first_position: int
) -> tuple[list[Staged], Survey] | None:
    """Write the rows of one file as one part a month.

    Args:
        rows: In the unified schema, but with whole numbers as ids; in the order of the file.
        folder: An empty or new folder.
        origin: The file.
        expected: How many rows there must be.
        first_position: Position of the first row.

    Returns:
        The parts and what is known of the rows; None where they would not fit in memory, or are not as many.
    """
    if not fits(expected, _ROW_BYTES):
        return None
    held = _Held()
    for batch in rows.select(_HELD).collect_batches(chunk_size=_BATCH, maintain_order=True, engine="streaming"):
        held.add(batch)
    if held.rows != expected or 0 < held.untimed < expected:
        return None
    alike = rows.drop(*_HELD, "position").head(1).collect(engine="streaming")
    same = [pl.lit(alike[name][0], alike[name].dtype).alias(name) for name in alike.columns]

    def write(month: int) -> bool:
        """Write one month, and say whether two of its rows may be the same."""
        table = held.month(month)
        text = table.lazy().with_columns(
            pl.col("user_id", "item_id").cast(pl.String),
            pl.col("rating").fill_nan(None),  # NaN, which no rule lets pass, stands for no rating
            pl.lit(None, pl.Int64).alias("timestamp") if held.untimed else pl.col("timestamp"),
            pl.col("position").cast(pl.Int64) + first_position,
            *same,
        )
        key = NO_MONTH_KEY if month == _UNTIMED else (_FIRST_YEAR + month // 12) * 100 + month % 12 + 1
        sink_month(text.select(list(INTERACTIONS)), folder, month=key, origin=origin)
        return not held.ascending and _any_alike(table)

    with ThreadPoolExecutor(_WRITERS) as writers:  # one makes the next month ready while the other writes
        repeated = any(list(writers.map(write, held.months)))
    return staged_in(folder), Survey(held.counts(), held.items.ids(), repeated)


def _any_alike(table: pl.DataFrame) -> bool:
    """May two rows be the same? They are looked for by a hash of all that differs."""
    hashed = table.select(pl.struct(_HELD).hash(7)).to_series().sort()
    return bool((hashed[1:] == hashed[:-1]).any())


@dataclass
class _Seen:
    """Which whole numbers occurred: a bit for each."""

    bits: _Words = field(default_factory=lambda: np.zeros(1, dtype=np.uint64))

    def reach(self, highest: int) -> _Words:
        """Return the bits, enough of them for a number."""
        if highest >> 6 >= len(self.bits):
            wider = np.zeros(max((highest >> 6) + 1, 2 * len(self.bits)), dtype=np.uint64)
            wider[: len(self.bits)] = self.bits
            self.bits = wider
        return self.bits

    def count(self) -> int:
        return int(np.bitwise_count(self.bits).sum(dtype=np.int64))

    def ids(self) -> pl.Series:
        """Return the numbers as text, the smallest first."""
        words = np.flatnonzero(self.bits)
        flags = np.unpackbits(self.bits[words].view(np.uint8), bitorder="little").reshape(-1, 64)
        places, bits = np.nonzero(flags)
        return pl.Series("item_id", words[places] * 64 + bits).cast(pl.String)


@dataclass
class _Held:
    """Rows by month: those of each batch lie together in the order of the file."""

    pieces: list[tuple[_Rows, NDArray[np.int64]]] = field(default_factory=list)
    users: _Seen = field(default_factory=_Seen)
    items: _Seen = field(default_factory=_Seen)
    rows: int = 0
    untimed: int = 0
    unrated: int = 0
    first: int = LATEST
    last: int = EARLIEST
    ascending: bool = True
    _before: tuple[int, int] = (-1, -1)
    _month_of_day: NDArray[np.int16] = field(default_factory=lambda: _months_of_days())

    def add(self, batch: pl.DataFrame) -> None:
        """Take the next rows of the file."""
        users, items = batch["user_id"].to_numpy(), batch["item_id"].to_numpy()
        ratings, times = batch["rating"].to_numpy(), batch["timestamp"].fill_null(EARLIEST).to_numpy()
        self.unrated += batch["rating"].null_count()
        self.untimed += batch["timestamp"].null_count()  # in no month; where only some are, the caller gives up
        self.first, self.last = min(self.first, int(times.min())), max(self.last, int(times.max()))
        self.ascending &= _mark(users, self.users.reach(int(users.max())), items, self.items.reach(int(items.max())))
        self.ascending &= self._before < (int(users[0]), int(items[0]))
        self._before = int(users[-1]), int(items[-1])
        self.pieces.append(_cut(users, items, ratings, times, self.rows, self._month_of_day))
        self.rows += batch.height

    @property
    def months(self) -> Iterator[int]:
        """Give the months that have rows, counted from January 1990."""
        if self.untimed:
            yield _UNTIMED
            return
        sizes = sum(np.diff(starts) for _, starts in self.pieces)
        yield from np.flatnonzero(sizes).tolist()

    def month(self, month: int) -> pl.DataFrame:
        """Return the rows of a month, with `position` as the place in the file."""
        spans = [(rows, starts[month], starts[month + 1]) for rows, starts in self.pieces]
        if month == _UNTIMED:
            spans = [(rows, 0, len(rows[0])) for rows, _ in self.pieces]
        columns = [np.concatenate([rows[place][a:b] for rows, a, b in spans]) for place in range(5)]
        return pl.DataFrame(dict(zip((*_HELD, "position"), columns, strict=True)))

    def counts(self) -> Counts:
        """Return the figures of all rows."""
        return Counts(
            rows=self.rows,
            users=self.users.count(),
            first=None if self.untimed else self.first,
            last=None if self.untimed else self.last,
            untimed=self.untimed,
            unrated=self.unrated,
            unsplit=self.rows,
        )


def _months_of_days() -> NDArray[np.int16]:
    """Return Int16[days]: months since January 1990 of each day that a row may have."""
    days = pl.Series(np.arange(_FIRST_DAY, LATEST // _DAY, dtype=np.int32)).cast(pl.Date)
    return ((days.dt.year() - _FIRST_YEAR) * 12 + days.dt.month().cast(pl.Int32) - 1).cast(pl.Int16).to_numpy()


@numba.njit(cache=True, nogil=True)
def _mark(users: NDArray[np.uint32], seen_users: _Words, items: NDArray[np.uint32], seen_items: _Words) -> bool:
    """Mark the ids that occur; say whether each row's user and item come after those of the row before."""
    ascending = True
    for row in range(len(users)):
        user, item = users[row], items[row]
        seen_users[user >> 6] |= np.uint64(1) << np.uint64(user & 63)
        seen_items[item >> 6] |= np.uint64(1) << np.uint64(item & 63)
        if row:
            ascending &= (users[row - 1] < user) | ((users[row - 1] == user) & (items[row - 1] < item))
    return ascending


@numba.njit(cache=True, nogil=True)
def _cut(
    users: NDArray[np.uint32],
    items: NDArray[np.uint32],
    ratings: NDArray[np.float32],
    times: NDArray[np.int64],
    before: int,
    month_of_day: NDArray[np.int16],
) -> tuple[_Rows, NDArray[np.int64]]:
    """Sort rows by month, counting, those of a month in their order; `before` rows came before them.

    Returns:
        The columns and the places of the rows; Int64[M + 1] where each month begins.
    """
    rows = len(users)
    starts = np.zeros(month_of_day[-1] + 2, dtype=np.int64)
    months = np.empty(rows, dtype=np.int16)
    for row in range(rows):
        months[row] = month_of_day[times[row] // _DAY - _FIRST_DAY]
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
        places[place] = before + row
    return (to_users, to_items, to_ratings, to_times, places), starts
