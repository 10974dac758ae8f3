"""Polars: all cores of this machine, streaming, with what is kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import narwhals as nw
import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.engine import Table, height
from crossrec.data.engines._xxhash import hashed
from crossrec.data.storing.budget import rows_within

__all__ = ["PolarsEngine"]

_KEY_BYTES = 200
"""What a key takes in the table of a join."""


class PolarsEngine:
    """Runs tables on this machine.

    Args:
        workspace: An existing folder for what is kept.
        master: Empty; there is no cluster.

    Raises:
        InvalidInput: A master is given.
    """

    def __init__(self, workspace: Path, master: str = "") -> None:
        if master:
            raise InvalidInput(f"engine polars: expected no master, it runs on this machine; got '{master}'")
        self._workspace = workspace
        self._kept = 0

    def scan(self, paths: Sequence[Path]) -> Table:
        """Return the rows of Parquet files; see `Engine.scan`."""
        files = [file for path in paths for file in (sorted(path.rglob("*.parquet")) if path.is_dir() else [path])]
        rows = pl.scan_parquet(files, glob=False, hive_partitioning=False)
        texts = [name for name, kind in rows.collect_schema().items() if isinstance(kind, pl.Enum | pl.Categorical)]
        return nw.from_native(rows.with_columns(pl.col(texts).cast(pl.String)) if texts else rows)

    def keep(self, table: Table) -> Table:
        """Write a table to the workspace and return it; see `Engine.keep`."""
        self._kept += 1
        path = self._workspace / f"kept-{self._kept}.parquet"
        _lazy(table).sink_parquet(path, compression="lz4", statistics=False)
        return nw.from_native(pl.scan_parquet(path, glob=False))

    def having(self, table: Table, keys: Table, on: Sequence[str], *, there: bool = True) -> Table:
        """Return the rows whose key is among some; see `Matches.having`."""
        # Keys that do not fit in memory are taken in shares of their hashes: such joins do not spill.
        how: Literal["semi", "anti"] = "semi" if there else "anti"
        shares = 1 + height(keys) // rows_within(_KEY_BYTES)
        if shares == 1:
            return table.join(keys, on=list(on), how=how)
        self._kept += 1
        paths = []
        for number in range(shares):
            mine = pl.struct(on).hash(3) % shares == number
            path = self._workspace / f"kept-{self._kept}-{number}.parquet"
            joined = _lazy(table).filter(mine).join(_lazy(keys).filter(mine), on=on, how=how)
            joined.sink_parquet(path, compression="lz4", statistics=False)
            paths.append(path)
        return nw.from_native(pl.scan_parquet(paths, glob=False))

    def sink(self, table: Table, folder: Path) -> None:
        """Write Parquet parts by month; see `Engine.sink`."""
        month = pl.from_epoch("timestamp", time_unit="ms").dt.strftime("%Y-%m").fill_null("none")
        rows = _lazy(table).with_columns(month.alias("month"))
        rows.sink_parquet(pl.PartitionBy(folder, key="month", include_key=False), compression="zstd", mkdir=True)

    def chance(self, table: Table, columns: Sequence[str], name: str, seed: int) -> Table:
        """Add a column of chance; see `Engine.chance`."""
        texts = [pl.col(column).cast(pl.String) for column in columns]
        drawn = pl.map_batches(
            texts,
            lambda parts: (hashed(parts, str(seed), rows=len(parts[0])) // 2).cast(pl.Int64),
            return_dtype=pl.Int64,
            is_elementwise=True,
        )
        return nw.from_native(_lazy(table).with_columns(drawn.alias(name)))

    def close(self) -> None:
        """Do nothing: all that is held lies in the workspace."""


def _lazy(table: Table) -> pl.LazyFrame:
    """Return the Polars table within."""
    native: pl.LazyFrame = table.to_native()
    return native
