"""Lines to fields: text files as lazy frames of text columns, each row with its line number.

Every non-blank line becomes a row. A line that cannot be taken apart stays a row too, with its reason in
`problem`, so that nothing is lost between the file and the checks.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import polars as pl

from crossrec.core.errors import InvalidInput, suggestion
from crossrec.data.intake.elsewhere import taken_apart
from crossrec.data.intake.prescan import TextFile
from crossrec.data.storing.quarantine import refused_frame

__all__ = [
    "csv_rows",
    "delimited",
    "delimited_rows",
    "header_of",
    "lines_of",
    "listed",
    "pick",
    "settled",
    "table_of",
    "words",
]

_MAX_SPAN = 10_000
"""A quoted field that runs over more lines than this is taken for a stray quote."""


def lines_of(text: TextFile, *, skip: int = 0) -> pl.LazyFrame:
    """Return `file`, `line` and `text` of all lines that are not blank.

    Args:
        text: A file that went through the pre-scan.
        skip: Lines at the top to leave out: a header.
    """
    lines = pl.scan_lines(text.readable, name="text", row_index_name="line", row_index_offset=1)
    lines = lines.with_columns(pl.col("line").cast(pl.Int64)).filter(pl.col("text") != "", pl.col("line") > skip)
    return lines.select(pl.lit(text.entry.label).alias("file"), "line", "text")


def delimited(lines: pl.LazyFrame, separator: str, columns: Sequence[str]) -> pl.LazyFrame:
    """Take lines apart at a separator, without quotes; a line with another number of fields is a problem.

    Args:
        lines: From `lines_of`.
        separator: Any text; an empty one is white space.
        columns: Names of the fields.
    """
    apart = lines.with_columns(pl.col("text").str.split(separator).alias("fields")) if separator else words(lines)
    return _named(apart, columns)


def delimited_rows(text: TextFile, separator: str, columns: Sequence[str], *, skip: int = 0) -> pl.LazyFrame:
    """Take all lines of a file apart, by an engine's workers where an import says so; see `delimited`.

    Args:
        text: A file that went through the pre-scan.
        separator: What stands between fields.
        columns: Their names.
        skip: Lines at the top to leave out: a header.
    """
    parse = partial(_apart, label=text.entry.label, skip=skip, separator=separator, columns=tuple(columns))
    return taken_apart(text, parse)


def _apart(lines: pl.LazyFrame, label: str, skip: int, separator: str, columns: Sequence[str]) -> pl.LazyFrame:
    body = lines.filter(pl.col("line") > skip).select(pl.lit(label).alias("file"), "line", "text")
    return delimited(body, separator, columns)


def words(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Take lines apart at white space into a list column `fields`."""
    return lines.with_columns(pl.col("text").str.strip_chars().str.extract_all(r"\S+").alias("fields"))


def listed(text: TextFile) -> pl.LazyFrame:
    """Read a user and all items of a line; a user without items is a row with a problem."""
    short = pl.col("fields").list.len() < 2
    return (
        words(lines_of(text))
        .select(
            "file",
            "line",
            pl.col("fields").list.get(0, null_on_oob=True).alias("user_id"),
            pl.when(short)
            .then(pl.lit([None], pl.List(pl.String)))
            .otherwise(pl.col("fields").list.slice(1))
            .alias("item_id"),
            pl.when(short).then(pl.lit("a user without items")).alias("problem"),
            pl.lit("").alias("problem_column"),
            pl.when(short).then(pl.col("text").str.slice(0, 200)).alias("problem_value"),
        )
        .explode("item_id")
    )


def header_of(text: TextFile, separator: str = ",") -> list[str]:
    """Read the names in the first line of a CSV file."""
    with text.readable.open(encoding="utf-8", newline="") as stream:
        first = stream.readline(2**20)
    try:
        names = [name.strip() for name in next(csv.reader([first], delimiter=separator), [])]
    except csv.Error as error:
        raise InvalidInput(f"{text.entry.label}, row 1: expected names of columns ({error})") from error
    if not any(names):
        first_refused = next((note["reason"] for note in text.refused if note["row"] == 1), "it is blank")
        raise InvalidInput(f"{text.entry.label}, row 1: expected names of columns, got none ({first_refused})")
    return [name if name not in names[:i] else f"{name}#{i + 1}" for i, name in enumerate(names)]


def pick(
    text: TextFile, header: Sequence[str], wanted: Mapping[str, Sequence[str]], optional: Sequence[str] = ()
) -> dict[str, str]:
    """Find columns by the names they may have.

    Args:
        text: The file, for the message.
        header: The columns there are.
        wanted: Field -> names its column may have, the usual one first.
        optional: Fields that may be missing.

    Returns:
        Column in the file -> field.

    Raises:
        InvalidInput: A column is missing; the message has the nearest and those that are there.
    """
    by_lower = {name.lower(): name for name in reversed(header)}
    found: dict[str, str] = {}
    for name, options in wanted.items():
        column = next((by_lower[option.lower()] for option in options if option.lower() in by_lower), None)
        if column is not None:
            found[column] = name
        elif name not in optional:
            there = f"{', '.join(header)[:300]}{suggestion(options[0], header)}"
            raise InvalidInput(f"{text.entry.label}, row 1: expected a column '{options[0]}', got {there}")
    return found


def csv_rows(text: TextFile, header: Sequence[str], separator: str = ",", *, skip: int = 1) -> pl.LazyFrame:
    """Read a CSV file with quotes and a header; a quoted field may run over several lines.

    Args:
        text: The file.
        header: The names of its columns.
        separator: One character.
        skip: Lines of header.
    """
    if not text.quotes:
        return delimited_rows(text, separator, header, skip=skip)
    lines = lines_of(text, skip=skip)
    s = re.escape(separator)
    one = f'(?:"(?:[^"]|"")*"|[^"{s}][^{s}]*|)'
    whole = f"^{one}(?:{s}{one})*$"
    odd = pl.col("text").str.count_matches('"', literal=True) % 2 == 1
    opened = lines.filter(odd).select("line").collect(engine="streaming")["line"].to_numpy()
    joined = _joined(lines, opened, f"^{one}(?:{s}{one}){{{len(header) - 1}}}$")
    if joined is not None:
        lines = joined
    taken = (
        pl.lit(separator) + pl.when(pl.col("text").str.contains('"', literal=True)).then(pl.col("text"))
    ).str.extract_all(s + one)
    element = pl.element().str.slice(1)
    inner = element.str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"', literal=True)
    quoted = taken.list.eval(pl.when(element.str.starts_with('"')).then(inner).otherwise(element))
    bare = pl.when(~pl.col("text").str.contains('"', literal=True)).then(pl.col("text")).str.split(separator)
    broken = ~pl.col("text").str.contains(whole)
    return _named(lines.with_columns(pl.coalesce(quoted, bare).alias("fields"), broken.alias("broken")), header)


def _joined(lines: pl.LazyFrame, opened: np.ndarray[tuple[int], np.dtype[np.int64]], whole: str) -> pl.LazyFrame | None:
    """Join the lines of records that run over several; what does not become a record stays as it was."""
    if len(opened) < 2:
        return None
    starts, ends = opened[0 : len(opened) // 2 * 2 : 2], opened[1::2]
    near = ends - starts < _MAX_SPAN
    starts, ends = starts[near], ends[near]
    if not len(starts):
        return None
    spans = pl.LazyFrame({"start": starts, "end": ends}).set_sorted("start")
    placed = lines.join_asof(spans, left_on="line", right_on="start", strategy="backward")
    inside = placed.filter(pl.col("line") <= pl.col("end")).collect(engine="streaming")
    records = inside.group_by("start", maintain_order=True).agg(pl.first("file"), pl.col("text").str.join("\n"))
    good = records.filter(pl.col("text").str.contains(whole)).select("file", pl.col("start").alias("line"), "text")
    loose = inside.filter(~pl.col("start").is_in(good["line"].implode())).select("file", "line", "text")
    outside = placed.filter((pl.col("line") <= pl.col("end")).fill_null(value=False).not_()).select(
        "file", "line", "text"
    )
    return pl.concat([outside, good.lazy(), loose.lazy()]).sort("line")


def _named(lines: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    """Name the fields of each line, and note the lines with too few or too many."""
    width = len(columns)
    count = pl.col("fields").list.len()
    wrong = count != width
    if "broken" in lines.collect_schema():
        wrong = wrong | pl.col("broken")
    reason = f"expected {width} fields"
    named = [pl.col("fields").list.get(i, null_on_oob=True).alias(name) for i, name in enumerate(columns) if name]
    return lines.select(
        pl.col("file").alias("#file"),
        pl.col("line").alias("#line"),
        pl.when(wrong).then(pl.lit(reason)).alias("#problem"),
        pl.when(wrong).then(pl.col("text").str.slice(0, 200)).alias("#value"),
        *named,
    )


def settled(rows: pl.LazyFrame, columns: Mapping[str, str]) -> pl.LazyFrame:
    """Give fields their names in the schema, and keep what says where a row stood.

    Args:
        rows: From `csv_rows`, `delimited` or `_json.json_rows`.
        columns: Column in the file -> field of the schema.
    """
    return rows.select(
        pl.col("#file").alias("file"),
        pl.col("#line").alias("line"),
        *[pl.col(column).alias(field) for column, field in columns.items()],
        pl.col("#problem").alias("problem"),
        pl.lit("").alias("problem_column"),
        pl.col("#value").alias("problem_value"),
    )


def table_of(rows: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Collect a small table (items, tags): the good rows, and those to be quarantined."""
    frame = rows.collect(engine="streaming")
    bad = frame.filter(pl.col("#problem").is_not_null())
    refused = bad.select(
        pl.col("#file").alias("file"),
        pl.col("#line").alias("row"),
        pl.lit("").alias("column"),
        pl.col("#problem").alias("reason"),
        pl.col("#value").alias("value"),
    )
    good = frame.filter(pl.col("#problem").is_null()).drop("#file", "#line", "#problem", "#value")
    return good, refused if refused.height else refused_frame()
