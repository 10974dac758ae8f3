"""Bring a data set of an older release up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.core.errors import CorruptBundle, InvalidInput, NotFound
from crossrec.data.manifest import MANIFEST, DomainRecord, Manifest, SourceFile, write_manifest
from crossrec.data.schema import SCHEMA_VERSION, check_domain
from crossrec.data.storing.counting import count
from crossrec.data.storing.months import sink_months
from crossrec.data.storing.parts import adopt, write_table
from crossrec.data.storing.transaction import writing
from crossrec.data.storing.writing import balanced

__all__ = ["upgrade"]

_OLD_FILES = ("interactions.parquet", "items.parquet", "quarantine.parquet")


def upgrade(path: str | Path) -> Manifest:
    """Write a data set of schema version 1 anew in the present layout; the old files go when the new are whole.

    Version 1 had one `interactions.parquet`, `items.parquet` and `quarantine.parquet` a domain. No row changes.

    Raises:
        NotFound: There is no data set.
        InvalidInput: It is up to date already.
        CorruptBundle: The manifest is damaged, or the files are not those it names.
    """
    folder = Path(path)
    if not (folder / MANIFEST).is_file():
        raise NotFound(f"no data set at '{folder}': it has no {MANIFEST}")
    with writing(folder) as workspace:
        found = _read(folder / MANIFEST)
        records = {name: _record(old, check_domain(name), folder, workspace) for name, old in found.items()}
        manifest = Manifest(records)
        write_manifest(folder, manifest)
        for name in records:
            for file in _OLD_FILES:
                (folder / name / file).unlink()
    return manifest


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Read the domains of an old manifest."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        schema, domains = int(found["schema_version"]), dict(found["domains"])
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptBundle(f"{path}: expected a manifest, got something damaged ({error}); import again") from error
    if schema >= SCHEMA_VERSION:
        raise InvalidInput(f"{path}: expected a schema version below {SCHEMA_VERSION}, got {schema}: nothing to do")
    return domains


def _record(old: dict[str, Any], domain: str, folder: Path, workspace: Path) -> DomainRecord:
    """Write the parts of one domain and describe them as before."""
    rows, items, quarantine = (folder / domain / name for name in _OLD_FILES)
    try:
        for path in (rows, items, quarantine):
            if not path.is_file() or path.stat().st_size != old["written"][path.name]["size"]:
                raise CorruptBundle(f"{path}: expected the file that the manifest names; import it again")
        names = [str(file["name"]) for file in old["files"]]
        table, away = pl.read_parquet(items, glob=False), pl.read_parquet(quarantine, glob=False)
        scanned = pl.scan_parquet(rows, glob=False)
        fresh = tuple(adopt(sink_months(scanned, workspace / domain, origin=names[0]), folder, domain))
        counts = count(folder / part.path for part in fresh)
        files = [SourceFile(str(file["name"]), str(file["sha256"]), int(file["size"])) for file in old["files"]]
        files[0] = SourceFile(
            names[0], files[0].sha256, files[0].size, int(old["rows_in"]), counts.rows, dict(old["quarantined"])
        )
        record = DomainRecord(
            source=str(old["source"]),
            options=dict(old["options"]),
            files=tuple(files),
            parts={
                "interactions": fresh,
                "items": write_table(table, workspace, folder, domain, "items"),
                "quarantine": write_table(away, workspace, folder, domain, "quarantine"),
            },
            rows_in=int(old["rows_in"]),
            quarantined=dict(old["quarantined"]),
            items_quarantined=dict(old["items_quarantined"]),
            items=int(old["items"]),
            catalogue=int(old["catalogue"]),
            has_order=bool(old["has_order"]),
            users_are=str(old["users_are"]),
            licence=old["licence"],
            **counts.record,
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, CorruptBundle):
            raise
        raise CorruptBundle(f"{folder / MANIFEST}: domain '{domain}' is damaged ({error}); import it again") from error
    return balanced(record, domain)
