"""Rows whose ids are whole numbers: held as numbers, and written as text, one part a month.

Whole tables of tens of millions of rows fit in memory, so nothing has to be read back to be counted.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from crossrec.data.intake.row_checks import EARLIEST, LATEST, WHOLE_UNITS
from crossrec.data.numbers.digits import Ranges
from crossrec.data.numbers.held import COLUMNS, UNTIMED, Held, month_number
from crossrec.data.schema import INTERACTIONS
from crossrec.data.source import FastRows, Rules
from crossrec.data.storing.budget import fits
from crossrec.data.storing.counting import Counts
from crossrec.data.storing.months import sink_month
from crossrec.data.storing.parts import NO_MONTH_KEY, Staged

__all__ = ["Survey", "sink_numbers"]

_ROW_BYTES = 28
"""What a row takes until all are written: two ids, rating, time, place, and a share of what is on its way."""
_WRITERS = 2


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
    fast: FastRows, rows: pl.LazyFrame, folder: Path, *, rules: Rules, shift: int
) -> tuple[list[Staged], Survey] | None:
    """Write the rows of one file as one part a month.

    Args:
        fast: Where they are, and how many.
        rows: The same in the unified schema; what is not read as numbers is alike in all of them.
        folder: An empty or new folder.
        rules: What they must keep, with the unit of times settled.
        shift: What is added to the place of a row in its file.

    Returns:
        The parts and what is known of the rows; None where a row breaks a rule or is not of numbers, where they would
        not fit in memory, or are not as many.
    """
    file = fast.numbers
    if file is None or not fast.expected or not fits(fast.expected, _ROW_BYTES):
        return None
    timed = "timestamp" in file.fields
    if timed and rules.unit not in WHOLE_UNITS:
        return None
    held = Held(timed, "rating" in file.fields)
    ranges = Ranges(rules.rating or (-np.inf, np.inf), (EARLIEST, LATEST), WHOLE_UNITS.get(rules.unit, 1))
    if not held.read(file, ranges) or held.rows != fast.expected:
        return None
    alike = rows.drop(*COLUMNS, "position").head(1).collect(engine="streaming")
    same = [pl.lit(alike[name][0], alike[name].dtype).alias(name) for name in alike.columns]

    def write(month: int) -> tuple[Staged, bool]:
        """Write one month, and say whether two of its rows may be the same."""
        table = held.month(month)
        text = table.with_columns(
            held.users.text(table["user_id"]),
            held.items.text(table["item_id"]),
            pl.col("rating") if held.rated else pl.lit(None, pl.Float32).alias("rating"),
            pl.col("timestamp") if held.timed else pl.lit(None, pl.Int64).alias("timestamp"),
            pl.col("position").cast(pl.Int64) + file.skip + 1 + shift,
            *same,
        )
        key = NO_MONTH_KEY if month == UNTIMED else month_number(month)
        part = sink_month(text.select(list(INTERACTIONS)), folder, month=key, origin=fast.file)
        return part, not held.ascending and _any_alike(table)

    with ThreadPoolExecutor(_WRITERS) as writers:  # one makes the next month ready while the other writes
        parts = list(writers.map(write, held.months))
    repeated = any(alike for _, alike in parts)
    return [part for part, _ in parts], Survey(held.counts(), held.items.ids(), repeated)


def _any_alike(table: pl.DataFrame) -> bool:
    """May two rows be the same? They are looked for by a hash of all that differs."""
    hashed = table.select(pl.struct(COLUMNS).hash(7)).to_series().sort()
    return bool((hashed[1:] == hashed[:-1]).any())
