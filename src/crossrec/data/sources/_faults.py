"""What is wrong with rows that were taken apart: noted on the row, and collected for the quarantine."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.storing.quarantine import refused_frame

__all__ = ["PROBLEM", "blamed", "refuse_foreign", "refused_of_rows"]

PROBLEM = ("problem", "problem_column", "problem_value")
"""Columns of `Reading.rows` that say what is wrong with a row."""
_FEW_ITEMS, _LEAST_SHARE = 100, 0.05


def blamed(rows: pl.LazyFrame, faults: Sequence[tuple[pl.Expr, str, str]]) -> pl.LazyFrame:
    """Note the first fault of each row that has no problem yet.

    Args:
        rows: From `_lines.settled`.
        faults: Whether a row is broken, why, and the column whose value is shown; an empty one shows nothing.
    """
    none = pl.lit(None, pl.String)
    reason, column, value = none, pl.lit(""), none
    for broken, why, name in reversed(faults):
        reason = pl.when(broken).then(pl.lit(why)).otherwise(reason)
        column = pl.when(broken).then(pl.lit(name)).otherwise(column)
        value = pl.when(broken).then(pl.col(name).cast(pl.String) if name else none).otherwise(value)
    fine = pl.col("problem").is_null()
    return rows.with_columns(
        pl.coalesce("problem", reason).alias("problem"),
        pl.when(fine).then(column).otherwise(pl.col("problem_column")).alias("problem_column"),
        pl.when(fine).then(value).otherwise(pl.col("problem_value")).alias("problem_value"),
    )


def refused_of_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that have a problem, as the quarantine has them.

    Args:
        rows: Collected rows of `settled` or `blamed`.
    """
    names = {"file": "file", "line": "row", "problem_column": "column", "problem": "reason", "problem_value": "value"}
    bad = rows.filter(pl.col("problem").is_not_null())
    return bad.select([pl.col(name).alias(wanted) for name, wanted in names.items()]) if bad.height else refused_frame()


def refuse_foreign(
    seen: pl.DataFrame, items: pl.DataFrame, labels: str, *, words: str, remedy: str, apart: bool
) -> tuple[str, ...]:
    """Refuse items of which none or hardly any has a row, where that proves a file of another category.

    Few items prove nothing by themselves: the first fifty products and the first thousand reviews of one category may
    have none in common. So without one in common files are refused at any size where their names are published names
    of two categories, and otherwise only above a hundred items; below, it is said and taken.

    Args:
        seen: The different items of the rows, in `item_id`.
        items: What is known about items, with their `item_id`.
        labels: Names of both files.
        words: What the rows, the seen and the known are called: "reviews and products of one category, …".
        remedy: What to do about it.
        apart: The files have names that the publisher gives to two different categories.

    Returns:
        A sentence for the person who imports, where there is one to say.

    Raises:
        InvalidInput: None of the seen is among the items and the names are apart, or under 5 % of the seen are
            among more than a hundred items.
    """
    seen = seen.drop_nulls()
    known = seen.join(items.select("item_id"), on="item_id", how="semi").height
    told = f"{labels}: expected {words.format(known=known, seen=seen.height, all=items.height)}"
    if (apart and not known) or (items.height > _FEW_ITEMS and known < _LEAST_SHARE * seen.height):
        raise InvalidInput(f"{told}; {remedy}")
    return () if known or not seen.height else (f"{told}: look whether they belong together",)
