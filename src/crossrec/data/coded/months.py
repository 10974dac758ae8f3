"""Rows of codes on disk, those of a month together in each batch, so that memory holds one batch of any file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.clock import MILLISECONDS_PER_DAY
from crossrec.data.coded.row import ROW, Rows
from crossrec.data.numbers.held import FIRST_DAY, months_of_days

__all__ = ["MonthFile"]


class MonthFile:
    """Rows in the order in which they were added, to be read by month or by batch.

    Args:
        path: The file; made anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts: list[NDArray[np.int64]] = []
        self._rows = 0
        path.write_bytes(b"")

    def __len__(self) -> int:
        return self._rows

    @property
    def none(self) -> Rows:
        """No rows."""
        return np.empty(0, dtype=ROW)

    def add(self, rows: Rows) -> None:
        """Add a batch."""
        cut, starts = _cut(rows, months_of_days())
        with self._path.open("ab") as out:
            out.write(cut.view(np.uint8).data)
        self._starts.append(starts + self._rows)
        self._rows += len(rows)

    def months(self) -> list[int]:
        """List the months that have rows, counted from January 1990."""
        sizes = [np.diff(starts) for starts in self._starts]
        return [int(month) for month in np.flatnonzero(np.sum(sizes, axis=0))] if sizes else []

    def month(self, month: int) -> Rows:
        """Return the rows of a month in their order."""
        spans = [(int(starts[month]), int(starts[month + 1])) for starts in self._starts]
        return np.concatenate([self._read(start, end) for start, end in spans if end > start])

    def batches(self) -> Iterator[Rows]:
        """Give all rows, batch by batch in their order."""
        for starts in self._starts:
            rows = self._read(int(starts[0]), int(starts[-1]))
            yield rows[np.argsort(rows["position"], kind="stable")]

    def _read(self, start: int, end: int) -> Rows:
        rows: Rows = np.fromfile(self._path, dtype=ROW, count=end - start, offset=start * ROW.itemsize)
        return rows


@numba.njit(cache=True, nogil=True)
def _cut(rows: Rows, month_of_day: NDArray[np.int16]) -> tuple[Rows, NDArray[np.int64]]:
    """Sort rows by month, counting, those of a month in their order; see where each month begins: Int64[M + 1]."""
    starts = np.zeros(month_of_day[-1] + 2, dtype=np.int64)
    months = np.empty(len(rows), dtype=np.int16)
    for row in range(len(rows)):
        months[row] = month_of_day[rows[row].timestamp // MILLISECONDS_PER_DAY - FIRST_DAY]
        starts[months[row] + 1] += 1
    starts = np.cumsum(starts)
    ends = starts.copy()
    cut = np.empty_like(rows)
    for row in range(len(rows)):
        cut[ends[months[row]]] = rows[row]
        ends[months[row]] += 1
    return cut, starts
