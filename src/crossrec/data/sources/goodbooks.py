"""goodbooks-10k: ratings of books with titles, authors, years and tags; there is no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.data.intake.prescan import TextFile, prescan
from crossrec.data.source import FileNote, Reading, Rules, rating_range, refused_of
from crossrec.data.sources import _files, _lines
from crossrec.data.sources._fast import fast_csv
from crossrec.data.storing.quarantine import join

__all__ = ["Goodbooks"]

_TAGS_KEPT = 20


@dataclass(frozen=True)
class Goodbooks:
    """Reads `ratings.csv` (or `ratings_random.csv`), `books.csv`, and `book_tags.csv` with `tags.csv`.

    The order of the rows is kept as order, and is no time.

    Args:
        ratings: Lowest and highest rating.
        ordered: The rows of a user stand in the order of reading; say false for a random sample.

    Source: https://github.com/zygmuntz/goodbooks-10k, README.
    """

    ratings: str = "1-5"
    ordered: bool = True

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`."""
        text = prescan(
            _files.require(path, ("ratings.csv", "ratings_random.csv", "ratings*.csv"), "goodbooks"), workspace
        )
        header = _lines.header_of(text)
        wanted = {"user_id": ("user_id",), "item_id": ("book_id",), "rating": ("rating",)}
        columns = _lines.pick(text, header, wanted)
        fast = fast_csv(text, header, columns, numbers=True)
        items, files, refused = _books(path, workspace)
        return Reading(
            rows=_lines.settled(_lines.csv_rows(text, header), columns),
            rules=Rules(rating_range(self.ratings), kind="rate", plain_ids=text.plain and text.longest <= 512),
            files=(FileNote.of(text), *files),
            fast=fast,
            items=items,
            refused=refused_of(text),
            item_refused=join(refused),
            licence="CC BY-SA 4.0",
            ordered=self.ordered,
        )


def _books(path: Path, workspace: Path) -> tuple[pl.DataFrame | None, list[FileNote], list[pl.DataFrame]]:
    """Read titles, authors, years and, where both files are there, tags."""
    entry = _files.find(path, ("books.csv",), beside=True)
    if entry is None:
        return None, [], []
    text = prescan(entry, workspace)
    header = _lines.header_of(text)
    wanted = {
        "item_id": ("book_id", "id"),
        "title": ("title", "original_title"),
        "authors": ("authors",),
        "year": ("original_publication_year",),
        "language": ("language_code",),
        "goodreads_id": ("goodreads_book_id",),
    }
    columns = _lines.pick(text, header, wanted, optional=("year", "language", "goodreads_id", "authors"))
    frame, refused = _lines.table_of(_lines.csv_rows(text, header).rename(columns))
    items = frame.select([name for name in wanted if name in frame.columns])
    if "year" in items.columns:
        items = items.with_columns(pl.col("year").cast(pl.Float64, strict=False).cast(pl.Int32, strict=False))
    files, bad = [FileNote.of(text)], [refused, refused_of(text)]
    tagged, names = (_files.find(path, (name,), beside=True) for name in ("book_tags.csv", "tags.csv"))
    if tagged and names and "goodreads_id" in items.columns:
        listed, notes, more = _tags(prescan(tagged, workspace), prescan(names, workspace))
        items = items.join(listed, on="goodreads_id", how="left", maintain_order="left")
        files += notes
        bad += more
    return items.drop("goodreads_id", strict=False), files, bad


def _tags(tagged: TextFile, names: TextFile) -> tuple[pl.DataFrame, list[FileNote], list[pl.DataFrame]]:
    """Return the most used tags of each book, by its Goodreads id."""
    uses, bad_uses = _table(
        tagged, {"goodreads_id": ("goodreads_book_id",), "tag_id": ("tag_id",), "count": ("count",)}
    )
    words, bad_words = _table(names, {"tag_id": ("tag_id",), "tag": ("tag_name",)})
    known = words.unique("tag_id", keep="first")
    ranked = uses.join(known, on="tag_id").with_columns(pl.col("count").cast(pl.Int64, strict=False).fill_null(0))
    ranked = ranked.sort(["goodreads_id", "count", "tag"], descending=[False, True, False])
    listed = ranked.group_by("goodreads_id", maintain_order=True).agg(pl.col("tag").head(_TAGS_KEPT).alias("tags"))
    refused = [bad_uses, bad_words, refused_of(tagged, names)]
    return listed, [FileNote.of(tagged), FileNote.of(names)], refused


def _table(text: TextFile, wanted: Mapping[str, Sequence[str]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    header = _lines.header_of(text)
    return _lines.table_of(_lines.csv_rows(text, header).rename(_lines.pick(text, header, wanted)))
