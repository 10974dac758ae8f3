"""What became of a file of JSON lines: rows of codes by month, and those of odd lines as they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from crossrec.data.coded.contexts import contexts
from crossrec.data.coded.months import MonthFile
from crossrec.data.coded.names import Names
from crossrec.data.coded.row import Rows
from crossrec.data.numbers.held import Seen

__all__ = ["CodedFile"]

_PLAIN = ("line", "position", "rating", "timestamp")
_FRAME = 2**16
"""Rows that are made into columns at once where all are read again: text takes ten times the memory of codes."""


@dataclass
class CodedFile:
    """The rows of one file: most as codes, and those of odd lines as they came.

    Args:
        file: As messages call it.
        rows: Those that keep all rules.
        users: Their users, by code.
        items: Their items and variants.
        occur: Which of the items occur as such.
        odd: The other rows, as in `Reading.rows`, with `position`.
        unit: Milliseconds of one step of the file's times.
        context: "verified", "votes" and "variant" -> their keys in the context.
    """

    file: str
    rows: MonthFile
    users: pl.Series
    items: Names
    occur: Seen
    odd: pl.DataFrame
    unit: int
    context: Mapping[str, str]

    def __post_init__(self) -> None:
        self._items = self.items.ids()

    @property
    def item_ids(self) -> pl.Series:
        """The items of `rows`, each once."""
        return self._items.gather(self.occur.numbers()).alias("item_id")

    @property
    def all_items(self) -> pl.DataFrame:
        """`item_id`: those of odd lines too, whether or not these keep the rules."""
        return pl.concat([self.item_ids.to_frame(), self.odd.select("item_id")]).unique()

    def decoded(self, rows: Rows) -> pl.DataFrame:
        """Return `line`, `position`, `user_id`, `item_id`, `rating`, `timestamp` in milliseconds, and `context`."""
        table = pl.DataFrame({name: np.ascontiguousarray(rows[name]) for name in _PLAIN})
        return table.with_columns(
            self.users.gather(np.ascontiguousarray(rows["user_id"])).alias("user_id"),
            self._items.gather(np.ascontiguousarray(rows["item_id"])).alias("item_id"),
            contexts(rows, self.context, self.items).alias("context"),
        )

    def lazy(self) -> pl.LazyFrame:
        """Return all rows in the order of the file, as `Reading.rows`."""
        schema = {name: dtype for name, dtype in self.odd.schema.items() if name != "position"}

        def source(
            columns: list[str] | None, predicate: pl.Expr | None, count: int | None, _size: int | None
        ) -> Iterator[pl.DataFrame]:
            for frame in self._frames(schema):
                part = frame if count is None else frame.head(count)
                count = None if count is None else count - part.height
                part = part if predicate is None else part.filter(predicate)
                yield part if columns is None else part.select(columns)
                if count == 0:
                    return

        return register_io_source(source, schema=pl.Schema(schema))

    def _frames(self, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        """Give the rows as they came, some at a time."""
        odd = self.odd.select(list(schema))
        for rows in (batch[at : at + _FRAME] for batch in self.rows.batches() for at in range(0, len(batch), _FRAME)):
            last = int(rows["line"][-1])
            table = self.decoded(rows).with_columns(
                pl.lit(self.file).alias("file"),
                pl.col("timestamp") // self.unit,
                pl.lit(None, pl.String).alias("problem"),
                pl.lit("").alias("problem_column"),
                pl.lit(None, pl.String).alias("problem_value"),
            )
            typed = table.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
            yield pl.concat([typed, odd.filter(pl.col("line") < last)]).sort("line")
            odd = odd.filter(pl.col("line") > last)
        yield odd
