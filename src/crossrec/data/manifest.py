"""The manifest of a data set: which parts make up a version, where each domain came from, what was left out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crossrec import __version__
from crossrec.core.errors import CorruptBundle, InvalidInput, NotFound
from crossrec.data.schema import SCHEMA_VERSION, check_domain

__all__ = ["MANIFEST", "VERSIONS", "DomainRecord", "Manifest", "Part", "SourceFile", "read_manifest", "write_manifest"]

MANIFEST = "manifest.json"
VERSIONS = "versions"
_SHORTEST_VERSION = 8


@dataclass(frozen=True)
class Part:
    """One immutable Parquet file.

    Args:
        path: Where it lies in the data set's folder; its name is the start of its hash.
        sha256: Hash of the file, in hexadecimal.
        size: Bytes.
        rows: Rows in it.
        origin: The source file that brought its rows; empty where they are not one file's.
    """

    path: str
    sha256: str
    size: int
    rows: int
    origin: str = ""


@dataclass(frozen=True)
class SourceFile:
    """One file that was read, and what became of its rows of interactions.

    Args:
        name: As messages call it.
        sha256: Hash of the file, in hexadecimal.
        size: Bytes.
        rows_in: Rows of interactions it has; 0 for a file about items, users or ties.
        rows: Rows taken.
        quarantined: Refused rows by reason.
        repeats_elsewhere: Rows set aside because another file had brought the same row before.
        first_position: What was added to the positions of its rows, so that they follow the files before.
    """

    name: str
    sha256: str
    size: int
    rows_in: int = 0
    rows: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    repeats_elsewhere: int = 0
    first_position: int = 0


@dataclass(frozen=True)
class DomainRecord:
    """What is known about one domain of a data set.

    Args:
        source: Name on the shelf of sources, or of the command that made the domain.
        options: Its options, as text.
        files: The files that were read, with what became of their rows.
        parts: "interactions", "items", "users", "ties", "quarantine" -> their files.
        rows_in: Rows of interactions that came in; always `rows` plus all quarantined.
        rows: Rows taken.
        quarantined: Refused rows of interactions by reason.
        items_quarantined: Refused rows of the files beside the interactions (items, users, ties), by reason.
        users: Distinct users.
        items: Distinct items with an interaction.
        catalogue: Items in the table of items.
        time_range: First and last time, milliseconds UTC; None without times.
        unit: Unit of the times in the source: "s", "ms", "us", "ns" or "iso"; empty where there was none to settle.
        has_times: Every row has a time.
        has_ratings: Every row has a rating.
        has_order: Every user's rows stand in an order that means something.
        has_split: Every row has a split.
        users_are: "own" to this domain, or "shared" with the other shared ones: the same id is one person.
        licence: The licence of the data, where known.
        private: Whole lines of the source may hold names of people; they are never shown.
        by_rule: Reasons among those of `quarantined` that are a choice of the source and no fault, as a bot's row.
        pseudonyms: Fingerprint of the salt that user ids were hashed with; empty where they are the source's own.
        steps: What was done to the rows since the import: name, settings, rows_in, rows_out of each step.
        mark: Where a reader of a log stands, for the next round.
        tool: Version of this package that wrote it.
    """

    source: str
    options: dict[str, str]
    files: tuple[SourceFile, ...]
    parts: dict[str, tuple[Part, ...]]
    rows_in: int
    rows: int
    quarantined: dict[str, int]
    users: int
    items: int
    catalogue: int
    items_quarantined: dict[str, int] = field(default_factory=dict)
    time_range: tuple[int, int] | None = None
    unit: str = ""
    has_times: bool = False
    has_ratings: bool = False
    has_order: bool = True
    has_split: bool = False
    users_are: str = "own"
    licence: str | None = None
    private: bool = False
    by_rule: tuple[str, ...] = ()
    pseudonyms: str = ""
    steps: tuple[dict[str, Any], ...] = ()
    mark: dict[str, str | int] = field(default_factory=dict)
    tool: str = __version__

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> DomainRecord:
        """Read a record back; raises TypeError or KeyError where it is damaged."""
        plain = dict(found)
        plain["files"] = tuple(SourceFile(**file) for file in plain["files"])
        plain["parts"] = {kind: tuple(Part(**part) for part in parts) for kind, parts in plain["parts"].items()}
        plain["time_range"] = None if plain["time_range"] is None else tuple(plain["time_range"])
        plain["steps"] = tuple(plain["steps"])
        plain["by_rule"] = tuple(plain.get("by_rule", ()))
        return cls(**plain)


@dataclass(frozen=True)
class Manifest:
    """All domains of one version of a data set, by name.

    Args:
        domains: Name -> what is known about it.
        parent: The version this one was made from; None for the first.
    """

    domains: dict[str, DomainRecord]
    parent: str | None = None

    @cached_property
    def version(self) -> str:
        """SHA-256 of all records, in hexadecimal: the same content is the same version, whenever it was written."""
        content = {name: asdict(record) for name, record in sorted(self.domains.items())}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path, version: str = "") -> Manifest:
    """Read the manifest of a data set.

    Args:
        folder: The data set.
        version: Hash of an older version, or at least its first 8 characters; empty takes the newest.

    Raises:
        NotFound: There is no data set here, or no such version.
        InvalidInput: It has the layout of an older release, or the version is too short or fits two.
        CorruptBundle: The manifest is damaged, or was written by a newer release.
    """
    path = _versioned(folder, version) if version else folder / MANIFEST
    if not path.is_file():
        data, at, _ = str(folder).rpartition("@")
        todo = "make one with `crossrec data import`"
        if at and (Path(data) / MANIFEST).is_file():
            todo = f"a version of '{data}' is named by {_SHORTEST_VERSION} characters or more, where rows are read"
        raise NotFound(f"no data set at '{folder}': it has no {MANIFEST}; {todo}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        _readable(int(found["schema_version"]), path)
        domains = {
            check_domain(name): DomainRecord.from_json(_known(record, name, path))
            for name, record in found["domains"].items()
        }
        manifest = Manifest(domains, found["parent"])
        stated = found["version"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, CorruptBundle | InvalidInput):
            raise
        raise CorruptBundle(f"{path}: expected a manifest, got something damaged ({error}); import again") from error
    if manifest.version != stated:
        raise CorruptBundle(f"{path}: expected the version {stated}, got other content; it was changed by hand")
    return manifest


def _readable(schema: int, path: Path) -> None:
    """Refuse a layout of another release."""
    if schema > SCHEMA_VERSION:
        raise CorruptBundle(f"{path}: expected schema version {SCHEMA_VERSION}, got {schema}; update crossrec")
    if schema < SCHEMA_VERSION:
        raise InvalidInput(
            f"{path}: expected schema version {SCHEMA_VERSION}, got {schema}; run `crossrec data upgrade {path.parent}`"
        )


def _known(record: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    """Refuse a field that this release does not know."""
    if unknown := set(record) - {item.name for item in dataclasses.fields(DomainRecord)}:
        raise CorruptBundle(f"{path}: domain '{name}' has an unknown field '{min(unknown)}'; import it again")
    return record


def _versioned(folder: Path, version: str) -> Path:
    """Find the manifest of a version by the start of its hash."""
    if len(version) < _SHORTEST_VERSION or not version.isalnum():
        raise InvalidInput(f"version: expected a hash or at least its first 8 characters, got '{version[:80]}'")
    found = sorted((folder / VERSIONS).glob(f"{version}*.json"))
    if len(found) > 1:
        raise InvalidInput(f"version '{version}': {len(found)} versions start so; give more of the hash")
    if not found:
        raise NotFound(f"no version '{version}' in '{folder}'; `crossrec data versions {folder}` lists those there are")
    return found[0]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make a version the newest in one step: a reader sees the old one or the new one, each whole."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "version": manifest.version,
        "parent": manifest.parent,
        "domains": {name: asdict(record) for name, record in sorted(manifest.domains.items())},
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / VERSIONS).mkdir(exist_ok=True)
    for path in (folder / VERSIONS / f"{manifest.version}.json", folder / MANIFEST):
        fresh = path.with_name(f".{path.name}.new")
        with fresh.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
