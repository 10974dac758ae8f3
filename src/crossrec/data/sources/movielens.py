"""MovieLens, and MovieTweetings in the same form: ratings of films with titles, genres and tags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import TextFile, prescan
from crossrec.data.source import FileNote, Reading, Rules, rating_range, refused_of
from crossrec.data.sources import _files, _lines
from crossrec.data.sources._fast import fast_csv
from crossrec.data.sources._genome import GENOMES
from crossrec.data.sources._movielens_items import Films, films_of
from crossrec.data.sources._movielens_users import users_of
from crossrec.data.storing.quarantine import join

__all__ = ["MovieLens"]

_STARS = 5.0
_RATINGS = ("ratings.csv", "ratings.dat", "u.data")
_FIELDS = {
    "user_id": ("userId", "user_id", "user"),
    "item_id": ("movieId", "movie_id", "item_id"),
    "rating": ("rating",),
    "timestamp": ("timestamp",),
}


@dataclass(frozen=True)
class MovieLens:
    """Reads 100K (`u.data`, `u.item`), 1M and 10M (`::`), and the CSV of 20M, 25M, 32M and latest.

    Films get title, year, genres, tags (the 20 most given), imdb_id and tmdb_id (`links.csv`), and genome: a list
    of tag and relevance in [0, 1] from `genome-scores.csv` and `genome-tags.csv`, the best first. Users get age,
    gender, occupation and zip from `u.user` (100K) or `users.dat` (1M, where the age is the first year of the
    group). The `users.dat` of MovieTweetings is never read: it holds Twitter ids.

    Args:
        ratings: Lowest and highest rating, as `0.5-5`; empty takes the format's own: 1-5 for `u.data`, 0.5-5
            otherwise, and 0-10 for `::` files with IMDb numbers for items (seven digits), as MovieTweetings has.
        encoding: Of the ratings: "utf-8" or "latin-1". Titles are tried as UTF-8, then as latin-1.
        titles: Read the films and users too, where they lie beside the ratings.
        genome: "top" keeps the 20 tags that fit a film best, "full" all 1,128, "none" nothing.
        imdb: A folder with IMDb's `title.basics.tsv.gz`, and perhaps `title.ratings`, `title.crew` and
            `name.basics`: films get runtime (minutes), imdb_genres, imdb_rating, imdb_votes and directors by their
            numbers. IMDb's ratings and votes are those of the day of the file, later than the users' ratings.

    Source: the README of each release at https://grouplens.org/datasets/movielens/ and
    https://github.com/sidooms/MovieTweetings.
    """

    ratings: str = ""
    encoding: str = "utf-8"
    titles: bool = True
    genome: str = "top"
    imdb: str = ""

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the files and say how they are read; see `Source.read`."""
        if self.genome not in GENOMES:
            raise InvalidInput(f"movielens: option genome: expected one of {', '.join(GENOMES)}, got '{self.genome}'")
        entry = _files.require(path, _RATINGS, "movielens")
        text = prescan(entry, workspace, encoding=self.encoding)
        first = _first_line(text)
        fast, people = None, ""
        if "::" in first:
            rows, limits, catalogue = self._double_colon(text), _colon_range(text), ("movies.dat",)
            people = "users.dat" if limits[1] == _STARS else ""
        elif "\t" in first:
            rows = _settled(_lines.delimited_rows(text, "\t", list(_FIELDS)))
            limits, catalogue, people = (1.0, _STARS), ("u.item",), "u.user"
            fast = fast_csv(text, list(_FIELDS), {name: name for name in _FIELDS}, "\t", skip=0, numbers=True)
        else:
            header = _lines.header_of(text)
            columns = _lines.pick(text, header, _FIELDS)
            rows = _lines.settled(_lines.csv_rows(text, header), columns)
            limits, catalogue = (0.5, _STARS), ("movies.csv",)
            fast = fast_csv(text, header, columns, numbers=True)
        films = self._films(path, catalogue, workspace)
        users = users_of(path, people, workspace) if self.titles and people else None
        return Reading(
            rows=rows,
            rules=Rules(
                rating_range(self.ratings) or limits,
                unit="s",
                kind="rate",
                plain_ids=text.plain and text.longest <= 512,
            ),
            files=(FileNote.of(text), *(films.files if films else ()), *([users[1]] if users else [])),
            fast=fast,
            items=films.items if films else None,
            users=users[0] if users else None,
            refused=refused_of(text),
            item_refused=join([*([films.refused] if films else []), *([users[2]] if users else [])]),
            licence="see the README of the release; MovieLens is for research and may not be passed on"
            if entry.name != "ratings.dat"
            else "MovieLens: research only, see README; MovieTweetings: MIT",
        )

    def _films(self, path: Path, catalogue: tuple[str, ...], workspace: Path) -> Films | None:
        """Read the films, where they are wanted and there."""
        if not self.titles:
            return None
        folder = Path(self.imdb) if self.imdb else None
        films = films_of(path, catalogue, workspace, genome=self.genome, imdb=folder)
        if films is None and folder:
            raise InvalidInput(f"movielens: option imdb: expected {catalogue[0]} beside the ratings, got no such file")
        return films

    def _double_colon(self, text: TextFile) -> pl.LazyFrame:
        return _settled(_lines.delimited_rows(text, "::", list(_FIELDS)))


def _first_line(text: TextFile) -> str:
    with text.readable.open(encoding="utf-8") as stream:
        return stream.readline(2**16)


def _settled(rows: pl.LazyFrame) -> pl.LazyFrame:
    return _lines.settled(rows, {name: name for name in _FIELDS})


def _colon_range(text: TextFile) -> tuple[float, float]:
    """Tell MovieTweetings, rated 0 to 10, by its items: IMDb numbers of seven digits."""
    head = _lines.delimited(_lines.lines_of(text).head(1000), "::", list(_FIELDS)).select("item_id").collect()
    long = head.select((pl.col("item_id").str.len_chars() >= 7).mean()).item()
    return (0.0, 10.0) if long is not None and long > 0.5 else (0.5, _STARS)
