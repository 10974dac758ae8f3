"""A domain in the CSV files of MovieLens 20M, 25M and 32M: ratings, movies, links, tags and the genome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from crossrec.core.arrays import Codes
from crossrec.data.simulating.chunks import Stage
from crossrec.data.simulating.packed import csv_file
from crossrec.data.worlds.chances import GENOME, TAGS, normals, uniforms
from crossrec.data.worlds.domain import Films

__all__ = ["KINDS", "write_movielens"]

KINDS = ("rate",)
"""What the format can hold."""
# fmt: off
_GENRES = (
    "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir",
    "Horror", "IMAX", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)
# fmt: on
_BLOCK = 250_000
_FILMS_AT_ONCE = 500


def write_movielens(on: Stage, tables: Iterable[pl.DataFrame], folder: Path) -> int:
    """Write the folder; return the number of ratings.

    Args:
        on: The domain.
        tables: Its rows, as `Chunk.rows`.
        folder: Where to.

    Source: https://files.grouplens.org/datasets/movielens/ml-25m-README.html.
    """
    rows = 0
    with csv_file(folder / "ratings.csv", "userId,movieId,rating,timestamp") as stream:
        for table in tables:
            rows += table.height
            ids = [(pl.col(name) + 1).alias(name) for name in ("user", "item")]
            table.select(*ids, "rating", "second").sort("user", "item", maintain_order=True).write_csv(
                stream, include_header=False
            )
    _films(on, folder)
    more = on.domain.films or Films()
    if more.tags:
        with csv_file(folder / "tags.csv", "userId,movieId,tag,timestamp") as stream:
            for table in _tags(on, more.tags):
                table.write_csv(stream, include_header=False)
    if more.genome_tags and more.genome_films:
        _genome(on, more, folder)
    return rows


def _films(on: Stage, folder: Path) -> None:
    """Write titles with genres, and links."""
    number = pl.int_range(1, on.domain.items + 1, eager=True)
    year = 1970 + (on.things.arrival // 31_557_600)
    genres = [_GENRES[c % len(_GENRES)] for c in range(on.domain.categories)]
    with csv_file(folder / "movies.csv", "movieId,title,genres") as stream:
        pl.DataFrame({"movieId": number, "year": year, "category": on.things.category}).select(
            "movieId",
            pl.format("Film {}, The ({})", "movieId", "year").alias("title"),
            pl.col("category").replace_strict(list(range(len(genres))), genres, return_dtype=pl.String),
        ).write_csv(stream, include_header=False)
    with csv_file(folder / "links.csv", "movieId,imdbId,tmdbId") as stream:
        pl.DataFrame({"movieId": number}).select(
            "movieId", pl.col("movieId").cast(pl.String).str.zfill(7).alias("imdbId"), pl.col("movieId").alias("tmdbId")
        ).write_csv(stream, include_header=False)


def _tags(on: Stage, count: int) -> Iterator[pl.DataFrame]:
    """Make tags, by user: films by popularity, words by the film's category, times evenly after both have come."""
    popular = np.cumsum(on.things.popularity[: on.things.living])
    end = on.world.began + on.world.seconds
    for first in range(0, count, _BLOCK):
        size = min(_BLOCK, count - first)
        chance = [uniforms(on.world.seed, TAGS, on.place * 8 + part, first, size) for part in range(3)]
        user = (first + np.arange(size)) * on.world.users // count
        film = np.searchsorted(popular, chance[0] * popular[-1], side="right").clip(max=len(popular) - 1)
        since = np.maximum(on.crowd.arrival[user], on.things.arrival[film])
        table = {
            "user": user + 1,
            "film": film + 1,
            "tag": on.things.category[film].astype(np.int64) * 40 + (40 * chance[1] ** 2).astype(np.int64),
            "second": since + (chance[2] * (end - since)).astype(np.int64),
        }
        yield pl.DataFrame(table).with_columns(pl.format("word {}", "tag").alias("tag"))


def _genome(on: Stage, more: Films, folder: Path) -> None:
    """Write how well each tag fits each of the most popular films: sigmoid(2 x tag . film)."""
    with csv_file(folder / "genome-tags.csv", "tagId,tag") as stream:
        number = pl.int_range(1, more.genome_tags + 1, eager=True).alias("tagId")
        number.to_frame().with_columns(pl.format("genome {}", "tagId").alias("tag")).write_csv(
            stream, include_header=False
        )
    words = normals(on.world.seed, GENOME, on.place, 0, (more.genome_tags, on.world.factors))
    best = np.argsort(-on.things.popularity, kind="stable")[: more.genome_films]
    films: Codes = np.sort(best).astype(np.int32)
    with csv_file(folder / "genome-scores.csv", "movieId,tagId,relevance") as stream:
        for first in range(0, len(films), _FILMS_AT_ONCE):
            some = films[first : first + _FILMS_AT_ONCE]
            fit = 1 / (1 + np.exp(-2 * np.einsum("fd,td->ft", on.things.factors[some].astype(np.float64), words)))
            pl.DataFrame(
                {
                    "film": np.repeat(some + 1, more.genome_tags),
                    "tag": np.tile(np.arange(1, more.genome_tags + 1), len(some)),
                    "fit": fit.ravel(),
                }
            ).write_csv(stream, include_header=False, float_precision=5)
