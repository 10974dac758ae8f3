"""One pass over the bytes of a text file before anything is parsed.

The pass hashes the file, counts its lines, sets aside lines that are too long or not UTF-8, and refuses a
file that is empty, cut off or in another encoding. It holds one block and one unfinished line in memory,
never more. A compressed file, or one with lines to set aside, is written out as clean text to be parsed;
a clean plain file is parsed where it stands.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from isal import igzip_lib

from crossrec.core import clock
from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.intake.line_pass import LinePass
from crossrec.data.intake.unpacking import PACKED, ahead, blocks, unpacked_name

__all__ = [
    "Entry",
    "FileState",
    "ScannedFile",
    "TextFile",
    "file_hash",
    "is_latin",
    "looked_at",
    "prescan",
    "whole_blocks",
]

_LATIN = ("latin-1", "latin1", "iso-8859-1")
_FRESH_MS = 2_000
_DAMAGE: tuple[type[Exception], ...] = (  # type: ignore[assignment]  # the stubs take the last for a value
    EOFError,
    OSError,
    RuntimeError,  # a zip with a password
    zlib.error,
    zipfile.BadZipFile,
    igzip_lib.IsalError,
)


@dataclass(frozen=True)
class Entry:
    """One file to read: on disk, or inside a zip.

    Args:
        path: The file on disk.
        member: The name inside the zip, None for a file that is no zip.
    """

    path: Path
    member: str | None = None

    @property
    def label(self) -> str:
        """How messages call it: `ratings.csv.gz`, `ml-25m.zip/ml-25m/ratings.csv`."""
        return self.path.name if self.member is None else f"{self.path.name}/{self.member}"

    @property
    def name(self) -> str:
        """The file's own name without folder and `.gz` or `.zst`: `ratings.csv`."""
        return unpacked_name((self.member or self.path.name).rsplit("/", 1)[-1])

    @property
    def compressed(self) -> bool:
        """Must it be unpacked before it can be parsed?"""
        return self.member is not None or self.path.name.lower().endswith(PACKED)


@dataclass(frozen=True)
class FileState:
    """What a file on disk looked like at one moment, to notice a change while it is read.

    Args:
        path: The file.
        size: Bytes.
        modified: Time of the last change, nanoseconds.
        inode: Which file it is: another one under the same name differs here.
        fresh: It was changed less than two seconds before, so another change may leave the time as it is.
    """

    path: Path
    size: int
    modified: int
    inode: int
    fresh: bool

    @classmethod
    def of(cls, path: Path) -> FileState:
        """Look at a file now.

        Raises:
            OSError: It is not there.
        """
        found = path.stat()
        age = clock.now() - found.st_mtime_ns // 1_000_000
        return cls(path, found.st_size, found.st_mtime_ns, found.st_ino, age < _FRESH_MS)

    def refuse_change(self, label: str, sha256: str) -> None:
        """Make sure that the file is still the one whose hash was taken since this look.

        Size, time and inode must be the same; where the time cannot tell (`fresh`), the hash is taken again.

        Args:
            label: How messages call it.
            sha256: Its hash as it was read.

        Raises:
            InvalidInput: It is gone or another one.
        """
        try:
            now = FileState.of(self.path)
            moved = (now.size, now.modified, now.inode) != (self.size, self.modified, self.inode)
            changed = moved or (self.fresh and file_hash(self.path) != sha256)
        except OSError:
            changed = True
        if changed:
            raise InvalidInput(
                f"{label}: expected a file that stays as it is, got one that changed while it was read; "
                "nothing of it was taken: import it again once it is complete"
            )


@dataclass(frozen=True)
class ScannedFile:
    """A file that was gone over once from end to end.

    Args:
        entry: The source.
        sha256: Hash of the file on disk (of the whole zip for a member).
        size: Bytes on disk.
        lines: Lines in it, the last one counted even without a newline.
        refused: One note for each line set aside.
        state: What the file on disk looked like before it was read.
    """

    entry: Entry
    sha256: str
    size: int
    lines: int
    refused: tuple[dict[str, object], ...]
    state: FileState


@dataclass(frozen=True)
class TextFile(ScannedFile):
    """A scanned file as UTF-8 text whose line numbers are those of the source.

    Args:
        readable: The text to parse; a line that was set aside is blank in it.
        blanks: Lines with no byte in them, those set aside not counted.
        longest: Bytes of the longest line that is left.
        plain: Only printable ASCII and newlines, no quote: a simple parser reads it exactly.
        quotes: There is a `"` in it.
    """

    readable: Path
    blanks: int
    longest: int
    plain: bool
    quotes: bool


def is_latin(encoding: str) -> bool:
    """Say whether each byte is a character, or the text UTF-8.

    Raises:
        InvalidInput: It is another encoding.
    """
    if encoding.lower() not in ("utf-8", "utf8", *_LATIN):
        raise InvalidInput(f"encoding: expected utf-8 or latin-1, got '{encoding}'")
    return encoding.lower() in _LATIN


def looked_at(entry: Entry) -> FileState:
    """Look at a file before it is read.

    Raises:
        NotFound: There is no such file.
    """
    if not entry.path.is_file():
        raise NotFound(f"no file called '{entry.path}'")
    return FileState.of(entry.path)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def prescan(entry: Entry, workspace: Path, *, encoding: str = "utf-8") -> TextFile:
    """Go over a text file once and make it safe to parse.

    Args:
        entry: A plain, gzipped, zstd or zipped text file.
        workspace: A folder for clean text, where one must be written.
        encoding: "utf-8", or "latin-1" to read each byte as a character.

    Raises:
        InvalidInput: The file is empty, cut off, damaged, in another encoding, or changes while it is read.
        NotFound: There is no such file.
        MissingExtra: A `.zst` file without the package that reads it.
    """
    latin = is_latin(encoding)
    state = looked_at(entry)
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(file_hash, entry.path)
        if state.fresh:
            hashed.result()  # before and after the pass, so that a change between them shows
        found = _run(entry, latin, None) if not entry.compressed else None
        readable = entry.path
        if found is None or found.dirty:
            workspace.mkdir(parents=True, exist_ok=True)
            readable = workspace / f"{len(list(workspace.iterdir())):04}-{entry.name}.txt"
            with readable.open("wb") as out:
                found = _run(entry, latin, out)
        sha256 = hashed.result()
    state.refuse_change(entry.label, sha256)
    if found.lines == 0:
        raise InvalidInput(f"{entry.label}: expected rows, got an empty file")
    return TextFile(
        entry=entry,
        sha256=sha256,
        size=state.size,
        readable=readable,
        lines=found.lines,
        blanks=found.blanks,
        longest=found.longest,
        plain=not found.odd and not found.notes,
        quotes=34 in found.odd,
        refused=tuple(found.notes),
        state=state,
    )


def _run(entry: Entry, latin: bool, out: IO[bytes] | None) -> LinePass:
    """Feed a whole file through one pass."""
    state = LinePass(entry.label, latin, out)
    for block in whole_blocks(entry, state, own_thread=entry.compressed):
        state.feed(block)
    state.finish()
    return state


def whole_blocks(entry: Entry, state: LinePass, *, own_thread: bool = False) -> Iterator[bytes]:
    """Give the blocks of a file, and say so where it is not whole; what goes wrong with a block later is not its fault.

    Args:
        entry: The file.
        state: The pass that they are fed to.
        own_thread: The next one is unpacked meanwhile. Where the pass itself runs ahead of a parser, it does not pay.

    Raises:
        InvalidInput: The file is cut off or damaged.
    """
    try:
        found = blocks(entry.path, entry.member)
        yield from ahead(found) if own_thread else found
    except _DAMAGE as error:
        raise InvalidInput(
            f"{entry.label}: expected a whole file, got one that is cut off or damaged after {state.lines} "
            f"readable lines ({error}); nothing of it was taken: download it again"
        ) from error
