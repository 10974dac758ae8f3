"""Parts of a data set: how they are named and written, and how each comes to its place under its content's name."""

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

__all__ = [
    "NO_MONTH",
    "NO_MONTH_KEY",
    "PARQUET",
    "Staged",
    "adopt",
    "height",
    "place",
    "scan",
    "staged_in",
    "write_table",
]

NO_MONTH = "none"
"""The month of rows without a time."""
NO_MONTH_KEY = 0
"""Its number."""
PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "statistics": True,
    "row_group_size": 131_072,
}
"""How all parts are written."""
_MOVERS = 2
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


def place(key: tuple[Any, ...]) -> str:
    """Name the file of a part by its month (a number such as 201905) and its origin; names sort by origin."""
    month, origin = key
    name = NO_MONTH if month in (None, NO_MONTH_KEY) else f"{month // 100:04}-{month % 100:02}"
    return f"month={name}/{quote(origin, safe='')}@.parquet"


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
    with ThreadPoolExecutor(_MOVERS) as movers:  # taking the hash of a part needs a core
        folder = f"{domain}/interactions/month="
        yield from movers.map(lambda one: _placed(one, root, f"{folder}{one.month}"), staged)


def write_table(
    table: pl.DataFrame | pl.LazyFrame, workspace: Path, root: Path, domain: str, kind: str
) -> tuple[Part, ...]:
    """Write a table beside the interactions as one part; an empty one as none.

    Args:
        table: Its rows; those of a lazy one are never in memory together.
        workspace: A folder for the unfinished file.
        root: The data set's folder.
        domain: Its domain.
        kind: "items", "users", "ties" or "quarantine".
    """
    path = workspace / f"{domain}-{kind}.parquet"
    table.lazy().sink_parquet(path, **PARQUET)
    rows = height(path)
    if not rows:
        path.unlink()
        return ()
    return (_placed(Staged(path, NO_MONTH, rows=rows), root, f"{domain}/{kind}"),)


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
