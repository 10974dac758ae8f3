"""A domain in the JSON lines of Amazon Reviews 2023: reviews and product metadata."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from crossrec.data.simulating.chunks import Stage
from crossrec.data.simulating.packed import json_lines, writing

__all__ = ["KINDS", "write_amazon"]

KINDS = ("rate", "review")
"""What the format can hold."""
_ITEMS_AT_ONCE = 100_000


def write_amazon(on: Stage, tables: Iterable[pl.DataFrame], folder: Path) -> int:
    """Write `NAME.jsonl.gz` and `meta_NAME.jsonl.gz`; return the number of reviews.

    Args:
        on: The domain.
        tables: Its rows, as `Chunk.rows`.
        folder: Where to.

    Source: https://amazon-reviews-2023.github.io/ (fields of reviews and items).
    """
    rows = 0
    product = pl.format("B{}", (pl.col("item") + 1).cast(pl.String).str.zfill(9))
    none = pl.lit([], dtype=pl.List(pl.String))
    with writing(folder / f"{on.name}.jsonl.gz") as stream:
        for table in tables:
            rows += table.height
            reviews = table.select(
                "rating",
                pl.format("{} stars", pl.col("rating").cast(pl.Int64)).alias("title"),
                pl.format("I rate this {}.", "rating").alias("text"),
                none.alias("images"),
                product.alias("asin"),
                product.alias("parent_asin"),
                pl.format("AE{}", (pl.col("user") + 1).cast(pl.String).str.zfill(26)).alias("user_id"),
                (pl.col("second") * 1000).alias("timestamp"),
                (pl.col("second") % 7 // 5).alias("helpful_vote"),
                (pl.col("second") % 10 != 0).alias("verified_purchase"),
            )
            json_lines(reviews, stream)
    with writing(folder / f"meta_{on.name}.jsonl.gz") as stream:
        for first in range(0, on.domain.items, _ITEMS_AT_ONCE):
            _products(on, first, min(first + _ITEMS_AT_ONCE, on.domain.items), product).pipe(json_lines, stream)
    return rows


def _products(on: Stage, first: int, end: int, product: pl.Expr) -> pl.DataFrame:
    """Describe some products."""
    item = pl.int_range(first, end, eager=True)
    none = pl.lit([], dtype=pl.List(pl.String))
    things = {"item": item, "category": on.things.category[first:end], "price": on.things.price[first:end]}
    return pl.DataFrame(things).select(
        pl.lit(on.name).alias("main_category"),
        pl.format("Item {}", pl.col("item") + 1).alias("title"),
        none.alias("features"),
        none.alias("description"),
        pl.when(pl.col("price") > 0).then(pl.col("price").cast(pl.Float64).round(2)).alias("price"),
        none.alias("images"),
        pl.format("Store {}", pl.col("item") % 1000).alias("store"),
        pl.concat_list(pl.format("category {}", "category")).alias("categories"),
        product.alias("parent_asin"),
        pl.lit(None, pl.String).alias("bought_together"),
    )
