"""crossrec data versions, compact and upgrade: the versions of a data set, and writing it anew with no row changed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, out, print_json, table, working
from crossrec.data.storing.compacting import compact
from crossrec.data.storing.history import drop_old, versions_of
from crossrec.data.storing.upgrade import upgrade

__all__ = ["compact_dataset", "upgrade_dataset", "versions"]


def versions(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    keep: Annotated[int, typer.Option(help="Take all but this many versions away, and the parts only they name.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List the versions of a data set, newest first; with --keep take old ones away."""
    if keep:
        gone, freed = drop_old(folder, keep)
        if not as_json:
            out.print(f"{gone:,} versions taken away, {freed / 2**20:,.1f} MB freed")
    found = versions_of(folder)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = [
        [
            ("* " if one.newest else "  ") + one.version[:12],
            datetime.fromtimestamp(one.written_at / 1000, tz=UTC).isoformat(" ", "seconds"),
            ", ".join(f"{domain} {count:,}" for domain, count in one.rows.items()),
            (one.parent or "")[:12],
        ]
        for one in found
    ]
    table(str(folder), ["version", "written (UTC)", "rows", "made from"], rows)


def compact_dataset(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set.")], as_json: AsJson = False
) -> None:
    """Join the small parts that many appends or a tail have left, as a new version; no row changes."""
    with working(f"{folder}: compacting"):
        done = compact(folder)
    if as_json:
        print_json(asdict(done))
    else:
        out.print(f"{folder}: {done.parts_before:,} files of rows are {done.parts:,}, version {done.version[:12]}")


def upgrade_dataset(folder: Annotated[Path, typer.Argument(help="Folder of the data set.")]) -> None:
    """Write a data set of an older release anew in the present layout; no row changes."""
    with working(f"{folder}: upgrading"):
        manifest = upgrade(folder)
    out.print(f"{folder}: version {manifest.version[:12]}, {', '.join(sorted(manifest.domains))}")
