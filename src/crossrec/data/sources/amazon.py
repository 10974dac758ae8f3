"""Amazon reviews: the 2014 and 2018 5-core files and the 2023 files, with product metadata."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry, prescan
from crossrec.data.intake.quarantine import join
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _files, _lines

__all__ = ["Amazon"]

_OLD = {"reviewerID": "user_id", "asin": "item_id", "overall": "rating", "unixReviewTime": "timestamp"}
_NEW = {"user_id": "user_id", "parent_asin": "item_id", "rating": "rating", "timestamp": "timestamp"}
_META = ("meta*.jsonl", "meta*.json", "*meta*.jsonl", "*meta*.json")


@dataclass(frozen=True)
class Amazon:
    """Reads review files, one JSON object a line; names of reviewers and texts are never read.

    Files of 2014 and 2018 have `reviewerID, asin, overall, unixReviewTime` in seconds; those of 2023 have
    `user_id, parent_asin, rating, timestamp` in milliseconds. A refused line is quarantined without its text,
    which may hold a name.

    Args:
        metadata: Path of the product file; empty looks for `meta*` in the folder.
        encoding: "utf-8" or "latin-1".

    Source: https://jmcauley.ucsd.edu/data/amazon/, https://amazon-reviews-2023.github.io/.
    """

    metadata: str = ""
    encoding: str = "utf-8"

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`."""
        entry = self._reviews(path)
        text = prescan(entry, workspace, encoding=self.encoding)
        lines = _lines.lines_of(text)
        columns, unit = _form(lines, entry)
        items, files, refused = self._products(path, workspace)
        return Reading(
            rows=_lines.settled(_lines.json_rows(lines, list(columns)), columns),
            rules=Rules((1.0, 5.0), unit=unit, kind="rate"),
            files=(FileNote.of(text), *files),
            items=items,
            refused=refused_of(text).with_columns(pl.lit(None, pl.String).alias("value")),
            item_refused=refused,
            licence="research use; cite McAuley et al.",
            private=True,
        )

    def _reviews(self, path: Path) -> Entry:
        """Find the file of reviews: the path itself, or the first that is no metadata."""
        entries = _files.find_all(path, ("*.jsonl", "*.json")) if path.is_dir() else []
        reviews = [entry for entry in entries if "meta" not in entry.name.lower()]
        return reviews[0] if reviews else _files.require(path, ("*.jsonl", "*.json"), "amazon")

    def _products(self, path: Path, workspace: Path) -> tuple[pl.DataFrame | None, list[FileNote], pl.DataFrame]:
        """Read title, brand, price and category of the products, where there is a file of them."""
        given = Path(self.metadata) if self.metadata else None
        entry = _files.require(given, _META, "amazon") if given else _files.find(path, _META)
        if entry is None:
            return None, [], join([])
        text = prescan(entry, workspace)
        names = ["parent_asin", "asin", "title", "brand", "store", "price", "main_category", "main_cat"]
        frame, refused = _lines.table_of(_lines.json_rows(_lines.lines_of(text), names))
        items = frame.select(
            pl.coalesce("parent_asin", "asin").alias("item_id"),
            "title",
            pl.coalesce("brand", "store").alias("brand"),
            pl.col("price").str.strip_chars(" $").cast(pl.Float64, strict=False),
            pl.coalesce("main_category", "main_cat").alias("category"),
        )
        bad = join([refused, refused_of(text)]).with_columns(pl.lit(None, pl.String).alias("value"))
        return items, [FileNote.of(text)], bad


def _form(lines: pl.LazyFrame, entry: Entry) -> tuple[dict[str, str], str]:
    """Tell the forms apart by the keys of the first lines."""
    head = _lines.json_rows(lines.head(100), [*_OLD, *_NEW]).collect()
    have = {name for name in (*_OLD, *_NEW) if head[name].null_count() < head.height}
    for columns, unit in ((_NEW, "ms"), (_OLD, "s")):
        if len(have & set(columns)) * 2 > len(columns):
            if missing := [name for name in columns if name not in have]:
                there = ", ".join(sorted(have))
                raise InvalidInput(f"{entry.label}, row 1: expected a key '{missing[0]}', got {there}")
            return columns, unit
    raise InvalidInput(
        f"{entry.label}, row 1: expected keys {', '.join(_OLD)} (2014, 2018) or {', '.join(_NEW)} (2023), "
        f"got {', '.join(sorted(have)) or 'none of them'}"
    )
