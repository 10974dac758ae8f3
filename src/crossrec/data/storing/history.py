"""The versions of a data set: which there are, and taking old ones away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from crossrec.core.errors import InvalidInput
from crossrec.data.manifest import VERSIONS, Manifest, read_manifest
from crossrec.data.storing.transaction import writing

KINDS = ("interactions", "items", "users", "ties", "quarantine")
_NAME = re.compile(r"[0-9a-f]{16}")

__all__ = ["VersionInfo", "drop_old", "versions_of"]


@dataclass(frozen=True)
class VersionInfo:
    """One version of a data set.

    Args:
        version: Its hash.
        parent: The version it was made from, or None.
        rows: Domain -> rows.
        written_at: Milliseconds UTC at which it was written.
        newest: It is the one that is read when none is named.
    """

    version: str
    parent: str | None
    rows: dict[str, int]
    written_at: int
    newest: bool


def versions_of(path: str | Path) -> list[VersionInfo]:
    """List the versions of a data set, the newest first.

    Raises:
        NotFound: There is no data set.
        CorruptBundle: A manifest is damaged.
    """
    folder = Path(path)
    newest = read_manifest(folder).version
    found = []
    for file in (folder / VERSIONS).glob("[0-9a-f]*.json"):
        manifest = read_manifest(folder, file.stem)
        rows = {name: record.rows for name, record in sorted(manifest.domains.items())}
        at = file.stat().st_mtime_ns // 1_000_000
        found.append(VersionInfo(manifest.version, manifest.parent, rows, at, manifest.version == newest))
    return sorted(found, key=lambda one: (one.newest, one.written_at), reverse=True)


def drop_old(path: str | Path, keep: int) -> tuple[int, int]:
    """Take all but the newest versions away, and every part that no version names.

    Args:
        path: The data set.
        keep: How many versions stay, >= 1.

    Returns:
        Versions and bytes that were taken away.

    Raises:
        InvalidInput: keep < 1.
    """
    if keep < 1:
        raise InvalidInput(f"keep: expected at least 1 version to stay, got {keep}")
    folder = Path(path)
    with writing(folder):
        listed = versions_of(folder)
        stay, go = listed[:keep], listed[keep:]
        named = {name for one in stay for name in _parts(read_manifest(folder, one.version))}
        for one in go:
            (folder / VERSIONS / f"{one.version}.json").unlink()
        freed = 0
        for kind in KINDS:  # a user's own files beside the parts are never touched
            for file in folder.glob(f"*/{kind}/**/*.parquet"):
                if _NAME.fullmatch(file.stem) and file.relative_to(folder).as_posix() not in named:
                    freed += file.stat().st_size
                    file.unlink()
    return len(go), freed


def _parts(manifest: Manifest) -> set[str]:
    """Name all parts of a version."""
    return {part.path for record in manifest.domains.values() for parts in record.parts.values() for part in parts}
