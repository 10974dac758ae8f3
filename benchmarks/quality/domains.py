"""Reads the data sets of several domains of the transfer commands."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
from reading import SHARED

from crossrec.core.interactions import Interactions

LARGEST = 8


def ciao() -> Interactions:
    """Read the ratings of the categories with most rows, each a domain."""
    with gzip.open(SHARED / "ciao" / "ratings.csv.gz") as rows:
        frame = pl.read_csv(rows.read())
    largest = frame["category"].value_counts(sort=True).head(LARGEST)["category"]
    frame = frame.filter(pl.col("category").is_in(largest.implode()))
    return Interactions.from_frame(
        frame.select(
            user_id="user",
            item_id="product",
            domain=pl.format("category{}", "category"),
            timestamp=pl.col("time").cast(pl.Int64) * 1000,
        )
    )


def douban(*, rated: bool = False) -> Interactions:
    """Read books and music, whose persons are the same where their ids are; with the ratings, or that they are."""
    parts = []
    for domain in ("book", "music"):
        with gzip.open(SHARED / "douban-cdr" / f"douban_{domain}" / "ratings.dat.gz") as rows:
            frame = pl.read_csv(rows.read(), separator="\t", has_header=False, new_columns=["user", "item", "rating"])
        ratings = {"rating": pl.col("rating").cast(pl.Float32)} if rated else {}
        parts.append(frame.select(user_id="user", item_id="item", domain=pl.lit(domain), **ratings))
    return Interactions.from_frame(pl.concat(parts))


def cdrib(asked: str) -> Interactions:
    """Read games and videos; ids below 2,179 are the same persons, larger ones are not.

    The rows of `valid` and `test` are acts in the target of the same persons, who have none in `train`. So the part
    that is not asked for is left out: with it nearly everybody would have a history in the target.

    Args:
        asked: "valid" or "test", the part that is asked for.
    """
    parts = []
    for domain, folder in (("game", "game_video"), ("video", "video_game")):
        for split, name in (("train", "train.txt.gz"), ("test", f"{asked}.txt")):
            frame = pairs_of(SHARED / "cdrib-game-video" / folder / name)
            own = pl.when(pl.col("user").cast(pl.Int64) < 2_179).then(pl.lit("both")).otherwise(pl.lit(domain))
            named = pl.format("{}-{}", own, "user").alias("user_id")
            parts.append(frame.select(named, "item_id", domain=pl.lit(domain), split=pl.lit(split)))
    return Interactions.from_frame(pl.concat(parts))


def sport_phone(asked: str, seed: int = 0) -> Interactions:
    """Read Amazon's sport and phone, whose persons are all in both.

    Args:
        asked: "test", the given last acts; or "valid": for each person and domain one act of train, drawn, where two
            or more are there.
        seed: Of the draw.
    """
    parts = []
    for domain, folder in (("sport", "sport_phone"), ("phone", "phone_sport")):
        frame = pairs_of(SHARED / "amazon-cdr-sport-phone" / folder / "train.txt.gz").with_columns(
            split=pl.lit("train")
        )
        if asked == "test":
            held = pairs_of(SHARED / "amazon-cdr-sport-phone" / folder / "test.txt").with_columns(split=pl.lit("test"))
            frame = pl.concat([frame, held])
        else:
            order = pl.Series(np.random.default_rng(seed).permutation(len(frame)))
            frame = frame.with_columns(place=order).with_columns(
                split=pl.when((pl.col("place") == pl.col("place").max().over("user")) & (pl.len().over("user") > 1))
                .then(pl.lit("test"))
                .otherwise(pl.lit("train"))
            )
        parts.append(frame.select("item_id", "split", user_id="user", domain=pl.lit(domain)))
    return Interactions.from_frame(pl.concat(parts))


def pairs_of(path: Path) -> pl.DataFrame:
    """Read lines that begin with a user and an item."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [line.split()[:2] for line in text.decode().splitlines() if line.strip()]
    return pl.DataFrame(rows, schema=["user", "item_id"], orient="row")


def tweeted_films() -> Interactions:
    """Read MovieTweetings and MovieLens: no common person, many films with the same number of IMDb."""
    ratings = _colons(SHARED / "movietweetings-100k" / "ratings.dat.gz", ["user", "item_id", "rating", "time"])
    films = _colons(SHARED / "movietweetings-100k" / "movies.dat.gz", ["item_id", "title", "genres"])
    tweets = ratings.select(_person("t", "user"), "item_id", _moment("time"), domain=pl.lit("tweets"))
    about = films.select(
        "item_id", "title", pl.col("genres").str.split("|"), domain=pl.lit("tweets"), imdb_id="item_id"
    )
    lens, known = _movielens()
    return Interactions.from_frame(pl.concat([tweets, lens]), items=pl.concat([about, known], how="diagonal"))


def books_and_films() -> Interactions:
    """Read goodbooks and MovieLens: no common person, no common id."""
    ratings = _table(SHARED / "goodbooks-10k-sample" / "ratings_random.csv.gz")
    books = _table(SHARED / "goodbooks-10k-sample" / "books.csv.gz")
    read = ratings.select(_person("b", "user_id"), item_id="book_id", domain=pl.lit("books"))
    about = books.select("title", "authors", item_id="book_id", domain=pl.lit("books"))
    lens, known = _movielens()
    return Interactions.from_frame(
        pl.concat([read, lens.drop("timestamp")]), items=pl.concat([about, known], how="diagonal")
    )


def _movielens() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read ml-latest-small: its rows, and its films with genres, tags and IMDb's numbers."""
    folder = SHARED / "ml-latest-small"
    ratings, films, links, tags = (_table(folder / f"{name}.csv.gz") for name in ("ratings", "movies", "links", "tags"))
    rows = ratings.select(_person("m", "userId"), _moment("timestamp"), item_id="movieId", domain=pl.lit("movielens"))
    given = tags.group_by("movieId").agg(pl.col("tag").str.to_lowercase().unique().sort().alias("tags"))
    known = films.join(links, on="movieId", how="left").join(given, on="movieId", how="left")
    named = {"item_id": "movieId", "imdb_id": "imdbId"}
    about = known.select("title", "tags", pl.col("genres").str.split("|"), domain=pl.lit("movielens"), **named)
    return rows.select("user_id", "item_id", "timestamp", "domain"), about


def _table(path: Path) -> pl.DataFrame:
    """Read a packed CSV file, everything as text."""
    return pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False)


def _colons(path: Path, names: list[str]) -> pl.DataFrame:
    """Read packed lines with `::` between the fields."""
    text = gzip.decompress(path.read_bytes()).decode(errors="replace")
    rows = [line.split("::")[: len(names)] for line in text.splitlines() if line]
    return pl.DataFrame(rows, schema=names, orient="row")


def _person(letter: str, column: str) -> pl.Expr:
    """Keep persons of one source apart from those of another."""
    return pl.format("{}{}", pl.lit(letter), column).alias("user_id")


def _moment(column: str) -> pl.Expr:
    """Read seconds as milliseconds."""
    return (pl.col(column).cast(pl.Int64) * 1000).alias("timestamp")
