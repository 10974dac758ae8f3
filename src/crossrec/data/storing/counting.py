"""Count what is in the parts of a domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.data.storing.budget import fits, rows_within
from crossrec.data.storing.parts import scan

__all__ = ["Counts", "count", "with_all_items"]

_VALUE_BYTES = 100
"""What a distinct id takes while ids are counted."""


@dataclass(frozen=True)
class Counts:
    """The figures of a domain's interactions; times in milliseconds UTC, None without any."""

    rows: int
    users: int
    first: int | None
    last: int | None
    untimed: int
    unrated: int
    unsplit: int

    @property
    def record(self) -> dict[str, Any]:
        """The fields of a `DomainRecord` that follow from the rows."""
        return {
            "rows": self.rows,
            "users": self.users,
            "time_range": None if self.first is None or self.last is None else (self.first, self.last),
            "has_times": self.untimed == 0,
            "has_ratings": self.unrated == 0,
            "has_split": self.unsplit == 0,
        }


def count(paths: Iterable[Path]) -> Counts:
    """Count users, rows and missing values of some parts, and find the first and last time."""
    rows = scan(paths)
    found = (
        rows.select(
            pl.len().alias("rows"),
            pl.col("timestamp").min().alias("first"),
            pl.col("timestamp").max().alias("last"),
            pl.col("timestamp").null_count().alias("untimed"),
            pl.col("rating").null_count().alias("unrated"),
            pl.col("split").null_count().alias("unsplit"),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    return Counts(users=_distinct(rows, "user_id", int(found["rows"])) if found["rows"] else 0, **found)


def _distinct(rows: pl.LazyFrame, name: str, count: int) -> int:
    """Count distinct values; where they might not fit in memory, by shares of their hashes."""
    column, likely = pl.col(name), count
    if not fits(count, _VALUE_BYTES):
        likely = int(rows.select(column.approx_n_unique()).collect(engine="streaming").item())
    shares = 1 + likely // rows_within(_VALUE_BYTES)
    if shares == 1:
        return int(rows.select(column.n_unique()).collect(engine="streaming").item())
    parts = (rows.filter(column.hash(5) % shares == share) for share in range(shares))
    return sum(int(part.select(column.n_unique()).collect(engine="streaming").item()) for part in parts)


def with_all_items(
    known: pl.DataFrame | None, paths: Iterable[Path], occurring: pl.Series | None = None
) -> tuple[pl.DataFrame, int]:
    """Return the items, those described and those that occur, each once, and how many of them occur.

    Args:
        known: `item_id` and any columns; the first row of an item counts.
        paths: Parts of interactions.
        occurring: The items that occur, each once, where that is known; None looks.
    """
    seen = scan(paths).select("item_id").unique().collect(engine="streaming") if occurring is None else None
    seen = pl.DataFrame({"item_id": occurring}) if seen is None else seen
    table = pl.DataFrame(schema={"item_id": pl.String}) if known is None else known
    table = table.filter(pl.col("item_id").is_not_null(), pl.col("item_id") != "")
    table = table.unique("item_id", keep="first", maintain_order=True)
    extra = seen.join(table.select("item_id"), on="item_id", how="anti").sort("item_id")
    return pl.concat([table, extra], how="diagonal"), seen.height
