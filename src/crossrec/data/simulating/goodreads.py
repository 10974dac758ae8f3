"""A domain in the gzipped JSON lines of Goodreads (UCSD Book Graph): interactions and books."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from crossrec.data.simulating.chunks import Stage
from crossrec.data.simulating.packed import json_lines, writing

__all__ = ["KINDS", "write_goodreads"]

KINDS = ("rate", "view", "save")
"""What the format can hold: a book that was rated, read without a rating, or only shelved."""


def write_goodreads(on: Stage, tables: Iterable[pl.DataFrame], folder: Path) -> int:
    """Write `goodreads_interactions_NAME.json.gz` and the books; return the number of interactions.

    Args:
        on: The domain.
        tables: Its rows, as `Chunk.rows`.
        folder: Where to.

    Source: https://cseweb.ucsd.edu/~jmcauley/datasets/goodreads.html (forms of the files).
    """
    rows = 0
    kind = pl.col("interaction_type").cast(pl.String)
    date = pl.from_epoch("second", time_unit="s").dt.strftime("%a %b %d %H:%M:%S +0000 %Y")
    with writing(folder / f"goodreads_interactions_{on.name}.json.gz") as stream:
        for table in tables:
            review = pl.format("{}{}", _digits("user", 16), _digits("item", 16))
            shelves = table.select(
                _digits("user", 32).alias("user_id"),
                (pl.col("item") + 1).cast(pl.String).alias("book_id"),
                review.alias("review_id"),
                (kind != "save").alias("is_read"),
                pl.col("rating").fill_null(0).cast(pl.Int64).alias("rating"),
                pl.lit("").alias("review_text_incomplete"),
                date.alias("date_added"),
                date.alias("date_updated"),
                pl.lit("").alias("read_at"),
                pl.lit("").alias("started_at"),
            )
            rows += table.height
            json_lines(shelves, stream)
    with writing(folder / f"goodreads_books_{on.name}.json.gz") as stream:
        json_lines(_books(on), stream)
    return rows


def _digits(name: str, width: int) -> pl.Expr:
    """Write a number as digits, as long as the hexadecimal ids of the files."""
    return (pl.col(name) + 1).cast(pl.String).str.zfill(width)


def _books(on: Stage) -> pl.DataFrame:
    """Describe the books."""
    number = pl.int_range(1, on.domain.items + 1, eager=True)
    shelf = pl.struct(pl.lit("100").alias("count"), pl.format("category-{}", "category").alias("name"))
    author = pl.struct((pl.col("number") % 997 + 1).cast(pl.String).alias("author_id"), pl.lit("").alias("role"))
    return pl.DataFrame({"number": number, "category": on.things.category}).select(
        pl.col("number").cast(pl.String).alias("book_id"),
        pl.col("number").cast(pl.String).alias("work_id"),
        pl.format("Book {}", "number").alias("title"),
        pl.concat_list(author).alias("authors"),
        pl.concat_list(shelf).alias("popular_shelves"),
        pl.lit("").alias("description"),
        pl.lit("").alias("publisher"),
        pl.lit("").alias("publication_year"),
        pl.lit("eng").alias("language_code"),
        pl.lit("").alias("num_pages"),
        pl.lit("").alias("link"),
        pl.lit([], dtype=pl.List(pl.String)).alias("similar_books"),
    )
