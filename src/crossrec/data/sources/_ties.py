"""Social ties: who is whose friend, who trusts whom, checked like rows."""

from __future__ import annotations

import polars as pl

from crossrec.data.schema import TIES
from crossrec.data.sources import _faults, _lines
from crossrec.data.storing.quarantine import join

__all__ = ["checked_ties"]


def checked_ties(rows: pl.LazyFrame, tie: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the ties in the columns of `TIES`, and those that were refused as quarantine rows.

    A tie is refused without one of its two persons, with oneself, with a weight that is not above 0, or when it
    is there already. A mutual tie is two rows.

    Args:
        rows: From `delimited` or `csv_rows`, with `user_id`, `other_id` and perhaps `weight`.
        tie: What it is: "friend", "trust".
    """
    have = rows.collect_schema().names()
    columns: dict[str, str] = {name: name for name in ("user_id", "other_id", "weight") if name in have}
    settled = _lines.settled(rows, columns)
    weight = pl.col("weight").cast(pl.Float32, strict=False) if "weight" in have else pl.lit(1.0, pl.Float32)
    faults = [(pl.col(name).is_null() | (pl.col(name) == ""), f"{name} is missing", name) for name in columns]
    faults.append((pl.col("user_id") == pl.col("other_id"), "a tie with oneself", "other_id"))
    if "weight" in have:
        bad = weight.is_null() | ~weight.is_finite() | (weight <= 0)
        faults.append((bad, "weight is not above 0", "weight"))
    found = _faults.blamed(settled, faults).with_columns(weight.alias("weight")).collect(engine="streaming")
    fine = found.filter(pl.col("problem").is_null())
    first = pl.struct("user_id", "other_id").is_first_distinct()
    twice = fine.filter(~first).with_columns(
        pl.lit("duplicate tie").alias("problem"), pl.format("{} {}", "user_id", "other_id").alias("problem_value")
    )
    ties = fine.filter(first).select("user_id", "other_id", pl.lit(tie).alias("tie"), "weight")
    return ties.cast(TIES), join([_faults.refused_of_rows(found), _faults.refused_of_rows(twice)])
