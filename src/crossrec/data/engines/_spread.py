"""Functions of Polars run by Spark's workers, on lines of text and on rows of Parquet, each with its number.

Spark cuts a text into blocks and does not say where a line stood. Blocks are in the file's order, so a first pass
that counts the lines of each block gives every block the number of its first line.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as all of Spark's pages call it
from pyspark.sql.pandas.types import from_arrow_schema

from crossrec.data.engine import Parse

__all__ = ["lines", "rows", "untroubled"]

_PIECE_BYTES = 2**19
"""Text that is parsed at a time: the values of a larger piece of JSON do not fit the processor's caches."""
_LINES = pl.Schema({"line": pl.Int64(), "text": pl.String()})


def lines(session: SparkSession, address: str, parse: Parse) -> DataFrame:
    """Parse the lines of a file in the workers; see `Spreads.parsed`.

    Args:
        session: Spark.
        address: Of a UTF-8 text file that all workers can read.
        parse: As there.
    """
    found = session.read.option("lineSep", "\n").text(address).withColumn("block", F.input_file_block_start())
    counted = found.groupBy("block").agg(F.count(F.lit(1)).alias("lines")).collect()
    blocks = sorted((int(row["block"]), int(row["lines"])) for row in counted)
    starts = accumulate((count for _, count in blocks), initial=1)
    first = {block: start for (block, _), start in zip(blocks, starts, strict=False)}
    schema = _schema_of(parse(pl.LazyFrame(schema=_LINES)))
    with untroubled():
        return found.mapInArrow(_Lines(parse, first, schema), from_arrow_schema(schema))


def rows(session: SparkSession, address: str, path: Path, function: Parse) -> DataFrame:
    """Map the rows of a Parquet file in the workers; see `Spreads.mapped`.

    Args:
        session: Spark.
        address: Of the file.
        path: The same, as this process reads it.
        function: As there.
    """
    found = session.read.parquet(address).select("*", F.col("_metadata.row_index").alias("place"))
    columns = pl.scan_parquet(path, glob=False).collect_schema()
    schema = _schema_of(function(pl.LazyFrame(schema={**columns, "place": pl.Int64()})))
    with untroubled():
        return found.mapInArrow(_Rows(function, columns, schema), from_arrow_schema(schema))


@contextmanager
def untroubled() -> Iterator[None]:
    """Pass over Spark 4.3's doubt about pandas 3, of which nothing is used here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def _schema_of(table: pl.LazyFrame) -> pa.Schema:
    """Return a table's schema in the types that Spark has."""
    arrow = pl.DataFrame(schema=table.collect_schema()).to_arrow().schema
    return pa.schema([field.with_type(_plain(field.type)) for field in arrow])


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type that Spark has for one of Polars: all texts are one, all lists too."""
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_list(kind) or pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    return kind


class _Lines:
    """What a worker runs on lines: batches of text in, batches of rows out."""

    def __init__(self, parse: Parse, first: dict[int, int], schema: pa.Schema) -> None:
        self.parse, self.first, self.schema = parse, first, schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        block, line = -1, 1
        for batch in batches:
            whole = pl.DataFrame(pa.Table.from_batches([batch]))
            for table in whole.partition_by("block", maintain_order=True):
                if table["block"][0] != block:
                    block = table["block"][0]
                    line = self.first[block]
                found = table.select(
                    pl.int_range(line, line + table.height, dtype=pl.Int64).alias("line"),
                    pl.col("value").str.strip_suffix("\r").alias("text"),
                ).filter(pl.col("text") != "")
                line += table.height
                size = max(1, int(found["text"].str.len_bytes().sum()))
                for piece in found.iter_slices(max(1, found.height * _PIECE_BYTES // size)):
                    yield from _batches(self.parse(piece.lazy()), self.schema)


class _Rows:
    """What a worker runs on rows of Parquet."""

    def __init__(self, function: Parse, columns: pl.Schema, schema: pa.Schema) -> None:
        self.function, self.columns, self.schema = function, columns, schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            table = pl.DataFrame(pa.Table.from_batches([batch])).cast(pl.Schema(self.columns))
            yield from _batches(self.function(table.lazy()), self.schema)


def _batches(table: pl.LazyFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Compute a table and give it in Spark's types."""
    yield from table.collect().to_arrow().select(schema.names).cast(schema).to_batches()
