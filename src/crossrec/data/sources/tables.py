"""Tables: any CSV, Parquet or JSON lines with a map of columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput, suggestion
from crossrec.data.intake.prescan import Entry, FileState, TextFile, file_hash, prescan
from crossrec.data.source import FileNote, Reading, Rules, rating_range, refused_of
from crossrec.data.sources import _files, _json, _lines
from crossrec.data.sources._fast import fast_csv
from crossrec.data.sources._pseudonyms import Pseudonyms
from crossrec.data.storing.quarantine import join, refused_frame

__all__ = ["Tables"]

_NAMES = {
    "user_id": ("user_id", "userId", "user", "uid", "customer_id", "visitorid"),
    "item_id": ("item_id", "itemId", "item", "iid", "movieId", "book_id", "product_id"),
    "rating": ("rating",),
    "timestamp": ("timestamp", "time", "ts"),
    "position": ("position",),
    "split": ("split",),
    "interaction_type": ("interaction_type",),
    "weight": ("weight",),
    "context": ("context",),
}
_PATTERNS = ("*.parquet", "*.csv", "*.tsv", "*.jsonl", "*.ndjson", "*.json", "*.txt", "*.dat")
_SEPARATORS = {"tab": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True)
class Tables:
    """Reads one table; each column of the schema is found by its usual names, or as an option says.

    Args:
        user: Column of the user.
        item: Column of the item.
        rating: Column of the rating; where a column says the kind, a row may be without one.
        timestamp: Column of the time.
        position: Column of the order within a user, for order without time. A row without one is the oldest.
        split: Column of the split: train, valid, test.
        interaction_type: Column of the kind.
        weight: Column of the weight, > 0.
        context: Column with JSON objects.
        unit: Unit of the times: "s", "ms", "us", "ns", "iso" or "auto".
        ratings: Lowest and highest rating, as `1-5`; empty takes any.
        kind: The kind of all rows where no column says it; empty is "rate" with ratings, else "view".
        separator: Of a CSV: a character, or tab, space, comma, semicolon, pipe; empty goes by the first line.
        header: The first line of a CSV has names; without it columns are called 1, 2, 3 …
        encoding: "utf-8" or "latin-1".
        ordered: The order of the rows of one user means something; say false where the file was shuffled.
        items: Path of a CSV about the items, with a column `item_id` or the one that `item` names; its separator goes
            by its first line.
        repeats: The same row twice is two acts; otherwise, without a position, it is a duplicate and set aside.
        hash_users: Users are names of persons: write salted hashes of them, by the secret in the environment
            variable `CROSSREC_SALT`; without it a salt is drawn for this import alone.
    """

    user: str = ""
    item: str = ""
    rating: str = ""
    timestamp: str = ""
    position: str = ""
    split: str = ""
    interaction_type: str = ""
    weight: str = ""
    context: str = ""
    unit: str = "auto"
    ratings: str = ""
    kind: str = ""
    separator: str = ""
    header: bool = True
    encoding: str = "utf-8"
    ordered: bool = True
    items: str = ""
    repeats: bool = False
    hash_users: bool = False

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the file and say how it is read; see `Source.read`."""
        entry = _files.require(path, _PATTERNS, "tables")
        if entry.name.endswith(".parquet"):
            reading, columns = self._parquet(entry)
        else:
            reading, columns = self._text(entry, workspace)
        kind = self.kind or ("rate" if "rating" in columns.values() else "view")
        rules = Rules(
            rating_range(self.ratings),
            unit=self.unit,
            kind=kind,
            plain_ids=reading.rules.plain_ids,
            unit_is_option=True,
            unrated="interaction_type" in columns.values(),
        )
        items, files, items_refused = self._items(workspace)
        found = Reading(
            rows=reading.rows,
            rules=rules,
            files=(*reading.files, *files),
            fast=reading.fast,
            items=items,
            refused=reading.refused,
            stored=reading.stored,
            item_refused=items_refused,
            ordered=self.ordered,
            repeats=self.repeats or "position" in columns.values(),
            notes=reading.notes,
        )
        return self._hashed(found) if self.hash_users else found

    def _hashed(self, reading: Reading) -> Reading:
        """Write users as pseudonyms, and never show a line that may hold a name."""
        names = Pseudonyms.from_environment()
        hashed = names.of(pl.col("user_id").cast(pl.String)).alias("user_id")
        return replace(
            reading,
            rows=reading.rows.with_columns(hashed),
            fast=None if reading.fast is None else replace(reading.fast, rows=reading.fast.rows.with_columns(hashed)),
            refused=reading.refused.with_columns(pl.lit(None, pl.String).alias("value")),
            pseudonyms=names.fingerprint,
            notes=(*reading.notes, *names.notes),
            private=True,
        )

    def _wanted(self) -> dict[str, tuple[str, ...]]:
        """Field -> names of its column: the one the user named, or the usual ones."""
        named = {"user_id": self.user, "item_id": self.item}
        return {
            name: (given,) if (given := named.get(name, getattr(self, name, ""))) else usual
            for name, usual in _NAMES.items()
        }

    def _columns(self, label: str, header: list[str]) -> dict[str, str]:
        """Find the columns; one that the user named must be there."""
        by_lower = {name.lower(): name for name in reversed(header)} | {name: name for name in header}
        found: dict[str, str] = {}
        for name, options in self._wanted().items():
            spelled = (option if option in by_lower else option.lower() for option in options)
            column = next((by_lower[option] for option in spelled if option in by_lower), None)
            must = name in ("user_id", "item_id") or options != _NAMES[name]
            if column is None and must:
                there = f"{', '.join(header)[:300]}{suggestion(options[0], header)}"
                raise InvalidInput(f"{label}, row 1: expected a column '{options[0]}' for {name}, got {there}")
            if column in found:
                raise InvalidInput(f"{label}: column '{column}' is named for {found[column]} and for {name}; name one")
            if column is not None:
                found[column] = name
        return found

    def _text(self, entry: Entry, workspace: Path) -> tuple[Reading, dict[str, str]]:
        """Read CSV or JSON lines."""
        if entry.name.endswith((".jsonl", ".ndjson", ".json")):
            return self._json(entry, workspace)
        text = prescan(entry, workspace, encoding=self.encoding)
        separator = _SEPARATORS.get(self.separator, self.separator) or _usual_separator(text)
        if len(separator) != 1:
            raise InvalidInput(f"tables: option separator: expected one character, got '{self.separator}'")
        names = _lines.header_of(text, separator)
        skip = int(self.header)
        header = names if self.header else [str(number + 1) for number in range(len(names))]
        columns = self._columns(entry.label, header)
        fast = fast_csv(text, header, columns, separator, skip=skip, numbers=not self.hash_users)
        if not set(columns.values()) <= {"user_id", "item_id", "rating", "timestamp"}:
            fast = None
        reading = Reading(
            rows=_lines.settled(_lines.csv_rows(text, header, separator, skip=skip), columns),
            rules=Rules(plain_ids=text.plain and text.longest <= 512),
            files=(FileNote.of(text),),
            fast=fast,
            refused=refused_of(text),
            notes=_used(columns, header),
        )
        return reading, columns

    def _json(self, entry: Entry, workspace: Path) -> tuple[Reading, dict[str, str]]:
        """Read JSON lines; the columns are the keys of the first hundred lines."""
        keys = _json.keys_of(entry, encoding=self.encoding)
        columns = self._columns(entry.label, keys)
        fields = dict.fromkeys(columns, pl.String())
        rows, scanned = _json.json_file(
            entry, workspace, fields, lambda found: _lines.settled(found, columns), encoding=self.encoding
        )
        files, notes = (FileNote.of(scanned),), _used(columns, keys)
        reading = Reading(rows=rows, rules=Rules(), files=files, refused=refused_of(scanned), notes=notes, stored=True)
        return reading, columns

    def _parquet(self, entry: Entry) -> tuple[Reading, dict[str, str]]:
        """Read Parquet; rows are counted from 1."""
        if entry.compressed:
            raise InvalidInput(f"{entry.label}: expected plain Parquet, got it inside an archive; unpack it first")
        try:
            table = pl.scan_parquet(entry.path, glob=False)
            schema = table.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise InvalidInput(f"{entry.label}: expected Parquet, got something damaged ({error})") from error
        columns = self._columns(entry.label, schema.names())
        _check_types(entry.label, {name: schema[column] for column, name in columns.items()})
        rows = table.with_row_index("line", offset=1).select(
            pl.lit(entry.label).alias("file"),
            pl.col("line").cast(pl.Int64),
            *[pl.col(column).alias(name) for column, name in columns.items()],
        )
        state = FileState.of(entry.path)
        note = FileNote(entry.label, file_hash(entry.path), state.size, state)
        return Reading(rows=rows, rules=Rules(), files=(note,), notes=_used(columns, schema.names())), columns

    def _items(self, workspace: Path) -> tuple[pl.DataFrame | None, list[FileNote], pl.DataFrame]:
        """Read the table about items, all columns as text."""
        if not self.items:
            return None, [], refused_frame()
        entry = _files.require(Path(self.items), ("*.csv", "*.tsv"), "tables")
        text = prescan(entry, workspace, encoding=self.encoding)
        separator = _usual_separator(text)
        header = _lines.header_of(text, separator)
        names = (self.item, *_NAMES["item_id"]) if self.item else _NAMES["item_id"]
        columns = _lines.pick(text, header, {"item_id": names})
        frame, refused = _lines.table_of(_lines.csv_rows(text, header, separator).rename(columns))
        return frame, [FileNote.of(text)], join([refused, refused_of(text)])


def _usual_separator(text: TextFile) -> str:
    """Return what the first line has most of: commas, tabs, semicolons or bars."""
    with text.readable.open(encoding="utf-8") as stream:
        first = stream.readline(2**20)
    return max(",\t;|", key=first.count)


def _used(columns: dict[str, str], header: list[str]) -> tuple[str, ...]:
    """Say which columns are taken as what, and which are not used."""
    taken = ", ".join(name if name == column else f"{column} as {name}" for column, name in columns.items())
    left = [name for name in header if name not in columns]
    return (f"columns: {taken}", *([f"columns not used: {', '.join(left)[:300]}"] if left else []))


def _check_types(label: str, types: dict[str, pl.DataType]) -> None:
    """Refuse Parquet columns that are no ids or no times."""
    for name, kind in types.items():
        text = kind in (pl.String, pl.Categorical, pl.Enum)
        if name in ("user_id", "item_id") and not (text or kind.is_integer()):
            raise InvalidInput(f"{label}, column for {name}: expected text or integers, got {kind}")
        if name == "timestamp" and not (text or kind.is_numeric() or kind in (pl.Date, pl.Datetime)):
            raise InvalidInput(f"{label}, column for timestamp: expected numbers, text or datetimes, got {kind}")
