"""MovieLens, and MovieTweetings in the same form: ratings of films with titles, genres and tags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import Entry, TextFile, prescan
from crossrec.data.intake.quarantine import join
from crossrec.data.source import FileNote, Reading, Rules, rating_range, refused_of
from crossrec.data.sources import _files, _lines

__all__ = ["MovieLens"]

_RATINGS = ("ratings.csv", "ratings.dat", "u.data")
_FIELDS = {
    "user_id": ("userId", "user_id", "user"),
    "item_id": ("movieId", "movie_id", "item_id"),
    "rating": ("rating",),
    "timestamp": ("timestamp",),
}
# fmt: off
_U_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery",
    "Romance", "Sci-Fi", "Thriller", "War", "Western",
)
# fmt: on
_TAGS_KEPT = 20


@dataclass(frozen=True)
class MovieLens:
    """Reads 100K (`u.data`, `u.item`), 1M and 10M (`::`), and the CSV of 20M, 25M, 32M and latest.

    `users.dat` is never opened: in MovieTweetings it holds Twitter ids.

    Args:
        ratings: Lowest and highest rating, as `0.5-5`; empty takes the format's own: 1-5 for `u.data`, 0.5-5
            otherwise, and 0-10 for `::` files with IMDb numbers for items (seven digits), as MovieTweetings has.
        encoding: Of the ratings: "utf-8" or "latin-1". Titles are tried as UTF-8, then as latin-1.
        titles: Read titles, genres and tags too, where they lie beside the ratings.

    Source: the README of each release at https://grouplens.org/datasets/movielens/ and
    https://github.com/sidooms/MovieTweetings.
    """

    ratings: str = ""
    encoding: str = "utf-8"
    titles: bool = True

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`."""
        entry = _files.require(path, _RATINGS, "movielens")
        text = prescan(entry, workspace, encoding=self.encoding)
        first = _first_line(text)
        fast = None
        if "::" in first:
            rows, limits, catalogue = self._double_colon(text), _colon_range(text), ("movies.dat",)
        elif "\t" in first:
            rows = _settled(_lines.delimited(_lines.lines_of(text), "\t", list(_FIELDS)))
            limits, catalogue = (1.0, 5.0), ("u.item",)
            fast = _lines.fast_csv(text, list(_FIELDS), {name: name for name in _FIELDS}, "\t", skip=0)
        else:
            header = _lines.header_of(text)
            columns = _lines.pick(text, header, _FIELDS)
            rows = _lines.settled(_lines.csv_rows(text, header), columns)
            limits, catalogue = (0.5, 5.0), ("movies.csv",)
            fast = _lines.fast_csv(text, header, columns)
        items, files, refused = self._items(path, workspace, catalogue) if self.titles else (None, [], [])
        return Reading(
            rows=rows,
            rules=Rules(
                rating_range(self.ratings) or limits,
                unit="s",
                kind="rate",
                plain_ids=text.plain and text.longest <= 512,
            ),
            files=(FileNote.of(text), *files),
            fast=fast[0] if fast else None,
            expected=fast[1] if fast else 0,
            items=items,
            refused=refused_of(text),
            item_refused=join(refused),
            licence="see the README of the release; MovieLens is for research and may not be passed on"
            if entry.name != "ratings.dat"
            else "MovieLens: research only, see README; MovieTweetings: MIT",
        )

    def _double_colon(self, text: TextFile) -> pl.LazyFrame:
        return _settled(_lines.delimited(_lines.lines_of(text), "::", list(_FIELDS)))

    def _items(
        self, path: Path, workspace: Path, names: tuple[str, ...]
    ) -> tuple[pl.DataFrame | None, list[FileNote], list[pl.DataFrame]]:
        """Read titles, genres and tags, where the files are there."""
        entry = _files.find(path, names, beside=True)
        if entry is None:
            return None, [], []
        text, frame, refused = _titles(entry, workspace)
        files, bad = [FileNote.of(text)], [refused, refused_of(text)]
        title = pl.col("title").str.strip_chars()
        items = frame.select(
            "item_id",
            title.alias("title"),
            title.str.extract(r"\((\d{4})\)\s*$").cast(pl.Int32).alias("year"),
            "genres",
        )
        tags = _files.find(path, ("tags.csv",), beside=True) if entry.name == "movies.csv" else None
        if tags is not None:
            tagged, note, refused = _tags(tags, workspace)
            items = items.join(tagged, on="item_id", how="left", maintain_order="left")
            files.append(note)
            bad.append(refused)
        return items, files, bad


def _first_line(text: TextFile) -> str:
    with text.readable.open(encoding="utf-8") as stream:
        return stream.readline(2**16)


def _settled(rows: pl.LazyFrame) -> pl.LazyFrame:
    return _lines.settled(rows, {name: name for name in _FIELDS})


def _colon_range(text: TextFile) -> tuple[float, float]:
    """Tell MovieTweetings, rated 0 to 10, by its items: IMDb numbers of seven digits."""
    head = _lines.delimited(_lines.lines_of(text).head(1000), "::", list(_FIELDS)).select("item_id").collect()
    long = head.select((pl.col("item_id").str.len_chars() >= 7).mean()).item()
    return (0.0, 10.0) if long is not None and long > 0.5 else (0.5, 5.0)


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
        columns_of = _lines.pick(text, header, wanted)
        rows = _lines.csv_rows(text, header).rename(columns_of)
    frame, refused = _lines.table_of(rows)
    listed = pl.col("genres").fill_null("").str.split("|")
    genres = listed.list.eval(pl.element().filter(~pl.element().is_in(["", "(no genres listed)"])))
    return text, frame.with_columns(genres.alias("genres")), refused


def _tags(entry: Entry, workspace: Path) -> tuple[pl.DataFrame, FileNote, pl.DataFrame]:
    """Read `tags.csv` into the most frequent tags of each item."""
    text = prescan(entry, workspace)
    header = _lines.header_of(text)
    columns = _lines.pick(text, header, {"item_id": ("movieId", "movie_id"), "tag": ("tag",)})
    frame, refused = _lines.table_of(_lines.csv_rows(text, header).rename(columns))
    if "tag" not in frame.columns:
        raise InvalidInput(f"{entry.label}: expected a column 'tag'")
    tag = pl.col("tag").str.strip_chars().str.to_lowercase()
    counted = frame.select("item_id", tag.alias("tag")).filter(pl.col("tag") != "").group_by("item_id", "tag").len()
    ranked = counted.sort(["item_id", "len", "tag"], descending=[False, True, False])
    listed = ranked.group_by("item_id", maintain_order=True).agg(pl.col("tag").head(_TAGS_KEPT).alias("tags"))
    return listed, FileNote.of(text), join([refused, refused_of(text)])
