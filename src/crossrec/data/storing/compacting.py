"""Join the many small parts of a domain that grew, a few rows at a time, into one a month and source file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from crossrec.data.manifest import DomainRecord, Manifest, Part, read_manifest, write_manifest
from crossrec.data.storing.months import sink_months
from crossrec.data.storing.parts import adopt, scan, write_table
from crossrec.data.storing.transaction import writing
from crossrec.data.storing.writing import balanced

__all__ = ["Compacted", "compact"]


@dataclass(frozen=True)
class Compacted:
    """What became of the parts of a data set.

    Args:
        version: The newest version now.
        parts_before: Its files of interactions and refused rows before.
        parts: Those it has now.
    """

    version: str
    parts_before: int
    parts: int


def compact(path: str | Path) -> Compacted:
    """Write parts of the same month and source file as one, as a new version; no row changes.

    Older versions keep their parts until `drop_old` takes them away. A log's reader goes on where it stood.

    Args:
        path: The data set.

    Raises:
        NotFound: There is no data set.
        Unavailable: Another process writes, or the disk refuses.
    """
    folder = Path(path)
    read_manifest(folder)  # where there is none, no folder is made
    with writing(folder) as workspace:
        before = read_manifest(folder)
        records = {name: _joined(record, name, folder, workspace) for name, record in before.domains.items()}
        after = Manifest(records, parent=before.version)
        if after.version != before.version:
            write_manifest(folder, after)
        return Compacted(after.version, _count(before), _count(after))


def _joined(record: DomainRecord, domain: str, folder: Path, workspace: Path) -> DomainRecord:
    """Return the record of a domain with few parts."""
    parts = dict(record.parts)
    groups: dict[tuple[str, str], list[Part]] = {}
    for part in parts.get("interactions", ()):
        groups.setdefault((str(Path(part.path).parent), part.origin), []).append(part)
    whole: list[Part] = []
    for number, ((_, origin), group) in enumerate(groups.items()):
        whole += group if len(group) == 1 else _one(group, origin, domain, folder, workspace / f"{domain}-{number}")
    parts["interactions"] = tuple(whole)
    away = parts.get("quarantine", ())
    if len(away) > 1:
        rows = pl.concat([pl.read_parquet(folder / part.path, glob=False) for part in away], how="vertical")
        parts["quarantine"] = write_table(rows, workspace, folder, domain, "quarantine")
    rows_after = sum(part.rows for part in whole)
    if rows_after != record.rows:
        raise RuntimeError(f"{domain}: {record.rows} rows before its parts were joined, {rows_after} after")
    return balanced(replace(record, parts=parts), domain)


def _one(group: list[Part], origin: str, domain: str, folder: Path, workspace: Path) -> list[Part]:
    """Write the rows of some parts anew; where that makes no fewer (a month of many rows), they stay as they are."""
    rows = scan([folder / part.path for part in group])
    staged = sink_months(rows, workspace, origin=origin)
    return list(adopt(staged, folder, domain)) if len(staged) < len(group) else group


def _count(manifest: Manifest) -> int:
    kinds = ("interactions", "quarantine")
    return sum(len(record.parts.get(kind, ())) for record in manifest.domains.values() for kind in kinds)
