"""How many users and items a model would not know on the test part, by the protocol that the data can bear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from crossrec.core.event import NOT_TASTE
from crossrec.data.manifest import DomainRecord
from crossrec.data.report.tally import user_parts

__all__ = ["ColdStart", "Side", "cold_start"]

_HOUR = 3_600_000
_QUANTILES = (0.8, 0.9)


@dataclass(frozen=True)
class Side:
    """Users or items of the test part.

    Args:
        tested: Those with a row in test.
        cold: Those of them without a row in train.
        colder: Those of them without a row in train and validation.
        rows: Rows of test.
        cold_rows: Rows of test whose user or item is not in train.
    """

    tested: int
    cold: int
    colder: int
    rows: int
    cold_rows: int


@dataclass(frozen=True)
class ColdStart:
    """What is cold at the split.

    Args:
        protocol: "global-time", "given" or "leave-last-out"; empty where the data can bear none of them.
        note: The protocol in words, or why there is none.
        users: The users' side.
        items: The items' side.
        cuts: First moments of validation and test (milliseconds UTC) where the protocol is "global-time".
    """

    protocol: str
    note: str
    users: Side | None = None
    items: Side | None = None
    cuts: tuple[int, int] | None = None


def cold_start(rows: pl.LazyFrame, record: DomainRecord) -> ColdStart:
    """Find what is cold, with the rows that say that someone liked an item, as `Dataset.interactions` takes them.

    Global time at 0.8 and 0.9 comes first, then the source's own split, then each user's last row.

    Args:
        rows: Interactions of a domain.
        record: What the manifest says of it.
    """
    liked = rows.filter(~pl.col("interaction_type").cast(pl.String).is_in(NOT_TASTE))
    if record.has_times:
        total = int(liked.select(pl.len()).collect(engine="streaming").item())
        if not total:
            return ColdStart("", "no row says that someone liked an item")
        first, second = (_moment(liked, int(share * total)) for share in _QUANTILES)
        part = (pl.col("timestamp") >= first).cast(pl.Int8) + (pl.col("timestamp") >= second).cast(pl.Int8)
        users, items = _sides(liked.with_columns(part=part), record.rows)
        return ColdStart("global-time", "validation from 0.8, test from 0.9 of the rows", users, items, (first, second))
    if record.has_split:
        part = (
            pl.col("split").cast(pl.String).replace_strict(["train", "valid", "test"], [0, 1, 2], return_dtype=pl.Int8)
        )
        users, items = _sides(liked.with_columns(part=part), record.rows)
        if not users.rows:
            return ColdStart("", "the source's split has no test part")
        return ColdStart("given", "the source's own split", users, items)
    if record.time_range:
        return ColdStart("", "some rows have a time and others none: no one order to cut by")
    if not record.has_order:
        return ColdStart("", "the rows have no time, order or split: nothing to cut by but chance")
    users, items = _sides(liked, record.rows)
    if not users.rows:
        return ColdStart("", "no user has three rows: nothing to hold out")
    return ColdStart("leave-last-out", "the last row of each user with three or more", users, items)


def _moment(rows: pl.LazyFrame, place: int) -> int:
    """Return the time of the row at a place in the order of time, holding one hour's times at most."""
    hour = pl.col("timestamp") // _HOUR
    hours = rows.group_by(hour.alias("hour")).len("rows").collect(engine="streaming").sort("hour")
    ends = hours["rows"].cum_sum().to_numpy()
    found = int(np.searchsorted(ends, place, side="right"))
    inside = rows.filter(hour == hours["hour"][found]).select("timestamp").collect(engine="streaming")
    before = int(ends[found - 1]) if found else 0
    return int(inside["timestamp"].sort()[place - before])


def _sides(rows: pl.LazyFrame, total: int) -> tuple[Side, Side]:
    """Count both sides; without a column `part` each user's last row is test and the one before validation."""
    given = "part" in rows.collect_schema()
    columns = ["item_id", "part"] if given else ["item_id", "position"]
    by_user = pl.DataFrame()
    by_item: list[pl.DataFrame] = []
    numbers = []
    for frame in user_parts(rows, total, columns):
        placed = frame if given else _last_out(frame)
        by_user = _counted(placed, "user_id")
        numbers.append(_side(by_user))
        by_item.append(_counted(placed, "item_id"))
    items = pl.concat(by_item).group_by("item_id").agg(pl.col("train", "validation", "test").sum())
    added = [sum(getattr(side, name) for side in numbers) for name in Side.__dataclass_fields__]
    return Side(*added), _side(items)


def _last_out(frame: pl.DataFrame) -> pl.DataFrame:
    """Give each row its part by `leave-last-out`: the order is the position, then the row."""
    behind = pl.int_range(pl.len()).reverse().over("user_id")
    enough = pl.len().over("user_id") >= 3
    part = pl.when(enough & (behind == 0)).then(2).when(enough & (behind == 1)).then(1).otherwise(0)
    return frame.sort("user_id", "position", maintain_order=True).with_columns(part=part)


def _counted(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    """Count the rows of each part by user or item."""
    parts = {name: (pl.col("part") == code).sum() for code, name in enumerate(("train", "validation", "test"))}
    return frame.group_by(key).agg(**parts)


def _side(counts: pl.DataFrame) -> Side:
    tested = counts.filter(pl.col("test") > 0)
    cold = tested.filter(pl.col("train") == 0)
    colder = cold.filter(pl.col("validation") == 0)
    return Side(tested.height, cold.height, colder.height, int(tested["test"].sum()), int(cold["test"].sum()))
