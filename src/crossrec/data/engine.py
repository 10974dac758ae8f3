"""The port of the engines: what runs table expressions, on this machine or on a cluster.

A `Table` is a lazy narwhals table over the engine's own. Steps are written once, in narwhals, and give equal rows
on every engine. In a table `interaction_type` and `split` are text, since an engine need not know enumerations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, cast, runtime_checkable

import narwhals as nw
import polars as pl

from crossrec.core.arrays import Codes, Floats
from crossrec.core.shelf import Shelf

__all__ = [
    "ENGINES",
    "LARGEST_CHANCE",
    "AlsSettings",
    "Engine",
    "Factorises",
    "ItemFactors",
    "Matches",
    "Parse",
    "Spreads",
    "Table",
    "collected",
    "having",
    "height",
    "on_disk",
    "open_engine",
]

Table: TypeAlias = "nw.LazyFrame[Any]"
"""A lazy table of whichever engine."""

LARGEST_CHANCE = 2**63 - 1
"""The largest number that `Engine.chance` draws."""


class Engine(Protocol):
    """Reads, keeps and writes tables. It does not promise an order of rows."""

    def scan(self, paths: Sequence[Path]) -> Table:
        """Return the rows of Parquet files as one table; a folder stands for all files in it.

        Args:
            paths: Files or folders with the same columns, at least one.
        """
        ...

    def keep(self, table: Table) -> Table:
        """Compute a table now and return it, to be read again and again at the cost of reading.

        It lies in the engine's workspace, not in memory, and is gone with it.
        """
        ...

    def sink(self, table: Table, folder: Path) -> None:
        """Write interactions as Parquet parts, `folder/month=2019-05/….parquet`, `month=none` without a time.

        Args:
            table: Rows with a `timestamp` in milliseconds UTC.
            folder: An empty folder, or one that is not there yet.
        """
        ...

    def chance(self, table: Table, columns: Sequence[str], name: str, seed: int) -> Table:
        """Add a column of chance that depends on the values of some columns and the seed alone.

        The same values give the same number on every engine, in every order and part of the rows.

        Args:
            table: Any rows.
            columns: Columns of text or whole numbers; a null counts as nothing.
            name: Of the new column: Int64 in 0 to `LARGEST_CHANCE`, evenly spread.
            seed: Another seed, another draw.

        Source: XXH64 of each value's text, begun with the hash of the one before; the seed's text comes first.
        """
        ...

    def close(self) -> None:
        """Let go of what the engine holds; a second call does nothing."""
        ...


Parse: TypeAlias = Callable[[pl.LazyFrame], pl.LazyFrame]
"""A function of Polars that gives the same whatever rows come together: it looks at each row for itself."""


@runtime_checkable
class Spreads(Protocol):
    """An ability: a function of Polars is run by workers, each on some rows, and writes Parquet parts.

    The parts lie in the order of their names as the rows lay before. So what reads files has one set of expressions,
    whichever machines it runs on; the workers need this package.
    """

    def parsed(self, text: Path, parse: Parse, folder: Path) -> None:
        """Apply a function to all lines of a UTF-8 text file that are not blank.

        Args:
            text: The file, where every worker can read it.
            parse: From `line` (Int64, the first is 1) and `text` to rows.
            folder: Where the parts are written; not there yet.
        """
        ...

    def mapped(self, table: Path, function: Parse, folder: Path) -> None:
        """Apply a function to all rows of a Parquet file.

        Args:
            table: The file, where every worker can read it.
            function: From the file's columns and `place` (Int64, the first row is 0) to rows.
            folder: Where the parts are written; not there yet.
        """
        ...


@runtime_checkable
class Matches(Protocol):
    """An ability: rows are taken by their keys, also where the keys do not fit in memory and joins do not spill."""

    def having(self, table: Table, keys: Table, on: Sequence[str], *, there: bool = True) -> Table:
        """Return rows by their keys; see the function `having`."""
        ...


@dataclass(frozen=True)
class AlsSettings:
    """How implicit ALS is run on an engine.

    Args:
        factors: Dimensions of the vectors.
        epochs: Sweeps.
        penalty: Ridge penalty of a user or item for each of its cells, as MLlib counts it.
        alpha: Confidence of a cell is 1 + alpha · strength.
        seed: Fixes the start.
    """

    factors: int
    epochs: int
    penalty: float
    alpha: float
    seed: int


class ItemFactors(NamedTuple):
    """What ALS learned about items.

    Args:
        items: Int32[I] codes of items with a cell, ascending.
        vectors: Float32[I, D].
        user_square: Sum of the squares of all users' vectors.
    """

    items: Codes
    vectors: Floats
    user_square: float


@runtime_checkable
class Factorises(Protocol):
    """An ability: implicit ALS on the engine's own machines."""

    def item_factors(self, cells: Sequence[Path], settings: AlsSettings) -> ItemFactors:
        """Factorise a sparse table of users and items.

        Args:
            cells: Parquet of `user`, `item` (Int32 codes) and `strength` (Float32, > 0), each pair once.
            settings: How.
        """
        ...


ENGINES: Shelf[Engine] = Shelf("engine", "crossrec.data.engines")


def open_engine(name: str, workspace: Path, *, master: str = "") -> Engine:
    """Start an engine.

    Args:
        name: "polars" or "spark".
        workspace: An existing folder for what the engine keeps, on a disk that all its workers see.
        master: Where a cluster is, `spark://host:7077`; empty is this machine.

    Raises:
        NotFound: No such engine.
        MissingExtra: Its package is not installed.
        InvalidInput: A master for an engine that has none.
        Unavailable: It does not start.
    """
    return cast("Callable[[Path, str], Engine]", ENGINES.load(name))(workspace, master)


def collected(table: Table) -> pl.DataFrame:
    """Bring a small table into memory."""
    native = table.to_native()
    if isinstance(native, pl.LazyFrame):
        return native.collect(engine="streaming")
    return cast("pl.DataFrame", table.collect(backend="polars").to_native())


def having(engine: Engine, table: Table, keys: Table, on: Sequence[str], *, there: bool = True) -> Table:
    """Return the rows of a table whose key is among some, or those whose key is not; keys may be many.

    Args:
        engine: Theirs.
        table: Any rows.
        keys: The columns `on`, each combination once; kept, since it may be read several times.
        on: Columns without nulls that both have.
        there: False returns the rows whose key is not among them.
    """
    if isinstance(engine, Matches):
        return engine.having(table, keys, on, there=there)
    return table.join(keys, on=list(on), how="semi" if there else "anti")


def height(table: Table) -> int:
    """Count the rows of a table."""
    return int(collected(table.select(nw.len().alias("rows"))).item())


def on_disk(table: Table, engine: Engine, folder: Path) -> pl.LazyFrame:
    """Return interactions as a table of Polars, whichever engine made them.

    Args:
        table: With a `timestamp`; its values are read from the engine's workspace or from `folder`.
        engine: Its engine.
        folder: Where parts are written, if the engine is not Polars; not there yet.
    """
    native = table.to_native()
    if isinstance(native, pl.LazyFrame):
        return native
    engine.sink(table, folder)
    return pl.scan_parquet(sorted(folder.rglob("*.parquet")), glob=False, hive_partitioning=False)
