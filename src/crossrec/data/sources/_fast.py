"""Plain text files by the simplest parser that reads them exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from crossrec.data.intake.prescan import TextFile
from crossrec.data.numbers.digits import NumberFile
from crossrec.data.source import FastRows

__all__ = ["fast_csv"]


def fast_csv(
    text: TextFile,
    header: Sequence[str],
    columns: Mapping[str, str],
    separator: str = ",",
    *,
    skip: int = 1,
    numbers: bool = False,
) -> FastRows | None:
    """Read a plain file with typed columns; None where the file is not plain enough to be read so.

    A field that does not fit makes the scan fail or gives null, and the caller then reads the file line by
    line: this way may be right or refuse, never be silently wrong.

    Args:
        text: The file.
        header: All of its columns.
        columns: Column in the file -> field of the schema.
        separator: One character.
        skip: Lines of header.
        numbers: Where ids are whole numbers, the file may be read as numbers.
    """
    if not text.plain or text.blanks or len(separator) != 1:
        return None
    types = {"rating": pl.Float32(), "timestamp": pl.Int64()}
    schema = {name: types.get(columns.get(name, ""), pl.String()) for name in header}
    rows = pl.scan_csv(
        text.readable,
        has_header=bool(skip),
        schema=schema,
        separator=separator,
        quote_char=None,
        row_index_name="line",
        row_index_offset=1 + skip,
        glob=False,
    )
    # A line that is too short lacks its last field: without this row there are fewer than expected.
    rows = rows.filter(pl.col(header[-1]).is_not_null()) if header[-1] not in columns else rows
    picked = [pl.col(column).alias(field) for column, field in columns.items()]
    label = pl.lit(text.entry.label).alias("file")
    fields = tuple(columns.get(name, "") for name in header)
    return FastRows(
        rows.select(label, pl.col("line").cast(pl.Int64), *picked),
        text.lines - skip,
        text.entry.label,
        NumberFile(text.readable, separator, fields, skip) if numbers else None,
    )
