"""A domain in the NDJSON of Reddit's monthly dumps: comments (RC) and submissions (RS)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import polars as pl

from crossrec.data.simulating.chunks import Stage
from crossrec.data.simulating.packed import json_lines, writing, zst_or_gz

__all__ = ["KINDS", "write_reddit"]

KINDS = ("comment", "share")
"""What the format can hold: comments and submissions."""


def write_reddit(on: Stage, tables: Iterable[pl.DataFrame], folder: Path) -> int:
    """Write `RC_NAME` and `RS_NAME`, zstd where zstandard is installed, else gzip; return the number of lines.

    Items are communities. Unlike the official dumps the files are not by month, and not in order of time.

    Args:
        on: The domain.
        tables: Its rows, as `Chunk.rows`.
        folder: Where to.

    Source: fields of the Pushshift dumps, Baumgartner et al., The Pushshift Reddit Dataset (ICWSM 2020).
    """
    rows = 0
    with ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        for kind, start in (("comment", "RC"), ("share", "RS")):
            if on.domain.kinds.get(kind):
                files[kind] = stack.enter_context(writing(folder / f"{start}_{on.name}{zst_or_gz()}"))
        for table in tables:
            numbered = table.with_columns((pl.int_range(pl.len()) + rows + 1).alias("number"))
            rows += table.height
            for kind, stream in files.items():
                some = numbered.filter(pl.col("interaction_type") == kind)
                if some.height:
                    json_lines(_comments(some) if kind == "comment" else _submissions(some), stream)
    return rows


def _posted() -> list[pl.Expr]:
    """Say who wrote where and when."""
    return [
        pl.format("t{}", "number").alias("id"),
        pl.format("writer_{}", pl.col("user") + 1).alias("author"),
        pl.format("community_{}", pl.col("item") + 1).alias("subreddit"),
        pl.format("t5_{}", pl.col("item") + 1).alias("subreddit_id"),
        pl.lit("public").alias("subreddit_type"),
        pl.col("second").alias("created_utc"),
        pl.lit(1).alias("score"),
    ]


def _comments(rows: pl.DataFrame) -> pl.DataFrame:
    thread = pl.format("t3_c{}x{}", pl.col("item") + 1, pl.col("number") % 50)
    return rows.select(
        *_posted(), thread.alias("link_id"), thread.alias("parent_id"), pl.lit("A comment.").alias("body")
    )


def _submissions(rows: pl.DataFrame) -> pl.DataFrame:
    title = pl.format("Post {}", "number")
    return rows.select(*_posted(), title.alias("title"), pl.lit("").alias("selftext"), pl.lit(False).alias("over_18"))
