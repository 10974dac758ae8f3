"""Rows to Parquet parts by month, in the order of their positions: equal rows make equal parts."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from crossrec.data.schema import INTERACTIONS
from crossrec.data.storing.budget import fits, rows_within
from crossrec.data.storing.parts import NO_MONTH_KEY, PARQUET, Staged, place

__all__ = ["month_key", "sink_month", "sink_months"]

_WRITERS = 2
_LARGEST, _CUT_BYTES = 4_000_000, 700
"""Rows that are cut by month at once, at most, and what one takes with its copies."""
_SORTED_BYTES = 600
"""What a row of a month takes while its month is sorted and written."""
_ORDER = ["position", *[name for name in INTERACTIONS if name != "position"]]

_Key: TypeAlias = tuple[Any, ...]


class _Month(NamedTuple):
    """What a part is put together from: pieces on disk, and rows that are still held."""

    pieces: list[Path]
    held: list[pl.DataFrame]


def sink_months(rows: pl.LazyFrame, folder: Path, *, origin: str | None = None) -> list[Staged]:
    """Write rows as parts by month, whatever order they come in.

    A stream is cut by month some rows at a time, so memory is bounded by the budget; pieces lie beside the parts until
    their month is put together.

    Args:
        rows: In the unified schema; `#file` beside it where `origin` is None and rows come of several files.
        folder: An empty or new folder.
        origin: The one source file of all rows; None takes it from `#file`, and a part holds one file's rows.
    """
    keys = {"#month": month_key(), "#origin": pl.col("#file") if origin is None else pl.lit(origin)}
    picked = rows.select(*INTERACTIONS, *[value.alias(name) for name, value in keys.items()])
    size = min(_LARGEST, rows_within(_CUT_BYTES))
    months: dict[_Key, _Month] = {}
    aside = folder / "pieces"
    aside.mkdir(parents=True, exist_ok=True)
    for batch in picked.collect_batches(chunk_size=size, maintain_order=False, engine="streaming"):
        _set_aside(months, aside)
        for key, table in batch.partition_by(list(keys), as_dict=True, include_key=False).items():
            months.setdefault(key, _Month([], [])).held.append(table)
        if batch.height >= size:  # the last ones, or the only ones, need not lie on disk in between
            _set_aside(months, aside)
    with ThreadPoolExecutor(_WRITERS) as writers:
        staged = list(
            writers.map(lambda key: _put_together(key, months.pop(key), folder), sorted(months, key=_by_time))
        )
    shutil.rmtree(aside)
    return sorted(staged, key=lambda one: one.path)


def _set_aside(months: dict[_Key, _Month], folder: Path) -> None:
    """Write what is held to disk."""
    for number, month in enumerate(months.values()):
        for table in month.held:
            path = folder / f"{number}-{len(month.pieces)}.arrow"
            table.write_ipc(path, compression="lz4")
            month.pieces.append(path)
        month.held.clear()


def _put_together(key: _Key, month: _Month, folder: Path) -> Staged:
    """Write one part, its rows by position and, where that does not tell them apart, by all of their values."""
    path = folder / place(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    lazy = pl.concat([*[pl.scan_ipc(piece) for piece in month.pieces], *[table.lazy() for table in month.held]])
    count = int(lazy.select(pl.len()).collect().item())
    if fits(_WRITERS * count, _SORTED_BYTES):
        table = lazy.collect()
        if not _rises(table["position"]):
            table = table.sort("position")
            table = table if _rises(table["position"]) else table.sort(_ORDER)
        table.lazy().sink_parquet(path, **PARQUET)
    else:
        lazy.sort(_ORDER).sink_parquet(path, **PARQUET)
    for piece in month.pieces:
        piece.unlink()
    return Staged(path, path.parent.name.removeprefix("month="), str(key[1]), count)


def _rises(positions: pl.Series) -> bool:
    """Is each position above the one before?"""
    return positions.null_count() == 0 and bool((positions.diff().drop_nulls() > 0).all())


def _by_time(key: _Key) -> tuple[int, str]:
    return key[0] or NO_MONTH_KEY, str(key[1])


def month_key() -> pl.Expr:
    """Return the month of a row's time as a number such as 201905; null without a time."""
    time = pl.from_epoch(pl.col("timestamp").cast(pl.Int64), time_unit="ms")
    return time.dt.year().cast(pl.Int32) * 100 + time.dt.month().cast(pl.Int32)


def sink_month(rows: pl.DataFrame, folder: Path, *, month: int, origin: str) -> Staged:
    """Write rows of one month as one part beside those in the folder.

    Args:
        rows: In the unified schema.
        folder: Where parts are staged.
        month: Of all rows: a number such as 201905, or `NO_MONTH_KEY`.
        origin: The one source file of all rows.
    """
    path = folder / place((month, origin))
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(path, **PARQUET)
    return Staged(path, path.parent.name.removeprefix("month="), origin, rows.height)
