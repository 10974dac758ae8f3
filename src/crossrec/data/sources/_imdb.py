"""IMDb's public title files: what they say of films that are known by their IMDb numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.prescan import prescan
from crossrec.data.source import FileNote, refused_of
from crossrec.data.sources import _files, _lines
from crossrec.data.storing.quarantine import join

__all__ = ["with_imdb"]

_NULL = r"\N"
_BASICS = {"key": "tconst", "imdb_year": "startYear", "runtime": "runtimeMinutes", "imdb_genres": "genres"}
_RATINGS = {"key": "tconst", "imdb_rating": "averageRating", "imdb_votes": "numVotes"}
_CREW = {"key": "tconst", "directors": "directors"}
_PEOPLE = {"key": "nconst", "name": "primaryName"}


def with_imdb(
    items: pl.DataFrame, folder: Path, workspace: Path
) -> tuple[pl.DataFrame, list[FileNote], list[pl.DataFrame]]:
    """Add runtime (minutes), genres, mean rating, votes and directors, and the year where it is not known.

    Only rows about the films that are asked for are kept in memory; the files have eleven million titles.

    Args:
        items: With `imdb_id`, digits without `tt`.
        folder: Has `title.basics.tsv` and perhaps `title.ratings.tsv`, `title.crew.tsv`, `name.basics.tsv`, plain
            or packed.
        workspace: A folder for unpacked text.

    Returns:
        The items, the notes of the files, and the lines that were refused.

    Raises:
        InvalidInput: The items have no IMDb numbers.
        NotFound: `title.basics.tsv` is not there.
    """
    if "imdb_id" not in items.columns:
        raise InvalidInput("imdb: expected IMDb numbers of the films, got none; put links.csv beside the ratings")
    reader = _Reader(folder, workspace)
    keyed = items.with_columns((pl.lit("tt") + pl.col("imdb_id").str.zfill(7)).alias("key"))
    keys = keyed["key"].drop_nulls().unique()
    _files.require(folder, ("title.basics.tsv",), "imdb")
    tables = [
        reader.table("title.basics.tsv", _BASICS, keys),
        reader.table("title.ratings.tsv", _RATINGS, keys),
        _directors(reader, keys),
    ]
    for table in tables:
        if table is not None:
            keyed = keyed.join(table.unique("key", keep="first"), on="key", how="left", maintain_order="left")
    return _typed(keyed).drop("key"), reader.files, reader.refused


class _Reader:
    """Reads some of the files, and remembers which and what was refused."""

    def __init__(self, folder: Path, workspace: Path) -> None:
        self.folder, self.workspace = folder, workspace
        self.files: list[FileNote] = []
        self.refused: list[pl.DataFrame] = []

    def table(self, name: str, wanted: Mapping[str, str], keys: pl.Series) -> pl.DataFrame | None:
        """Read the rows with one of the keys; None where the file is not there."""
        entry = _files.find(self.folder, (name,))
        if entry is None:
            return None
        text = prescan(entry, self.workspace)
        header = _lines.header_of(text, "\t")
        columns = _lines.pick(text, header, {field: (column,) for field, column in wanted.items()})
        rows = _lines.delimited(_lines.lines_of(text, skip=1), "\t", header).rename(columns)
        asked = pl.col("key").is_in(keys.implode()) | pl.col("#problem").is_not_null()
        picked = rows.select(pl.col("#file", "#line", "#problem", "#value"), *columns.values()).filter(asked)
        found, bad = _lines.table_of(picked)
        self.files.append(FileNote.of(text))
        self.refused.append(join([bad, refused_of(text)]))
        none = [pl.when(pl.col(name) != _NULL).then(pl.col(name)).alias(name) for name in columns.values()]
        return found.select(none)


def _directors(reader: _Reader, keys: pl.Series) -> pl.DataFrame | None:
    """Read the directors of each film by their names, in the order of the file; without names there are none."""
    crew = reader.table("title.crew.tsv", _CREW, keys)
    if crew is None:
        return None
    listed = crew.select("key", pl.col("directors").str.split(",").alias("person")).explode("person").drop_nulls()
    people = reader.table("name.basics.tsv", _PEOPLE, listed["person"].unique())
    if people is None:
        return None
    named = people.rename({"key": "person"}).unique("person", keep="first")
    joined = listed.join(named, on="person", maintain_order="left")
    return joined.group_by("key", maintain_order=True).agg(pl.col("name").alias("directors"))


def _typed(items: pl.DataFrame) -> pl.DataFrame:
    """Give the columns their types; a year that the title has counts more than IMDb's."""
    numbers: Sequence[tuple[str, type[pl.DataType]]] = (
        ("imdb_year", pl.Int32),
        ("runtime", pl.Int32),
        ("imdb_rating", pl.Float32),
        ("imdb_votes", pl.Int64),
    )
    items = items.with_columns(
        pl.col(name).cast(dtype, strict=False) for name, dtype in numbers if name in items.columns
    )
    year = pl.coalesce("year", "imdb_year") if "year" in items.columns else pl.col("imdb_year")
    return items.with_columns(year.alias("year"), pl.col("imdb_genres").str.split(",")).drop("imdb_year")
