"""Lines of text on Spark, numbered as they stand in the file, parsed by Polars in the workers.

Spark cuts a file into blocks and does not say where a line stood. Blocks are in the file's order, so a first pass
that counts the lines of each block gives every block the number of its first line.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as all of Spark's pages call it
from pyspark.sql.pandas.types import from_arrow_schema

__all__ = ["numbered", "untroubled"]

Parse = Callable[[pl.LazyFrame], pl.LazyFrame]


def numbered(session: SparkSession, address: str, parse: Parse, schema: pl.Schema) -> DataFrame:
    """Parse the lines of a file in the workers; see `ParsesLines.parsed`.

    Args:
        session: Spark.
        address: Of a UTF-8 text file that all workers can read.
        parse: As there.
        schema: What it returns.
    """
    lines = session.read.option("lineSep", "\n").text(address).withColumn("block", F.input_file_block_start())
    counted = lines.groupBy("block").agg(
        F.count(F.lit(1)).alias("lines"), F.count_if(~F.col("value").isin("", "\r")).alias("filled")
    )
    blocks = sorted((row["block"], row["lines"], row["filled"]) for row in counted.collect())
    line = accumulate((lines for _, lines, _ in blocks), initial=1)
    place = accumulate((filled for _, _, filled in blocks), initial=0)
    first = {block: start for (block, _, _), *start in zip(blocks, line, place, strict=False)}
    arrow = pa.schema([field.with_type(_plain(field.type)) for field in pl.DataFrame(schema=schema).to_arrow().schema])
    with untroubled():
        return lines.mapInArrow(_Parser(parse, first, arrow), from_arrow_schema(arrow))


@contextmanager
def untroubled() -> Iterator[None]:
    """Pass over Spark 4.3's doubt about pandas 3, of which nothing is used here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type that Spark has for one of Polars: all texts are one."""
    text = pa.types.is_dictionary(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return pa.string() if text else kind


class _Parser:
    """What a worker runs: batches of lines in, batches of rows out."""

    def __init__(self, parse: Parse, first: dict[int, list[int]], schema: pa.Schema) -> None:
        self.parse, self.first, self.schema = parse, first, schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        block, line, place = -1, 1, 0
        for batch in batches:
            whole = pl.DataFrame(pa.Table.from_batches([batch]))
            for table in whole.partition_by("block", maintain_order=True):
                if table["block"][0] != block:
                    block = table["block"][0]
                    line, place = self.first[block]
                lines = table.select(
                    pl.int_range(line, line + table.height, dtype=pl.Int64).alias("line"),
                    pl.col("value").str.strip_suffix("\r").alias("text"),
                ).filter(pl.col("text") != "")
                numbers = pl.int_range(place, place + lines.height, dtype=pl.Int64, eager=True)
                line, place = line + table.height, place + lines.height
                rows = self.parse(lines.insert_column(1, numbers.alias("place")).lazy()).collect()
                yield from rows.to_arrow().select(self.schema.names).cast(self.schema).to_batches()
