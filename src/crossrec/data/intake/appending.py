"""What an import adds to a domain that is there: which files are new, which replace, and what stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.manifest import DomainRecord, Part, SourceFile
from crossrec.data.source import Reading
from crossrec.data.storing.parts import scan
from crossrec.data.storing.quarantine import join

__all__ = ["Plan", "plan_of"]


@dataclass(frozen=True)
class Plan:
    """What stays of a domain, and what is read.

    Args:
        old: The domain as it is; None where it starts anew.
        only: The files to read; None reads all.
        kept_files: The files that stay.
        first_positions: File -> what is added to the positions of its rows.
    """

    old: DomainRecord | None = None
    only: frozenset[str] | None = None
    kept_files: tuple[SourceFile, ...] = ()
    first_positions: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def fresh(cls) -> Plan:
        """Start anew: read everything, keep nothing."""
        return cls()

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

    def kept_quarantine(self, folder: Path) -> pl.DataFrame:
        """Return the refused rows of interactions of files that stay."""
        return self._refused_of([file.name for file in self.kept_files if file.quarantined], folder)

    def kept_beside(self, folder: Path, reading: Reading) -> pl.DataFrame:
        """Return the refused rows of files beside the interactions that stay and are not read again."""
        read = {note.name for note in reading.files} if self.only is None else self.only
        return self._refused_of(
            [file.name for file in self.kept_files if not file.rows_in and file.name not in read], folder
        )

    def _refused_of(self, names: list[str], folder: Path) -> pl.DataFrame:
        """Return the refused rows of these files; a domain where none was refused has no such table."""
        before = _read(self.old, "quarantine", folder) if names else pl.DataFrame()
        return before.filter(pl.col("file").is_in(names)) if before.width else join([])

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


def plan_of(old: DomainRecord, reading: Reading, source: str, options: Mapping[str, str], *, folder: Path) -> Plan:
    """Compare the files of a reading with those of a domain by name and hash.

    Args:
        old: The domain as it is.
        reading: What the source found.
        source: The source's name.
        options: Its options.
        folder: The data set.

    Raises:
        InvalidInput: The domain came from another source or with other options, its users were hashed with another
            salt, or a file cannot be replaced alone, since rows of another file were set aside as repeats of its rows.
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
    replaced = fresh & set(known)
    kept = tuple(file for file in old.files if file.name not in replaced)
    if any(known[name].rows for name in replaced):
        leaning = [file.name for file in kept if file.repeats_elsewhere and file.name not in fresh]
        if leaning:
            raise InvalidInput(
                f"append: {', '.join(sorted(replaced))} cannot be replaced alone: rows of {', '.join(leaning)} were "
                "set aside as repeats of other files' rows; import all files again with replace"
            )
    return Plan(old, frozenset(fresh), kept, _first_positions(old, sorted(fresh), known, folder))


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
