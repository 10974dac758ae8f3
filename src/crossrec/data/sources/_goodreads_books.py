"""Goodreads' books: the book file with the names of authors and the genres that lie beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.data.fetching.goodreads import GENRES
from crossrec.data.intake.prescan import Entry
from crossrec.data.source import FileNote, refused_of
from crossrec.data.sources import _files, _json, _lines
from crossrec.data.storing.quarantine import join

__all__ = ["Books", "apart", "read"]

_TEXT_CHARACTERS = 2_000
_SHELVES_KEPT = 20
_READERS_OWN = (
    r"^(to-.*|(re-?)?read|currently-reading|owned.*|.*-?i-own|own.*|books-.*|my-.*|mine|favou?rites?|default|library)$"
)
_DATED = r"(^|-)(19|20)\d\d(-|$)"
"""Shelves that speak of the reader and not of the book: what somebody owns, wants, or read in 2016."""
_WORDS = pl.List(pl.String())
_FIELDS = {
    "book_id": pl.String(),
    "work_id": pl.String(),
    "title": pl.String(),
    "authors": pl.List(pl.Struct({"author_id": pl.String()})),
    "description": pl.String(),
    "publisher": pl.String(),
    "publication_year": pl.String(),
    "language_code": pl.String(),
    "num_pages": pl.String(),
    "popular_shelves": pl.List(pl.Struct({"count": pl.String(), "name": pl.String()})),
    "link": pl.String(),
    "similar_books": _WORDS,
}


@dataclass(frozen=True)
class Books:
    """What the files about books gave.

    Args:
        items: `item_id` and the columns that `Goodreads` lists.
        files: Notes for the manifest.
        refused: Lines set aside.
        name: Name of the file with the books, unpacked.
    """

    items: pl.DataFrame
    files: tuple[FileNote, ...]
    refused: pl.DataFrame
    name: str


def read(path: Path, rows: str, workspace: Path, *, text: bool = True) -> Books | None:
    """Read the books that lie beside a file of interactions or reviews; None where there is no such file.

    Args:
        path: What the user named.
        rows: Name of the file with the rows; its genre is that of the books.
        workspace: A folder for unpacked text.
        text: Read descriptions.
    """
    entry = _book_file(path, rows)
    if entry is None:
        return None
    fields = {name: dtype for name, dtype in _FIELDS.items() if text or name != "description"}
    parsed, scanned = _json.json_file(
        entry, workspace, fields, lambda found: found.select(*_json.PLACES, *_columns(fields))
    )
    items, bad = _lines.table_of(parsed)
    items = items.unique("item_id", keep="first", maintain_order=True)
    files, refused = [FileNote.of(scanned)], [bad, refused_of(scanned)]
    for pattern, keys, joined in (
        ("goodreads_book_authors*.json", ("author_id", "name"), _named),
        ("goodreads_book_genres*.json", ("book_id", "genres"), _sorted),
    ):
        beside = _files.find(path, (pattern,), beside=True)
        if beside is not None:
            parsed, scanned = _json.json_file(beside, workspace, dict.fromkeys(keys, pl.String()), lambda found: found)
            table, bad = _lines.table_of(parsed)
            items = joined(items, table)
            files.append(FileNote.of(scanned))
            refused += [bad, refused_of(scanned)]
    return Books(items, tuple(files), join(refused), entry.name)


def apart(rows: str, books: str) -> bool:
    """Are the rows of one published genre and the books of another, by the names of their files?"""
    genres = [_genre(name, before) for name, before in ((rows, "interactions"), (books, "books"))]
    return genres[0] != genres[1] and all(genre.removeprefix("_") in GENRES for genre in genres)


def _genre(name: str, after: str) -> str:
    """Return what a name has after a word: `_poetry`, or nothing."""
    return name.lower().rsplit(".", 1)[0].split(after)[-1].split("reviews")[-1].removesuffix("_dedup")


def _book_file(path: Path, rows: str) -> Entry | None:
    """Find the books of the same genre, else all books, else the only ones in the folder."""
    found = list(dict.fromkeys(_files.find_all(path, ("goodreads_books*.json",), beside=True)))
    genre = _genre(rows, "interactions")
    for wanted in (f"goodreads_books{genre}.json", "goodreads_books.json"):
        if same := [entry for entry in found if entry.name.lower() == wanted]:
            return same[0]
    return found[0] if len(found) == 1 and path.is_dir() else None


def _columns(fields: dict[str, pl.DataType]) -> list[pl.Expr]:
    """Choose and name the columns; an empty text is none."""

    def text(name: str) -> pl.Expr:
        return pl.when(pl.col(name) != "").then(pl.col(name))

    name = pl.element().struct.field("name")
    shelf = pl.element().filter(~name.str.contains(_READERS_OWN) & ~name.str.contains(_DATED)).struct.field("name")
    columns = {
        "item_id": pl.col("book_id"),
        "work_id": text("work_id"),
        "title": text("title").str.strip_chars(),
        "author_ids": pl.col("authors").list.eval(pl.element().struct.field("author_id")),
        "publisher": text("publisher"),
        "year": pl.col("publication_year").cast(pl.Int32, strict=False),
        "language": text("language_code"),
        "pages": pl.col("num_pages").cast(pl.Int32, strict=False),
        "categories": pl.col("popular_shelves").list.eval(shelf).list.head(_SHELVES_KEPT),
        "link": text("link"),
        "similar": pl.col("similar_books"),
    }
    if "description" in fields:
        columns["text"] = text("description").str.slice(0, _TEXT_CHARACTERS)
    return [value.alias(name) for name, value in columns.items()]


def _named(items: pl.DataFrame, authors: pl.DataFrame) -> pl.DataFrame:
    """Add the names of the authors, in the order of the book."""
    listed = items.select("item_id", pl.col("author_ids").alias("author_id")).explode("author_id").drop_nulls()
    names = listed.join(authors.unique("author_id", keep="first"), on="author_id", maintain_order="left")
    grouped = names.group_by("item_id", maintain_order=True).agg(pl.col("name").unique(maintain_order=True))
    return items.join(grouped.rename({"name": "authors"}), on="item_id", how="left", maintain_order="left")


def _sorted(items: pl.DataFrame, votes: pl.DataFrame) -> pl.DataFrame:
    """Add the genres, the one with most votes first."""
    pairs = pl.col("genres").str.extract_all(r'"(?:[^"\\]|\\.)*"\s*:\s*\d+')
    listed = votes.select(pl.col("book_id").alias("item_id"), pairs.alias("pair")).explode("pair").drop_nulls()
    listed = listed.with_columns(
        pl.col("pair").str.extract(r'^"(.*)"\s*:').alias("genre"),
        pl.col("pair").str.extract(r"(\d+)$").cast(pl.Int64, strict=False).alias("votes"),
    )
    ranked = listed.sort(["item_id", "votes", "genre"], descending=[False, True, False])
    grouped = ranked.group_by("item_id", maintain_order=True).agg(pl.col("genre").unique(maintain_order=True))
    return items.join(grouped.rename({"genre": "genres"}), on="item_id", how="left", maintain_order="left")
