"""Count a domain in bounded memory: users, items, distinct pairs, and where in the matrix they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.data.report.spread import Spread, bin_of
from crossrec.data.storing.budget import rows_within

__all__ = ["ROWS_A_PASS", "Tally", "count", "user_parts"]

ROWS_A_PASS = 4_000_000
"""Rows held at once, at most; a larger domain is read in several passes, each with some of the users."""
_ROW_BYTES = 250


@dataclass(frozen=True, eq=False)
class Tally:
    """The counts of one domain.

    Args:
        users: Rows by user.
        items: Rows by item.
        pairs: Rows by pair of user and item.
        cells: Int64[user bins, item bins] distinct pairs by the doubling bins of their user and their item.
        top: The ten items with the most rows, and their rows.
    """

    users: Spread
    items: Spread
    pairs: Spread
    cells: NDArray[np.int64]
    top: tuple[tuple[str, int], ...]

    @property
    def density(self) -> float:
        """Distinct pairs among all there could be, in [0, 1]."""
        return self.pairs.size / max(1, self.users.size * self.items.size)

    def cell_densities(self) -> NDArray[np.float64]:
        """Return Float64[user bins, item bins]: distinct pairs among all of a cell; NaN where there could be none."""
        users = np.array([part.things for part in self.users.bins()], dtype=np.float64)
        items = np.array([part.things for part in self.items.bins()], dtype=np.float64)
        possible = np.outer(users, items)
        densities = np.full(possible.shape, np.nan)
        np.divide(self.cells, possible, out=densities, where=possible > 0)
        return densities


def count(rows: pl.LazyFrame, total: int) -> Tally:
    """Count the rows of a domain.

    Args:
        rows: Interactions in the unified schema.
        total: How many there are, which decides the number of passes.
    """
    by_item = rows.group_by("item_id").len("rows").collect(engine="streaming")
    by_item = by_item.with_columns(item_bin=pl.Series(bin_of(by_item["rows"].to_numpy()), dtype=pl.Int8))
    items = Spread.of(by_item["rows"])
    binned = by_item.select("item_id", "item_bin")
    cells = np.zeros((64, 64), dtype=np.int64)
    users, pairs = [], []
    for part in user_parts(rows, total, ["item_id"]):
        seen = part.group_by("user_id", "item_id").len("repeats")
        own = part.group_by("user_id").len("rows")
        own = own.with_columns(user_bin=pl.Series(bin_of(own["rows"].to_numpy()), dtype=pl.Int8))
        users.append(Spread.of(own["rows"]))
        pairs.append(Spread.of(seen["repeats"]))
        placed = seen.lazy().join(own.lazy(), on="user_id").join(binned.lazy(), on="item_id")
        found = placed.group_by("user_bin", "item_bin").len("pairs").collect()
        np.add.at(cells, (found["user_bin"].to_numpy(), found["item_bin"].to_numpy()), found["pairs"].to_numpy())
    by_user, by_pair = Spread.total(users), Spread.total(pairs)
    top = by_item.sort(["rows", "item_id"], descending=[True, False]).head(10)
    return Tally(
        users=by_user,
        items=items,
        pairs=by_pair,
        cells=cells[: len(by_user.bins()), : len(items.bins())],
        top=tuple(zip(top["item_id"].to_list(), top["rows"].to_list(), strict=True)),
    )


def user_parts(rows: pl.LazyFrame, total: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Read `user_id` and some columns in passes, all rows of a user in one of them.

    Args:
        rows: Interactions.
        total: How many there are.
        columns: What else is read.
    """
    passes = max(1, -(-total // min(ROWS_A_PASS, rows_within(_ROW_BYTES))))
    wanted = rows.select("user_id", *columns)
    for number in range(passes):
        mine = wanted if passes == 1 else wanted.filter(pl.col("user_id").hash() % passes == number)
        yield mine.collect(engine="streaming")
