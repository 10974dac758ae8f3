"""What an import adds to a domain that is there: which files are new, which replace, and what stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.duplicates import TWICE, unnamed
from crossrec.data.manifest import DomainRecord, Part, SourceFile
from crossrec.data.source import Reading
from crossrec.data.storing.parts import scan
from crossrec.data.storing.quarantine import VALUE_CHARACTERS, refused_in

__all__ = ["Find", "Plan", "plan_of"]

Find: TypeAlias = Callable[[SourceFile], Reading | None]
"""Reads a file of the domain once more, or says with None that it is not there as it was."""


@dataclass(frozen=True)
class Plan:
    """What stays of a domain, and what is read.

    Args:
        old: The domain as it is; None where it starts anew.
        only: The files to read; None reads all.
        kept_files: The files that stay.
        first_positions: File -> what is added to the positions of its rows.
        again: Files that are read once more afterwards, each with its reading: rows of theirs had been set aside as
            repeats of rows that go.
    """

    old: DomainRecord | None = None
    only: frozenset[str] | None = None
    kept_files: tuple[SourceFile, ...] = ()
    first_positions: Mapping[str, int] = field(default_factory=dict)
    again: Mapping[str, Reading] = field(default_factory=dict)

    @classmethod
    def fresh(cls) -> Plan:
        """Start anew: read everything, keep nothing."""
        return cls()

    def next_of(self, name: str, record: DomainRecord) -> Plan:
        """Return the plan by which a file of `again` comes back to what the domain is by then, at its old place."""
        return Plan(record, frozenset({name}), record.files, {name: self.first_positions[name]})

    @property
    def nothing(self) -> bool:
        """Is every file in the domain already?"""
        return self.only is not None and not self.only

    def kept_parts(self, kind: str) -> tuple[Part, ...]:
        """Return the parts that stay: those of files that stay."""
        if self.old is None:
            return ()
        names = {file.name for file in self.kept_files}
        return tuple(part for part in self.old.parts.get(kind, ()) if part.origin in names)

    def already(self, folder: Path) -> dict[str, list[Path]]:
        """Return month -> the parts of interactions that stay."""
        found: dict[str, list[Path]] = {}
        for part in self.kept_parts("interactions"):
            path = folder / part.path
            found.setdefault(path.parent.name.removeprefix("month="), []).append(path)
        return found

    def kept_quarantine(self, folder: Path) -> pl.LazyFrame:
        """Return the refused rows of interactions of files that stay."""
        return self._refused_of([file.name for file in self.kept_files if file.quarantined], folder)

    def kept_beside(self, folder: Path, reading: Reading) -> pl.LazyFrame:
        """Return the refused rows of files beside the interactions that stay and are not read again."""
        read = {note.name for note in reading.files}
        return self._refused_of(
            [file.name for file in self.kept_files if not file.rows_in and file.name not in read], folder
        )

    def _refused_of(self, names: list[str], folder: Path) -> pl.LazyFrame:
        """Return the refused rows of these files; a domain where none was refused has no such table."""
        parts = self.old.parts.get("quarantine", ()) if self.old and names else ()
        return refused_in(parts, folder).filter(pl.col("file").is_in(names))

    def table(self, kind: str, folder: Path, reading: Reading) -> pl.DataFrame | None:
        """Return items, users or ties: what was read now, then what was there and was not read again."""
        new: pl.DataFrame | None = getattr(reading, kind)
        before = _read(self.old, kind, folder)
        beside = {file.name for file in self.kept_files if not file.rows_in}
        if new is not None and beside and beside <= {note.name for note in reading.files}:
            return new
        if new is None or not before.width:
            return new if new is not None else (before if before.width else None)
        key = {"items": ["item_id"], "users": ["user_id"], "ties": ["user_id", "other_id", "tie"]}[kind]
        return pl.concat([new, before], how="diagonal_relaxed").unique(key, keep="first", maintain_order=True)

    def items(self, folder: Path, reading: Reading) -> pl.DataFrame | None:
        """Return what is known about the items."""
        return self.table("items", folder, reading)


def plan_of(
    old: DomainRecord, reading: Reading, source: str, options: Mapping[str, str], *, folder: Path, find: Find
) -> Plan:
    """Compare the files of a reading with those of a domain by name and hash.

    Where rows of a file that stays were set aside as repeats of rows that go, that file is read again too.

    Args:
        old: The domain as it is.
        reading: What the source found.
        source: The source's name.
        options: Its options.
        folder: The data set.
        find: Looks for a file that must be read again and is not among those of the reading.

    Raises:
        InvalidInput: The domain came from another source or with other options, its users were hashed with another
            salt, or a file that must be read again is not there.
    """
    if (old.source, old.options) != (source, dict(options)):
        raise InvalidInput(
            f"append: expected source '{old.source}' with options {old.options}, as the domain was made, got "
            f"'{source}' with {dict(options)}"
        )
    known = {file.name: file for file in old.files}
    notes = {note.name: note for note in reading.files}
    fresh = {name for name, note in notes.items() if name not in known or known[name].sha256 != note.sha256}
    if fresh and old.pseudonyms != reading.pseudonyms:
        raise InvalidInput(
            "append: expected users hashed with the salt that the domain was made with, got another; set CROSSREC_SALT "
            "to that secret, or import all files again with replace"
        )
    leaning = [file for file in _leaning(old, fresh & set(known), folder) if file.name not in fresh]
    fresh |= {file.name for file in leaning} & set(notes)
    again = {file.name: find(file) for file in leaning if file.name not in fresh}
    read = {name: found for name, found in again.items() if found is not None}
    if lost := sorted(set(again) - set(read)):
        raise InvalidInput(
            f"append: {', '.join(sorted(fresh & set(known)))} cannot be replaced alone: rows of {', '.join(lost)} were "
            f"set aside as repeats of its rows and must come back; put {', '.join(lost)} beside it as it was, or "
            "import all files again with replace"
        )
    kept = tuple(file for file in old.files if file.name not in fresh and file.name not in again)
    return Plan(old, frozenset(fresh), kept, _first_positions(old, sorted(fresh | set(again)), known, folder), read)


def _leaning(old: DomainRecord, replaced: set[str], folder: Path) -> list[SourceFile]:
    """Return the files of which a row was set aside that may be a repeat of a row of the replaced files.

    The quarantine keeps of a repeat the user and the item, or the item alone where users are not shown, so that a
    file may be among them that leans on others only; one that leans on these never is left out.
    """
    files = [file for file in old.files if file.repeats_elsewhere and file.name not in replaced]
    going = [folder / part.path for part in old.parts["interactions"] if part.origin in replaced]
    if not files or not going:
        return []
    shown = [one.str.slice(0, VALUE_CHARACTERS).alias("value") for one in (TWICE, unnamed(TWICE))]
    gone = pl.concat([scan(going).select(one) for one in shown])
    repeats = refused_in(old.parts.get("quarantine", ()), folder).filter(pl.col("reason") == "duplicate row")
    met = (
        repeats.join(gone.unique(), on="value", how="semi")
        .select("file")
        .unique()
        .collect(engine="streaming")["file"]
        .to_list()
    )
    return [file for file in files if file.name in met]


def _first_positions(
    old: DomainRecord, fresh: list[str], known: Mapping[str, SourceFile], folder: Path
) -> dict[str, int]:
    """Let a new file follow all others; one that replaces keeps its place."""
    last = scan(folder / part.path for part in old.parts["interactions"]).select(pl.col("position").max()).collect()
    return {name: known[name].first_position if name in known else last.item() + 1 for name in fresh}


def _read(old: DomainRecord | None, kind: str, folder: Path) -> pl.DataFrame:
    """Read a table of the domain as it is; without one it has no columns."""
    parts = () if old is None else old.parts.get(kind, ())
    return pl.read_parquet([folder / part.path for part in parts], glob=False) if parts else pl.DataFrame()
