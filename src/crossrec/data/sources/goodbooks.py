"""goodbooks-10k: ratings of books and books marked to read, with titles, authors, years, ids and tags; no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from crossrec.core.errors import NotFound
from crossrec.data.intake.prescan import Entry, TextFile, prescan
from crossrec.data.source import FileNote, Reading, Rules, rating_range, refused_of
from crossrec.data.sources import _files, _lines
from crossrec.data.sources._fast import fast_csv
from crossrec.data.storing.quarantine import join

__all__ = ["Goodbooks"]

_TAGS_KEPT = 20
_PAGE = "https://www.goodreads.com/book/show/"
_READ_AS = {
    "year": pl.col("year").cast(pl.Float64, strict=False).cast(pl.Int32, strict=False),
    "authors": pl.when(pl.col("authors") != "").then(pl.col("authors").str.split(", ")),
    "isbn": pl.when(pl.col("isbn").str.contains(r"^\d{1,9}[\dX]$")).then(pl.col("isbn").str.zfill(10)),
}
"""Column of a book -> what its text is read as."""


@dataclass(frozen=True)
class Goodbooks:
    """Reads `ratings.csv` (or `ratings_random.csv`), `books.csv`, and `book_tags.csv` with `tags.csv`.

    The order of the rows is kept as order, and is no time. Books get title, authors, year, language, tags, the ids of
    Goodreads (goodreads_id, best_book_id, and work_id, which Goodreads' own books have too), isbn (ten characters; the
    file has lost its leading zeros, and the last digits of isbn13, which is left out), link (their page, made of the
    id as the readme says) and image.

    Args:
        ratings: Lowest and highest rating.
        ordered: The rows of a user stand in the order of reading; say false for a random sample.
        to_read: Take the books marked to read in `to_read.csv` too, as "save". What a user rated and what they marked
            have an order each and none together, so that nothing is ordered then.

    Source: https://github.com/zygmuntz/goodbooks-10k, README.
    """

    ratings: str = "1-5"
    ordered: bool = True
    to_read: bool = False

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`.

        Raises:
            NotFound: Also without `to_read.csv` where it is asked for.
        """
        text = prescan(
            _files.require(path, ("ratings.csv", "ratings_random.csv", "ratings*.csv"), "goodbooks"), workspace
        )
        header = _lines.header_of(text)
        wanted = {"user_id": ("user_id",), "item_id": ("book_id",), "rating": ("rating",)}
        columns = _lines.pick(text, header, wanted)
        fast = fast_csv(text, header, columns, numbers=True)
        items, files, refused = _books(path, workspace)
        reading = Reading(
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
        marked = _files.find(path, ("to_read.csv",), beside=True)
        if self.to_read:
            if marked is None:
                raise NotFound(f"goodbooks: option to_read: expected to_read.csv beside {text.entry.label}, found none")
            return _with_marked(reading, marked, workspace)
        left = ("to_read.csv lies beside and is not read: say to_read=true",) if marked else ()
        return replace(reading, notes=left)


def _with_marked(reading: Reading, entry: Entry, workspace: Path) -> Reading:
    """Add the books marked to read; the two files have no order together."""
    text = prescan(entry, workspace)
    header = _lines.header_of(text)
    columns = _lines.pick(text, header, {"user_id": ("user_id",), "item_id": ("book_id",)})
    marks = _lines.settled(_lines.csv_rows(text, header), columns).with_columns(
        pl.lit(None, pl.String).alias("rating"), pl.lit("save").alias("interaction_type")
    )
    rated = reading.rows.with_columns(pl.lit("rate").alias("interaction_type"))
    plain = reading.rules.plain_ids and text.plain and text.longest <= 512
    return replace(
        reading,
        rows=pl.concat([rated, marks.select(rated.collect_schema().names())]),
        rules=replace(reading.rules, plain_ids=plain, unrated=True),
        files=(reading.files[0], FileNote.of(text), *reading.files[1:]),
        fast=None,
        refused=join([reading.refused, refused_of(text)]),
        ordered=False,
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
        "best_book_id": ("best_book_id",),
        "work_id": ("work_id",),
        "isbn": ("isbn",),
        "image": ("image_url",),
    }
    columns = _lines.pick(text, header, wanted, optional=[name for name in wanted if name not in ("item_id", "title")])
    frame, refused = _lines.table_of(_lines.csv_rows(text, header).rename(columns))
    items = frame.select([name for name in wanted if name in frame.columns])
    items = items.with_columns([value for name, value in _READ_AS.items() if name in items.columns])
    if "goodreads_id" in items.columns:
        items = items.with_columns((pl.lit(_PAGE) + pl.col("goodreads_id")).alias("link"))
    files, bad = [FileNote.of(text)], [refused, refused_of(text)]
    tagged, names = (_files.find(path, (name,), beside=True) for name in ("book_tags.csv", "tags.csv"))
    if tagged and names and "goodreads_id" in items.columns:
        listed, notes, more = _tags(prescan(tagged, workspace), prescan(names, workspace))
        items = items.join(listed, on="goodreads_id", how="left", maintain_order="left")
        files += notes
        bad += more
    return items, files, bad


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
