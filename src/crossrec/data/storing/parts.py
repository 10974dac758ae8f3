"""Rows to Parquet parts by month, and parts to their place under the name of their content."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.manifest import Part
from crossrec.data.schema import INTERACTIONS
from crossrec.data.storing.budget import fits, rows_within

__all__ = [
    "NO_MONTH",
    "NO_MONTH_KEY",
    "Staged",
    "adopt",
    "height",
    "month_key",
    "scan",
    "sink_month",
    "sink_months",
    "staged_in",
    "write_table",
]

NO_MONTH = "none"
"""The month of rows without a time."""
NO_MONTH_KEY = 0
"""Its number."""
_IN_MEMORY, _CUT_BYTES = 4_000_000, 180
"""Rows that are cut by month in memory, and what one takes with its copy."""
_WRITERS = 2
_MONTHS, _OPEN_BYTES = 300, 100
_PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "statistics": True,
    "row_group_size": 32_768,
}
_NAME = 16
_MONTH = re.compile(r"(\d{4})-?(\d{2})")


@dataclass(frozen=True)
class Staged:
    """A part that is written but not yet in its place.

    Args:
        path: The file, in a workspace.
        month: `2019-05`, or "none".
        origin: The source file that brought its rows, or empty.
        rows: How many it has; None where nobody counted.
    """

    path: Path
    month: str
    origin: str = ""
    rows: int | None = None


def sink_months(
    rows: pl.LazyFrame, folder: Path, *, origin: str | None = None, expected: int | None = None
) -> list[Staged]:
    """Write rows as parts by month.

    Args:
        rows: In the unified schema; `#file` beside it where `origin` is None and rows come of several files.
        folder: An empty or new folder.
        origin: The one source file of all rows; None takes it from `#file`, and a part holds one file's rows.
        expected: How many rows there are, where that is known: up to four million are cut in memory, which costs
            a third of what cutting a stream costs.
    """
    keys = {"#month": month_key(), "#origin": pl.col("#file") if origin is None else pl.lit(origin)}
    picked = rows.select(*INTERACTIONS, *[value.alias(name) for name, value in keys.items()])
    folder.mkdir(parents=True, exist_ok=True)
    if expected is not None and expected <= _IN_MEMORY and fits(expected, _CUT_BYTES):
        cut = picked.collect(engine="streaming").partition_by(list(keys), as_dict=True, include_key=False)
        with ThreadPoolExecutor(_WRITERS) as writers:
            list(writers.map(lambda one: _write(one[1], folder, one[0]), cut.items()))
    else:
        _sink(picked, folder, list(keys))
    return staged_in(folder)


def month_key() -> pl.Expr:
    """Return the month of a row's time as a number such as 201905; null without a time."""
    time = pl.from_epoch(pl.col("timestamp").cast(pl.Int64), time_unit="ms")
    return time.dt.year().cast(pl.Int32) * 100 + time.dt.month().cast(pl.Int32)


def sink_month(rows: pl.LazyFrame, folder: Path, *, month: int, origin: str, count: int) -> Staged:
    """Write rows of one month as one part beside those in the folder.

    Args:
        rows: In the unified schema.
        folder: Where parts are staged.
        month: Of all rows: a number such as 201905, or `NO_MONTH_KEY`.
        origin: The one source file of all rows.
        count: How many rows there are.
    """
    path = folder / _place((month, origin), 0)
    rows.sink_parquet(path, mkdir=True, **_PARQUET | {"row_group_size": 131_072})
    return Staged(path, path.parent.name.removeprefix("month="), origin, count)


def _sink(rows: pl.LazyFrame, folder: Path, keys: list[str]) -> None:
    """Stream rows into a file for each value of the keys, which are a month and an origin."""
    target = pl.PartitionBy(
        folder,
        key=keys,
        include_key=False,
        file_path_provider=lambda told: _place(told.partition_keys.row(0), told.index_in_partition),
    )
    rows.sink_parquet(target, mkdir=True, **_PARQUET | {"row_group_size": _group_rows()})


def _place(keys: tuple[Any, ...], number: int) -> str:
    """Name the file of a part by its month, its origin and its number; names sort by origin, then number."""
    month, origin = keys
    name = NO_MONTH if month in (None, NO_MONTH_KEY) else f"{month // 100:04}-{month % 100:02}"
    return f"month={name}/{quote(origin, safe='')}@{number:06}.parquet"


def _group_rows() -> int:
    """Return the rows of a row group: as many as three hundred open months may hold together."""
    return max(2_048, min(32_768, rows_within(_MONTHS * _OPEN_BYTES)))


def _write(table: pl.DataFrame, folder: Path, keys: tuple[Any, ...]) -> None:
    """Write the rows of one month and origin."""
    path = folder / _place(keys, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write_parquet(path, **_PARQUET)


def staged_in(folder: Path) -> list[Staged]:
    """List the parts in a folder `month=…/*.parquet` that was written here or by another engine.

    Raises:
        InvalidInput: A folder in it is no month.
    """
    found = []
    for path in sorted(folder.rglob("*.parquet")):
        name = path.parent.name.removeprefix("month=")
        month = _MONTH.fullmatch(name)
        if month is None and name not in (NO_MONTH, "__HIVE_DEFAULT_PARTITION__"):
            raise InvalidInput(f"{path}: expected a folder month=2019-05 or month=none, got '{path.parent.name}'")
        origin = unquote(path.name.rpartition("@")[0])
        found.append(Staged(path, f"{month[1]}-{month[2]}" if month else NO_MONTH, origin))
    return found


def scan(paths: Iterable[Path]) -> pl.LazyFrame:
    """Read the rows of some parts of interactions; without parts there are none."""
    files = list(paths)
    if not files:
        return pl.LazyFrame(schema=INTERACTIONS)
    return pl.scan_parquet(files, glob=False, hive_partitioning=False)


def height(path: Path) -> int:
    """Count the rows of one part by its footer."""
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def adopt(staged: Iterable[Staged], root: Path, domain: str) -> Iterator[Part]:
    """Move parts of interactions to their place; a part that is there already is the same one.

    Args:
        staged: Parts on the same file system.
        root: The data set's folder.
        domain: Its domain.
    """
    with ThreadPoolExecutor(_WRITERS) as movers:  # taking the hash of a part needs a core
        folder = f"{domain}/interactions/month="
        yield from movers.map(lambda one: _placed(one, root, f"{folder}{one.month}"), staged)


def write_table(table: pl.DataFrame, workspace: Path, root: Path, domain: str, kind: str) -> tuple[Part, ...]:
    """Write a table beside the interactions as one part; an empty one as none.

    Args:
        table: Its rows.
        workspace: A folder for the unfinished file.
        root: The data set's folder.
        domain: Its domain.
        kind: "items", "users", "ties" or "quarantine".
    """
    if not table.height:
        return ()
    path = workspace / f"{domain}-{kind}.parquet"
    table.write_parquet(path, compression="zstd")
    return (_placed(Staged(path, NO_MONTH, rows=table.height), root, f"{domain}/{kind}"),)


def _placed(staged: Staged, root: Path, folder: str) -> Part:
    """Name a file by its content and move it into a folder of the data set."""
    path = staged.path
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    size = path.stat().st_size
    rows = height(path) if staged.rows is None else staged.rows
    place = root / folder / f"{digest[:_NAME]}.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, place)  # another engine may have written to another file system
    return Part(f"{folder}/{place.name}", digest, size, rows, staged.origin)
