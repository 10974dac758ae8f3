"""Goodreads' shelves: one row a user and book, from JSON lines or from the CSV with its maps of ids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry, ScannedFile, TextFile, prescan
from crossrec.data.source import FastRows, FileNote
from crossrec.data.sources import _faults, _files, _json, _lines
from crossrec.data.sources._fast import fast_csv

__all__ = ["Shelves", "from_csv", "from_json"]

_DATES = {"date_added": "%a %b %d %H:%M:%S %z %Y", "timestamp": "%Y-%m-%d"}
"""Key of the time in any of the files -> how it is written; the first that is there counts."""
_CSV = {"user_id": "user_id", "book_id": "item_id", "is_read": "is_read", "rating": "rating"}


@dataclass(frozen=True)
class Shelves:
    """The rows of one file.

    Args:
        rows: As `Reading.rows`.
        scanned: The file they came from.
        fast: As `Reading.fast`.
        files: Files with maps of ids.
        joined: The ids of books are those of the files about books.
        stored: As `Reading.stored`.
    """

    rows: pl.LazyFrame
    scanned: ScannedFile
    fast: FastRows | None = None
    files: tuple[FileNote, ...] = ()
    joined: bool = True
    stored: bool = False


def from_json(entry: Entry, workspace: Path, *, reviews: bool) -> Shelves:
    """Parse a file of interactions or reviews once.

    Raises:
        InvalidInput: The first lines have no such keys.
    """
    have = _json.keys_of(entry)
    date = next((name for name in _DATES if name in have), "date_added")
    columns = {"user_id": "user_id", "book_id": "item_id", "rating": "rating", date: date}
    if not reviews:
        columns["is_read"] = "is_read"
    if missing := [name for name in columns if name not in have]:
        there = ", ".join(have)[:300] or "no JSON"
        raise InvalidInput(f"{entry.label}, row 1: expected a key '{missing[0]}', got {there}")
    time = pl.col(date).str.to_datetime(_DATES[date], time_unit="ms", strict=False).dt.epoch("ms")
    faults = [(pl.col("#time").is_null(), "timestamp is no time", date)]
    if not reviews:
        faults.append((~pl.col("is_read").is_in(["true", "false"]), "is_read is not true or false", "is_read"))
    kind = pl.lit("review") if reviews else _kind("true")

    def shape(found: pl.LazyFrame) -> pl.LazyFrame:
        timed = _lines.settled(found, columns).with_columns(time.alias("#time"))
        picked = [*_columns(kind), pl.col("#time").alias("timestamp"), *_faults.PROBLEM]
        return _faults.blamed(timed, faults).select(picked)

    rows, scanned = _json.json_file(entry, workspace, dict.fromkeys(columns, pl.String()), shape)
    return Shelves(rows, scanned, stored=True)


def from_csv(entry: Entry, path: Path, workspace: Path) -> Shelves:
    """Read the CSV, with the ids of the other files where the maps lie beside it.

    Raises:
        InvalidInput: A column is missing in the CSV or in a map.
    """
    text = prescan(entry, workspace)
    header = _lines.header_of(text)
    columns = _lines.pick(text, header, {name: (name,) for name in _CSV})
    columns = {column: _CSV[name] for column, name in columns.items()}
    maps, files = {}, []
    for name in ("book_id", "user_id"):
        beside = _files.find(path, (f"{name}_map.csv",), beside=True)
        if beside is not None:
            table = prescan(beside, workspace)
            maps[_CSV[name]] = _map(table, name)
            files.append(FileNote.of(table))
    rows = _lines.settled(_lines.csv_rows(text, header), columns)
    faults = [(~pl.col("is_read").is_in(["0", "1"]), "is_read is not 0 or 1", "is_read")]
    for field, ids in maps.items():
        rows = rows.join(ids, on=field, how="left", maintain_order="left")
        faults.append((pl.col(f"#{field}").is_null(), f"{field} is not in its map", field))
    rows = _faults.blamed(rows, faults).select(*_columns(_kind("1"), maps), *_faults.PROBLEM)
    fast = fast_csv(text, header, columns)
    fast = None if fast is None else replace(fast, rows=_fast(fast.rows, maps))
    return Shelves(rows, text, fast, tuple(files), "item_id" in maps)


def _fast(rows: pl.LazyFrame, maps: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Give typed rows the same form; a row that is not as it should be is lost here and seen by its absence."""
    for field, ids in maps.items():
        rows = rows.join(ids, on=field, how="left", maintain_order="left")
    return rows.filter(pl.col("is_read").is_in(["0", "1"])).select(*_columns(_kind("1"), maps))


def _map(text: TextFile, name: str) -> pl.LazyFrame:
    """Read a map from the numbers of the CSV to the ids of the other files."""
    header = _lines.header_of(text)
    columns = _lines.pick(text, header, {_CSV[name]: (f"{name}_csv",), f"#{_CSV[name]}": (name,)})
    table = _lines.csv_rows(text, header).rename(columns).select(list(columns.values()))
    return table.drop_nulls().unique(_CSV[name], keep="first").collect(engine="streaming").lazy()


def _kind(read: str) -> pl.Expr:
    """Say what a row is: rated, read or only shelved."""
    rated = pl.col("rating").cast(pl.Float64, strict=False) > 0
    kind = pl.when(rated).then(pl.lit("rate")).when(pl.col("is_read") == read).then(pl.lit("view"))
    return kind.otherwise(pl.lit("save"))


def _columns(kind: pl.Expr, maps: dict[str, pl.LazyFrame] | None = None) -> list[pl.Expr]:
    """Choose the columns of `Reading.rows`; a rating of 0 is none."""
    unrated = pl.col("rating").cast(pl.Float64, strict=False) == 0
    ids = [pl.col(f"#{name}" if name in (maps or {}) else name).alias(name) for name in ("user_id", "item_id")]
    rating = pl.when(~unrated.fill_null(value=False)).then(pl.col("rating")).alias("rating")
    return [pl.col("file"), pl.col("line"), *ids, rating, kind.alias("interaction_type")]
