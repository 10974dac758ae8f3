"""JSON lines to columns: into the fields that are wanted, line by line or by a simpler, faster parser."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl

from crossrec.data.intake.elsewhere import taken_apart
from crossrec.data.intake.prescan import TextFile
from crossrec.data.sources._lines import lines_of

__all__ = ["PLACES", "Fields", "fast_json", "json_rows", "json_table", "keys_of", "stored"]

Fields = Mapping[str, pl.DataType]
"""Key of the JSON object -> type of its column: text, or lists and structs of text."""

PLACES = {"#file": pl.String(), "#line": pl.Int64(), "#problem": pl.String(), "#value": pl.String()}
"""Columns that say where a row stood and what is wrong with it."""


def json_rows(lines: pl.LazyFrame, fields: Fields) -> pl.LazyFrame:
    """Read JSON lines: the values under some keys, and `#file`, `#line`, `#problem`, `#value`.

    A line that is no JSON object is a problem. A number becomes text; a value of another shape than asked for
    becomes its JSON text where text is wanted, and null where a list or struct is.

    Args:
        lines: From `lines_of`.
        fields: Key -> type. A key that a line does not have gives null.
    """
    return lines.map_batches(
        partial(_parsed, fields=dict(fields)),
        schema=pl.Schema({**PLACES, **fields}),
        predicate_pushdown=False,
        projection_pushdown=False,
        streamable=True,
    )


def keys_of(text: TextFile, *, lines: int = 100) -> list[str]:
    """Return the keys that the first lines have, nested ones too, in the order in which they appear."""
    head = lines_of(text).head(lines).select(pl.col("text").str.extract_all(r'"([^"\\]+)"\s*:')).collect()
    keys = head["text"].explode().drop_nulls().unique(maintain_order=True)
    return [str(key) for key in keys.str.extract(r'"([^"\\]+)"').to_list()]


def stored(rows: pl.LazyFrame, workspace: Path, name: str) -> pl.LazyFrame:
    """Write rows to a file of the workspace and return them from there: what costs is done once, not each pass."""
    workspace.mkdir(parents=True, exist_ok=True)
    path = workspace / f"{len(list(workspace.iterdir())):04}-{name}.parquet"
    rows.sink_parquet(path, compression="lz4", statistics=False)
    return pl.scan_parquet(path, glob=False)


def json_table(text: TextFile, fields: Fields) -> pl.LazyFrame:
    """Read all lines of a file, by an engine's workers where an import says so; see `json_rows`."""
    return taken_apart(text, partial(_labelled, label=text.entry.label, fields=dict(fields)))


def _labelled(lines: pl.LazyFrame, label: str, fields: dict[str, pl.DataType]) -> pl.LazyFrame:
    return json_rows(lines.select(pl.lit(label).alias("file"), "line", "text"), fields)


def fast_json(text: TextFile, types: Fields) -> pl.LazyFrame | None:
    """Read all lines of a file with typed columns; None where not every line can be an object.

    A value of another type makes the scan fail or gives null, and the caller then reads the file line by line.

    Args:
        text: The file.
        types: Key -> type.

    Returns:
        `file`, `line` and the columns.
    """
    if text.blanks or text.refused or set("*?[") & set(str(text.readable)):  # the scan would take these for patterns
        return None
    rows = pl.scan_ndjson(text.readable, schema=dict(types), row_index_name="line", row_index_offset=1)
    return rows.select(pl.lit(text.entry.label).alias("file"), pl.col("line").cast(pl.Int64), *types)


def _parsed(lines: pl.DataFrame, fields: dict[str, pl.DataType]) -> pl.DataFrame:
    """Parse one batch of lines."""
    text = lines["text"].set(~lines["text"].str.starts_with("{"), None)
    try:
        values = text.str.json_decode(dtype=pl.Struct(fields))
        columns = values.struct.unnest() if fields else pl.DataFrame()
    except pl.exceptions.PolarsError:
        values = _bisected(text, pl.Struct({"": pl.Null()}))
        text = text.set(values.is_null(), None)
        columns = pl.DataFrame([_column(text, name, dtype) for name, dtype in fields.items()])
    bad = values.is_null()
    places = lines.select(
        pl.col("file").alias("#file"),
        pl.col("line").alias("#line"),
        pl.when(bad).then(pl.lit("not a JSON object")).alias("#problem"),
        pl.when(bad).then(pl.col("text").str.slice(0, 200)).alias("#value"),
    )
    return places.hstack(columns)


def _bisected(text: pl.Series, dtype: pl.Struct) -> pl.Series:
    """Decode what can be decoded; a line that cannot becomes null."""
    try:
        return text.str.json_decode(dtype=dtype)
    except pl.exceptions.PolarsError:
        if len(text) == 1:
            return pl.Series([None], dtype=dtype)
    half = len(text) // 2
    return pl.concat([_bisected(text[:half], dtype), _bisected(text[half:], dtype)])


def _column(text: pl.Series, name: str, dtype: pl.DataType) -> pl.Series:
    """Decode one key of lines that are all objects or null."""
    wanted = pl.Struct({name: dtype})
    try:
        return text.str.json_decode(dtype=wanted).struct.field(name)
    except pl.exceptions.PolarsError:
        if dtype == pl.String:
            return text.str.json_path_match(f"$['{name}']").alias(name)
    return _bisected(text, wanted).struct.field(name)
