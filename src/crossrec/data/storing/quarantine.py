"""Rows that were refused: where they stood, why, and the value that came."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import polars as pl

from crossrec.data.manifest import Part
from crossrec.data.schema import QUARANTINE

__all__ = [
    "VALUE_CHARACTERS",
    "counts_by_file",
    "counts_by_reason",
    "join",
    "note",
    "refused_frame",
    "refused_in",
    "together",
]

VALUE_CHARACTERS = 200
"""A refused value is kept up to this many characters."""


def note(file: str, row: int, reason: str, *, column: str = "", value: str | None = None) -> dict[str, object]:
    """Describe one refused row.

    Args:
        file: The file as the summary names it.
        row: Its line; the first is 1.
        reason: Why, in words that group well (no values in it).
        column: The column at fault, empty where it is the whole row.
        value: What came.
    """
    return {
        "file": file,
        "row": row,
        "column": column,
        "reason": reason,
        "value": None if value is None else value[:VALUE_CHARACTERS],
    }


def refused_frame(notes: Iterable[dict[str, object]] = ()) -> pl.DataFrame:
    """Build the quarantine table of some notes; without any it is empty and has all columns."""
    return pl.DataFrame(list(notes), schema=QUARANTINE)


def join(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Put quarantine tables together, by file and row."""
    return together(part.lazy() for part in parts if part.height).collect()


def refused_in(parts: Collection[Part], folder: Path) -> pl.LazyFrame:
    """Read the parts of a quarantine, which may be more than memory holds."""
    found = [folder / part.path for part in parts]
    return pl.scan_parquet(found, glob=False) if found else refused_frame().lazy()


def together(parts: Iterable[pl.LazyFrame]) -> pl.LazyFrame:
    """Put quarantine tables together, by file and row, without having them in memory."""
    frames = [part.select(list(QUARANTINE)).cast(QUARANTINE) for part in parts]
    if not frames:
        return refused_frame().lazy()
    whole = pl.concat(frames).with_columns(pl.col("value").str.slice(0, VALUE_CHARACTERS))
    return whole.sort("file", "row", maintain_order=True)


def counts_by_reason(refused: pl.DataFrame | pl.LazyFrame) -> dict[str, int]:
    """Count refused rows by reason, the most frequent first."""
    counted = refused.lazy().group_by("reason").len().collect(engine="streaming")
    counted = counted.sort(["len", "reason"], descending=[True, False])
    return dict(zip(counted["reason"].to_list(), counted["len"].to_list(), strict=True))


def counts_by_file(refused: pl.LazyFrame) -> dict[str, dict[str, int]]:
    """Count refused rows of each file by reason, the most frequent first, in one pass."""
    counted = refused.group_by("file", "reason").len().collect(engine="streaming")
    found: dict[str, dict[str, int]] = {}
    for file, reason, count in counted.sort(["len", "reason"], descending=[True, False]).iter_rows():
        found.setdefault(file, {})[reason] = count
    return found
