"""Rows to Parquet parts in the unified schema, in blocks whose size does not depend on the chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from crossrec.data.schema import INTERACTIONS
from crossrec.data.simulating.chunks import numbered
from crossrec.data.worlds.domain import Domain

__all__ = ["blocks", "items_table", "unified", "write_months", "write_table"]

_BLOCK = 1_000_000


def blocks(tables: Iterable[pl.DataFrame], size: int = _BLOCK) -> Iterator[pl.DataFrame]:
    """Cut a stream of tables anew, into blocks of some rows; the last is shorter."""
    held: list[pl.DataFrame] = []
    have = 0
    for table in tables:
        held.append(table)
        have += table.height
        if have >= size:
            joined = pl.concat(held)
            whole = joined.height // size * size
            for first in range(0, whole, size):
                yield joined.slice(first, size).rechunk()
            held, have = [joined.slice(whole).rechunk()], joined.height - whole
    if have:
        yield pl.concat(held).rechunk()


def unified(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Give a chunk's rows the unified schema: ids from 1, milliseconds, context where there is some."""
    parts: list[pl.Expr] = [pl.when(pl.col("price") > 0).then(pl.format('"price":{}', "price"))]
    if "list" in rows.columns:
        parts += [pl.format(f'"{part}":{{}}', part) for part in ("list", "place", "chance")]
    inside = pl.concat_str(parts, separator=",", ignore_nulls=True)
    context = pl.when(inside != "").then(pl.lit("{") + inside + pl.lit("}"))
    return rows.with_columns(pl.Series("position", numbered(rows["user"].to_numpy()))).select(
        (pl.col("user") + 1).cast(pl.String).alias("user_id"),
        (pl.col("item") + 1).cast(pl.String).alias("item_id"),
        "rating",
        (pl.col("second") * 1000).alias("timestamp"),
        "position",
        pl.lit(None, INTERACTIONS["split"]).alias("split"),
        pl.lit(name).alias("domain"),
        "interaction_type",
        pl.lit(1.0, pl.Float32).alias("weight"),
        context.alias("context"),
    )


def write_months(tables: Iterable[pl.DataFrame], folder: Path) -> int:
    """Write rows as parts `month=…/*.parquet`; return how many."""
    rows = 0
    month = pl.from_epoch("timestamp", time_unit="ms").dt.strftime("%Y-%m").alias("#month")
    for number, block in enumerate(blocks(tables)):
        rows += block.height
        cut = block.with_columns(month).partition_by("#month", as_dict=True, include_key=False)
        for (name,), part in cut.items():
            place = folder / f"month={name}"
            place.mkdir(parents=True, exist_ok=True)
            part.write_parquet(place / f"{number:06}.parquet", compression="zstd", compression_level=1)
    return rows


def write_table(table: pl.DataFrame, folder: Path, number: int) -> None:
    """Write a block of a table as a part with its number."""
    folder.mkdir(parents=True, exist_ok=True)
    table.rechunk().write_parquet(folder / f"{number:06}.parquet", compression="zstd", compression_level=1)


def items_table(domain: Domain, category: pl.Series, price: pl.Series) -> pl.DataFrame:
    """Return the catalogue: item_id, title, categories, and the price where there are prices."""
    number = pl.int_range(1, domain.items + 1, eager=True).cast(pl.String)
    table = pl.DataFrame({"item_id": number, "category": category, "price": price.cast(pl.Float64).round(2)})
    table = table.select(
        "item_id",
        pl.format("Item {}", "item_id").alias("title"),
        pl.concat_list(pl.format("category {}", "category")).alias("categories"),
        "price",
    )
    return table if domain.prices else table.drop("price")
