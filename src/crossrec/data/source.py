"""The port of the sources: what a public data set must give to be imported."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar, runtime_checkable

import polars as pl

from crossrec.core.errors import InvalidInput, suggestion
from crossrec.core.settings import from_text
from crossrec.core.shelf import Shelf
from crossrec.data.intake.prescan import FileState, ScannedFile, TextFile
from crossrec.data.numbers.digits import NumberFile
from crossrec.data.storing.quarantine import refused_frame

if TYPE_CHECKING:
    from crossrec.data.coded.file import CodedFile

__all__ = ["SOURCES", "FastRows", "FileNote", "Reading", "Rules", "Source", "create", "rating_range", "refused_of"]


@dataclass(frozen=True)
class FileNote:
    """One file that was read, for the manifest.

    Args:
        name: As messages call it.
        sha256: Hash of the file on disk, in hexadecimal.
        size: Bytes on disk.
        state: What the file looked like before it was read, where rows are still parsed from it; no field of
            the note, so that it never reaches the manifest.
    """

    name: str
    sha256: str
    size: int
    state: InitVar[FileState | None] = None

    def __post_init__(self, state: FileState | None) -> None:
        object.__setattr__(self, "_state", state)

    @classmethod
    def of(cls, file: ScannedFile) -> FileNote:
        """Describe a file that went through the pre-scan; one that is parsed where it stands is watched."""
        parsed = isinstance(file, TextFile) and file.readable == file.entry.path
        return cls(file.entry.label, file.sha256, file.size, file.state if parsed else None)

    def refuse_change(self) -> None:
        """Make sure, once the rows are written, that the file did not change while they were parsed.

        Raises:
            InvalidInput: It did.
        """
        state: FileState | None = getattr(self, "_state", None)
        if state is not None:
            state.refuse_change(self.name, self.sha256)


@dataclass(frozen=True)
class Rules:
    """What a row must keep to be taken.

    Args:
        rating: Lowest and highest rating allowed, None where any finite number is one.
        unit: Unit of the times: "s", "ms", "us", "iso", or "auto" to settle it by their size.
        kind: What a row is where the source does not say: one of `KINDS`.
        unit_is_option: The unit is an option of the source, so that a user can say another.
        plain_ids: The pre-scan has shown that no id can be too long or hold a control character.
        own_context: The source wrote the context itself, so that it is a JSON object or null without a check.
        unrated: A row may be without a rating though others have one.
    """

    rating: tuple[float, float] | None = None
    unit: str = "auto"
    kind: str = "rate"
    plain_ids: bool = False
    unit_is_option: bool = False
    own_context: bool = False
    unrated: bool = False


@dataclass(frozen=True)
class FastRows:
    """Rows from a simpler parser: right only if all that are expected pass the checks.

    Args:
        rows: As `Reading.rows`.
        expected: How many there must be.
        file: The file they stand in, as messages call it.
        numbers: Where they are, if ids may be whole numbers and no column beside ids, ratings and times matters.
    """

    rows: pl.LazyFrame
    expected: int
    file: str
    numbers: NumberFile | None = None


@dataclass(frozen=True)
class Reading:
    """What a source found at a path: rows not yet checked, the items, and the places of all of it.

    `rows` has `file`, `line` (the first line is 1), `user_id`, `item_id`, and where the source has them `rating`,
    `timestamp`, `position`, `split`, `interaction_type`, `weight`, `context`, all as text or as typed columns,
    in the source's order. A row that could not be taken apart has its reason in `problem`, with
    `problem_column` and `problem_value`.

    Args:
        rows: The interactions, lazily.
        rules: How they are checked.
        files: The files that were read.
        fast: The same rows from a simpler parser; None where the text is not simple.
        coded: The same rows as codes, checked as `rules` says but for odd ones; None where they were not read so.
        items: What is known about the items: `item_id` and any columns; None where nothing is.
        users: What is known about the users: `user_id` and any columns; None where nothing is.
        ties: Who knows or trusts whom, in the columns of `TIES`; None where nothing is said.
        refused: Rows of interactions set aside already.
        item_refused: Rows of all files beside the interactions that were set aside: items, users, ties.
        stored: `rows` are parsed already and lie in the workspace, so that to go over them again costs little.
        by_rule: Reasons in `problem` that are a choice and no fault (a bot's row): rows set aside for them are
            counted in the quarantine like all others, and their value is never shown.
        pseudonyms: Fingerprint of the salt that user ids were hashed with; empty where they are the source's own.
            Rows appended to others must have the same.
        notes: Sentences for the person who imports.
        licence: The licence the data come under, where the source knows.
        private: Whole lines may hold names of people; they are never shown.
        ordered: The order of the rows of one user means something.
        repeats: The same row twice is two acts, as in a sequence; otherwise it is a duplicate.
    """

    rows: pl.LazyFrame
    rules: Rules
    files: tuple[FileNote, ...]
    fast: FastRows | None = None
    coded: CodedFile | None = None
    items: pl.DataFrame | None = None
    users: pl.DataFrame | None = None
    ties: pl.DataFrame | None = None
    refused: pl.DataFrame = field(default_factory=refused_frame)
    item_refused: pl.DataFrame = field(default_factory=refused_frame)
    stored: bool = False
    by_rule: tuple[str, ...] = ()
    pseudonyms: str = ""
    notes: tuple[str, ...] = ()
    licence: str | None = None
    private: bool = False
    ordered: bool = True
    repeats: bool = False


@runtime_checkable
class Source(Protocol):
    """Reads one public format; a dataclass whose fields are its options."""

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at a file, folder or zip and say how it is read; rows are parsed when they are collected.

        Args:
            path: What the user downloaded.
            workspace: A folder for unpacked text, removed after the import.

        Raises:
            NotFound: The files are not there.
            InvalidInput: A file is empty, damaged, or has other columns.
        """
        ...


SOURCES: Shelf[Source] = Shelf("source", "crossrec.data.sources")

T = TypeVar("T")


def create(name: str, options: Mapping[str, str]) -> Source:
    """Build a source by name with options as text, as the command line has them.

    Raises:
        NotFound: No such source; the message has the nearest.
        InvalidInput: It has no such option, or the option takes other values.
    """
    source = SOURCES.load(name)
    fields = {item.name for item in dataclasses.fields(typing.cast("type[_Dataclass]", source))}
    types = typing.get_type_hints(source)
    for key in options:
        if key not in fields:
            known = suggestion(key, sorted(fields), listing="There are")
            raise InvalidInput(f"{name}: no option called '{key}'{known}")
    return source(**{key: from_text(f"{name}: option {key}", text, types[key]) for key, text in options.items()})


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[object]]]


def rating_range(option: str) -> tuple[float, float] | None:
    """Read a range such as `0.5-5` or `-10-10`; an empty text is no range.

    Raises:
        InvalidInput: It is no range.
    """
    if not option:
        return None
    rest, dash, high = option[1:].partition("-")
    low = option[:1] + rest
    try:
        limits = (float(low), float(high)) if dash else None
    except ValueError:
        limits = None
    if limits is None or not limits[0] < limits[1]:
        raise InvalidInput(f"ratings: expected lowest-highest, such as 0.5-5, got '{option}'")
    return limits


def refused_of(*files: ScannedFile) -> pl.DataFrame:
    """Collect the lines that the pre-scan of some files set aside."""
    return refused_frame(entry for file in files for entry in file.refused)
