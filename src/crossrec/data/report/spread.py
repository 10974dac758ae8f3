"""How rows spread over things: how many users, items or pairs have how many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["Bin", "Spread", "bin_of"]


@dataclass(frozen=True)
class Bin:
    """Things with `low` to `high` rows: how many there are, and the rows they have together."""

    low: int
    high: int
    things: int
    rows: int

    @property
    def label(self) -> str:
        """The range as a person writes it: 1, 2–3, 4–7."""
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,}–{self.high:,}"


@dataclass(frozen=True, eq=False)
class Spread:
    """A histogram of counts; a few thousand numbers, however many rows there are.

    Args:
        counts: Int64[n] the different numbers of rows, ascending, >= 1.
        things: Int64[n] how many things have that number.
    """

    counts: NDArray[np.int64]
    things: NDArray[np.int64]

    @classmethod
    def of(cls, counts: pl.Series) -> Spread:
        """Make the histogram of the numbers of rows of all things."""
        found = counts.alias("count").value_counts(name="things").sort("count").cast(pl.Int64)
        return cls(found["count"].to_numpy(), found["things"].to_numpy())

    @classmethod
    def total(cls, parts: Sequence[Spread]) -> Spread:
        """Add up the histograms of things of which none is in two of them."""
        counts = np.unique(np.concatenate([part.counts for part in parts]))
        things = np.zeros(len(counts), dtype=np.int64)
        for part in parts:
            things[np.searchsorted(counts, part.counts)] += part.things
        return cls(counts, things)

    @property
    def size(self) -> int:
        """Number of things."""
        return int(self.things.sum())

    @property
    def rows(self) -> int:
        """Number of rows of all of them."""
        return int((self.counts * self.things).sum())

    @property
    def most(self) -> int:
        """Rows of the thing that has the most; 0 without things."""
        return int(self.counts[-1]) if len(self.counts) else 0

    def under(self, count: int) -> int:
        """Count the things with fewer rows than `count`."""
        return int(self.things[self.counts < count].sum())

    def quantile(self, share: float) -> int:
        """Return the number of rows that `share` of the things do not exceed; 0.5 is the (lower) middle."""
        if not len(self.counts):
            return 0
        place = max(1, int(np.ceil(share * self.size)))
        return int(self.counts[np.searchsorted(np.cumsum(self.things), place)])

    def ranks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the last rank that has each number of rows, and that number, from the most to the fewest."""
        return np.cumsum(self.things[::-1]), self.counts[::-1]

    def lorenz(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return shares of the things, the smallest first, and the share of all rows that they have; from 0 to 1."""
        if not len(self.counts):
            return np.array([0.0, 1.0]), np.array([0.0, 1.0])
        things = np.concatenate([[0], np.cumsum(self.things)]) / self.size
        rows = np.concatenate([[0], np.cumsum(self.counts * self.things)]) / self.rows
        return things, rows

    @property
    def gini(self) -> float:
        """Return Gini's coefficient: 0 where all have as many rows, near 1 where one has all."""
        things, rows = self.lorenz()
        return float(max(0.0, 1.0 - np.sum(np.diff(things) * (rows[1:] + rows[:-1]))))

    def share_of_top(self, share: float) -> float:
        """Return the share of all rows that the top `share` of the things have."""
        things, rows = self.lorenz()
        return float(1.0 - np.interp(1.0 - share, things, rows))

    def bins(self) -> list[Bin]:
        """Return doubling bins, 1, 2–3, 4–7 …, up to the most rows."""
        places = bin_of(self.counts)
        found = []
        for place in range(int(places.max()) + 1 if len(places) else 0):
            inside = places == place
            things, rows = self.things[inside], (self.counts * self.things)[inside]
            found.append(Bin(2**place, 2 ** (place + 1) - 1, int(things.sum()), int(rows.sum())))
        return found


def bin_of(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the place of the doubling bin of each number >= 1: 0 for 1, 1 for 2 and 3, and so on."""
    # frexp is exact where log2 may round 2^n - 1 up.
    return np.frexp(counts.astype(np.float64))[1].astype(np.int64) - 1
