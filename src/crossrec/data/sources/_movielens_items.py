"""MovieLens' films: titles, genres, tags, links, the genome, and what IMDb says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.data.intake.prescan import Entry, TextFile, prescan
from crossrec.data.source import FileNote, refused_of
from crossrec.data.sources import _files, _genome, _imdb, _lines
from crossrec.data.storing.quarantine import join

__all__ = ["Films", "films_of"]

# fmt: off
_U_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery",
    "Romance", "Sci-Fi", "Thriller", "War", "Western",
)
# fmt: on
_TAGS_KEPT = 20


@dataclass(frozen=True)
class Films:
    """What the files about films gave.

    Args:
        items: `item_id` and the columns that `MovieLens` lists.
        files: Notes for the manifest.
        refused: Lines set aside.
    """

    items: pl.DataFrame
    files: tuple[FileNote, ...]
    refused: pl.DataFrame


def films_of(path: Path, names: Sequence[str], workspace: Path, *, genome: str, imdb: Path | None) -> Films | None:
    """Read the films that lie beside the ratings; None where there is no file of titles.

    Args:
        path: What the user named.
        names: Names that the file of titles may have.
        workspace: A folder for unpacked text.
        genome: One of `GENOMES`.
        imdb: A folder with IMDb's title files, or None.
    """
    entry = _files.find(path, names, beside=True)
    if entry is None:
        return None
    text, frame, bad = _titles(entry, workspace)
    files, refused = [FileNote.of(text)], [bad, refused_of(text)]
    title = pl.col("title").str.strip_chars()
    year = title.str.extract(r"\((\d{4})\)\s*$").cast(pl.Int32)
    items = frame.select("item_id", title.alias("title"), year.alias("year"), "genres")
    found = [_tags(path, entry.name, workspace), _links(path, entry.name, workspace)]
    if genome != "none":
        found.append(_scores(path, workspace, full=genome == "full"))
    for table, notes, bad in (one for one in found if one is not None):
        items = items.join(table, on="item_id", how="left", maintain_order="left")
        files += notes
        refused.append(bad)
    if entry.name == "movies.dat" and "imdb_id" not in items.columns and _are_imdb(items["item_id"]):
        items = items.with_columns(pl.col("item_id").alias("imdb_id"))
    if imdb is not None:
        items, notes, more = _imdb.with_imdb(items, imdb, workspace)
        files += notes
        refused += more
    return Films(items, tuple(files), join(refused))


def _are_imdb(ids: pl.Series) -> bool:
    """Are the items called by their IMDb numbers, as in MovieTweetings?"""
    return ids.len() > 0 and int((ids.str.len_chars() >= 7).sum()) * 2 > ids.len()


def _titles(entry: Entry, workspace: Path) -> tuple[TextFile, pl.DataFrame, pl.DataFrame]:
    """Read `u.item`, `movies.dat` or `movies.csv` into item_id, title and a list of genres."""
    text = _files.tolerant(entry, workspace)
    if entry.name == "u.item":
        columns = ["item_id", "title", "released", "video", "url", *_U_GENRES]
        frame, refused = _lines.table_of(_lines.delimited(_lines.lines_of(text), "|", columns))
        flags = [pl.when(pl.col(name) == "1").then(pl.lit(name)) for name in _U_GENRES]
        return text, frame.with_columns(pl.concat_list(flags).list.drop_nulls().alias("genres")), refused
    if entry.name == "movies.dat":
        rows = _lines.delimited(_lines.lines_of(text), "::", ["item_id", "title", "genres"])
    else:
        header = _lines.header_of(text)
        wanted = {"item_id": ("movieId", "movie_id", "item_id"), "title": ("title",), "genres": ("genres",)}
        rows = _lines.csv_rows(text, header).rename(_lines.pick(text, header, wanted))
    frame, refused = _lines.table_of(rows)
    listed = pl.col("genres").fill_null("").str.split("|")
    genres = listed.list.eval(pl.element().filter(~pl.element().is_in(["", "(no genres listed)"])))
    return text, frame.with_columns(genres.alias("genres")), refused


_Table = tuple[pl.DataFrame, list[FileNote], pl.DataFrame]


def _tags(path: Path, titles: str, workspace: Path) -> _Table | None:
    """Read `tags.csv` or `tags.dat` (10M) into the most frequent tags of each film."""
    name = {"movies.csv": "tags.csv", "movies.dat": "tags.dat"}.get(titles)
    entry = _files.find(path, (name,), beside=True) if name else None
    if entry is None:
        return None
    text = prescan(entry, workspace)
    if name == "tags.dat":
        rows = _lines.delimited(_lines.lines_of(text), "::", ["user_id", "item_id", "tag", "timestamp"])
    else:
        header = _lines.header_of(text)
        columns = _lines.pick(text, header, {"item_id": ("movieId", "movie_id"), "tag": ("tag",)})
        rows = _lines.csv_rows(text, header).rename(columns)
    frame, refused = _lines.table_of(rows)
    tag = pl.col("tag").str.strip_chars().str.to_lowercase()
    counted = frame.select("item_id", tag.alias("tag")).filter(pl.col("tag") != "").group_by("item_id", "tag").len()
    ranked = counted.sort(["item_id", "len", "tag"], descending=[False, True, False])
    listed = ranked.group_by("item_id", maintain_order=True).agg(pl.col("tag").head(_TAGS_KEPT).alias("tags"))
    return listed, [FileNote.of(text)], join([refused, refused_of(text)])


def _links(path: Path, titles: str, workspace: Path) -> _Table | None:
    """Read `links.csv`: the numbers that IMDb and TMDB give the films, as text."""
    entry = _files.find(path, ("links.csv",), beside=True) if titles == "movies.csv" else None
    if entry is None:
        return None
    text = prescan(entry, workspace)
    header = _lines.header_of(text)
    wanted = {"item_id": ("movieId",), "imdb_id": ("imdbId",), "tmdb_id": ("tmdbId",)}
    frame, refused = _lines.table_of(_lines.csv_rows(text, header).rename(_lines.pick(text, header, wanted)))
    known = [pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in ("imdb_id", "tmdb_id")]
    links = frame.select("item_id", *known).unique("item_id", keep="first")
    return links, [FileNote.of(text)], join([refused, refused_of(text)])


def _scores(path: Path, workspace: Path, *, full: bool) -> _Table | None:
    """Read the genome, where both files are there."""
    scores, names = (_files.find(path, (f"genome-{part}.csv",), beside=True) for part in ("scores", "tags"))
    return None if scores is None or names is None else _genome.genome_of(scores, names, workspace, full=full)
