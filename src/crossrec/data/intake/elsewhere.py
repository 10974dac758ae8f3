"""Lines and rows handled by an engine's workers instead of this process, while an import says so.

Sources call `taken_apart` for the files whose lines are many; it is the same for them where the lines are parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.engine import Engine, Parse, Spreads
from crossrec.data.intake.prescan import TextFile

__all__ = ["Workers", "here_or_there", "taken_apart", "workers_called"]


@dataclass
class Workers:
    """Those who do the work.

    Args:
        engine: An open engine that spreads.
        workspace: A folder that all of them read and write.
        calls: How often they were called; parts are named by it.
    """

    engine: Spreads
    workspace: Path
    calls: int = 0

    def parsed(self, text: Path, parse: Parse) -> pl.LazyFrame:
        """Parse a text file; its rows come in the order of its lines."""
        return self._scanned(parse, pl.Schema({"line": pl.Int64(), "text": pl.String()}), text, lines=True)

    def mapped(self, rows: pl.LazyFrame, function: Parse) -> pl.LazyFrame:
        """Write rows out and apply a function that may look at `place`, the number of each row from 0."""
        table = self.workspace / f"rows-{self.calls}.parquet"
        rows.sink_parquet(table, compression="snappy", statistics=False)
        return self._scanned(function, pl.Schema({**rows.collect_schema(), "place": pl.Int64()}), table, lines=False)

    def _scanned(self, function: Parse, before: pl.Schema, path: Path, *, lines: bool) -> pl.LazyFrame:
        self.calls += 1
        folder = self.workspace / f"spread-{self.calls}"
        (self.engine.parsed if lines else self.engine.mapped)(path, function, folder)
        after = function(pl.LazyFrame(schema=before)).collect_schema()
        parts = pl.scan_parquet(sorted(folder.glob("*.parquet")), glob=False)
        return parts.select(pl.col(name).cast(kind) for name, kind in after.items())


_WORKERS: ContextVar[Workers | None] = ContextVar("workers", default=None)


@contextmanager
def here_or_there(engine: Engine | None, workspace: Path) -> Iterator[Workers | None]:
    """Have files taken apart by an engine's workers until the end of the block; without an engine, here.

    Raises:
        InvalidInput: The engine does not spread.
    """
    if engine is None:
        yield None
        return
    if not isinstance(engine, Spreads):
        raise InvalidInput(f"import: expected an engine that spreads work (spark), got {type(engine).__name__}")
    workspace.mkdir(parents=True, exist_ok=True)
    workers = Workers(engine, workspace)
    token = _WORKERS.set(workers)
    try:
        yield workers
    finally:
        _WORKERS.reset(token)


def workers_called() -> bool:
    """Does the import that goes on have an engine's workers do the work?"""
    return _WORKERS.get() is not None


def taken_apart(text: TextFile, parse: Parse) -> pl.LazyFrame:
    """Parse the lines of a file that are not blank, here when the rows are collected, or now by the workers.

    Args:
        text: A file that went through the pre-scan.
        parse: From `line` (Int64, the first is 1) and `text` to rows, each line for itself; a function of a module,
            or a `functools.partial` of one.
    """
    workers = _WORKERS.get()
    if workers is not None:
        return workers.parsed(text.readable, parse)
    lines = pl.scan_lines(text.readable, name="text", row_index_name="line", row_index_offset=1)
    return parse(lines.select(pl.col("line").cast(pl.Int64), "text").filter(pl.col("text") != ""))
