"""The manifest of a data set: where each domain came from, what is in it, and what was left out."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from crossrec import __version__
from crossrec.core.errors import CorruptBundle, NotFound
from crossrec.data.schema import SCHEMA_VERSION, check_domain

__all__ = ["MANIFEST", "DomainRecord", "Manifest", "read_manifest", "write_manifest"]

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class DomainRecord:
    """What is known about one domain of a data set.

    Args:
        source: Name on the shelf of sources.
        options: Its options, as text.
        files: Read files: name, sha256, size.
        written: Files of the data set: name -> size, sha256 and rows.
        rows_in: Rows of interactions that the source's files have.
        rows: Rows taken.
        quarantined: Refused rows of interactions by reason.
        items_quarantined: Refused rows of the files about items, by reason.
        users: Distinct users.
        items: Distinct items with an interaction.
        catalogue: Items in `items.parquet`.
        time_range: First and last time, milliseconds UTC; None without times.
        has_times: Every row has a time.
        has_ratings: Every row has a rating.
        has_order: Every user's rows stand in an order that means something.
        has_split: The source gives a split.
        users_are: "own" to this domain, or "shared" with the other shared ones: the same id is one person.
        licence: The licence of the data, where known.
        private: Refused values may name people and are not shown; so is what was imported before this was kept.
        tool: Version of this package that wrote it.
        schema_version: Layout of the files.
    """

    source: str
    options: dict[str, str]
    files: list[dict[str, str | int]]
    written: dict[str, dict[str, str | int]]
    rows_in: int
    rows: int
    quarantined: dict[str, int]
    users: int
    items: int
    catalogue: int
    items_quarantined: dict[str, int] = field(default_factory=dict)
    time_range: list[int] | None = None
    has_times: bool = False
    has_ratings: bool = False
    has_order: bool = True
    has_split: bool = False
    users_are: str = "own"
    licence: str | None = None
    private: bool = True
    tool: str = __version__
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Manifest:
    """All domains of a data set by name."""

    domains: dict[str, DomainRecord]
    schema_version: int = SCHEMA_VERSION


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a data set.

    Raises:
        NotFound: There is no data set here.
        CorruptBundle: The manifest is damaged, or was written by a newer version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFound(f"no data set at '{folder}': it has no {MANIFEST}; make one with `crossrec data import`")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version = int(found["schema_version"])
        if version > SCHEMA_VERSION:
            raise CorruptBundle(
                f"{path}: expected schema version {SCHEMA_VERSION} or older, got {version}; update crossrec"
            )
        known = {item.name for item in dataclasses.fields(DomainRecord)}
        domains = {}
        for name, record in found["domains"].items():
            if unknown := set(record) - known:
                raise CorruptBundle(f"{path}: domain '{name}' has an unknown field '{min(unknown)}'; import it again")
            domains[check_domain(name)] = DomainRecord(**record)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, CorruptBundle):
            raise
        raise CorruptBundle(f"{path}: expected a manifest, got something damaged ({error}); import again") from error
    return Manifest(domains, version)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest in one step: a reader sees the old one or the new one."""
    content = {
        "schema_version": manifest.schema_version,
        "domains": {name: asdict(record) for name, record in sorted(manifest.domains.items())},
    }
    fresh = folder / f".{MANIFEST}.new"
    fresh.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(folder / MANIFEST)
