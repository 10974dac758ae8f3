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
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.intake.quarantine import note

__all__ = ["BLOCK_BYTES", "MAX_LINE_BYTES", "Entry", "TextFile", "file_hash", "prescan"]

MAX_LINE_BYTES = 16 * 2**20
"""A longer line is set aside without being read into memory."""
BLOCK_BYTES = 4 * 2**20
_PLAIN = bytes(range(32, 127)) + b"\n"
_WINDOW = 256
_Numbers: TypeAlias = NDArray[np.int64]
_LATIN = ("latin-1", "latin1", "iso-8859-1")


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
        """The file's own name without folder and `.gz`: `ratings.csv`."""
        return (self.member or self.path.name).rsplit("/", 1)[-1].removesuffix(".gz")

    @property
    def compressed(self) -> bool:
        """Must it be unpacked before it can be parsed?"""
        return self.member is not None or self.path.name.endswith(".gz")


@dataclass(frozen=True)
class TextFile:
    """What the pass found; `readable` is UTF-8 text whose line numbers are those of the source.

    Args:
        entry: The source.
        sha256: Hash of the file on disk (of the whole zip for a member).
        size: Bytes on disk.
        readable: The text to parse.
        lines: Lines in it, the last one counted even without a newline.
        blanks: Lines with no byte in them, those set aside not counted.
        longest: No line that is left has more bytes (511 where all are shorter).
        plain: Only printable ASCII and newlines, no quote: a simple parser reads it exactly.
        quotes: There is a `"` in it.
        refused: One note for each line set aside; in `readable` the line is blank.
    """

    entry: Entry
    sha256: str
    size: int
    readable: Path
    lines: int
    blanks: int
    longest: int
    plain: bool
    quotes: bool
    refused: tuple[dict[str, object], ...]


@dataclass
class _Pass:
    """The state of one pass: what was counted, and the unfinished line."""

    label: str
    latin: bool
    out: IO[bytes] | None = None
    lines: int = 0
    blanks: int = 0
    longest: int = 0
    odd: set[int] = field(default_factory=set)
    notes: list[dict[str, object]] = field(default_factory=list)
    pending: bytearray = field(default_factory=bytearray)
    dropping: bool = False
    started: bool = False
    dirty: bool = False

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the file."""
        if not self.started:
            block = self._opening(block)
        if self.dropping:
            end = block.find(b"\n")
            if end < 0:
                return
            self._set_aside()
            block = block[end + 1 :]
        last = block.rfind(b"\n")
        if last >= 0:
            self._whole(bytes(self.pending) + block[: last + 1] if self.pending else block[: last + 1])
            self.pending = bytearray(block[last + 1 :])
        else:
            self.pending += block
        if len(self.pending) > MAX_LINE_BYTES:
            self.pending.clear()
            self.dropping = self.dirty = True

    def finish(self) -> None:
        """Take the end of the file."""
        if self.dropping:
            self._set_aside()
        elif self.pending:
            tail = bytes(self.pending)
            self.pending.clear()
            self._whole(tail + b"\n")

    def _opening(self, block: bytes) -> bytes:
        """Refuse another encoding by the first bytes, and take a byte order mark off."""
        self.started = True
        if block[:2] in (b"\xff\xfe", b"\xfe\xff") or block[:64].count(0) > 16:
            raise InvalidInput(f"{self.label}: expected UTF-8 text, got UTF-16 or binary data; convert it to UTF-8")
        if block[:3] == b"\xef\xbb\xbf":
            self.dirty = True
            return block[3:]
        return block

    def _set_aside(self) -> None:
        """End a line that is too long: a note for the quarantine and a blank line in its place."""
        self.dropping = False
        self.lines += 1
        self.notes.append(note(self.label, self.lines, "line longer than 16 MB"))
        if self.out:
            self.out.write(b"\n")

    def _whole(self, block: bytes) -> None:
        """Take complete lines."""
        leftover = block.translate(None, _PLAIN)
        if leftover:
            self.odd.update(leftover)
            if max(leftover) > 127:
                block = self._utf8(block)
        if b'"' in block:
            self.odd.add(34)
        ends = np.frombuffer(block, dtype=np.uint8) == 10
        windows = ends[: len(ends) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
        if windows.any(axis=1).all() and b"\n\n" not in block and not block.startswith(b"\n"):
            self.longest = max(self.longest, 2 * _WINDOW - 1)  # a newline in every window: no line is longer
            self.lines += int(np.count_nonzero(ends))
        else:
            block = self._measured(block, np.flatnonzero(ends))
        if self.out:
            self.out.write(block)

    def _measured(self, block: bytes, ends: _Numbers) -> bytes:
        """Take the length of every line, and blank those that are too long."""
        lengths = np.diff(ends, prepend=-1) - 1
        self.blanks += int((lengths == 0).sum())
        if int(lengths.max()) > MAX_LINE_BYTES:
            block = self._without_long(block, lengths)
        self.longest = max(self.longest, int(lengths[lengths <= MAX_LINE_BYTES].max(initial=0)))
        self.lines += len(ends)
        return block

    def _without_long(self, block: bytes, lengths: _Numbers) -> bytes:
        """Blank the lines of a block that are too long."""
        lines = block.split(b"\n")
        for number in np.flatnonzero(lengths > MAX_LINE_BYTES).tolist():
            lines[number] = b""
            self.notes.append(note(self.label, self.lines + number + 1, "line longer than 16 MB"))
        self.dirty = True
        return b"\n".join(lines)

    def _utf8(self, block: bytes) -> bytes:
        """Make sure a block is UTF-8; lines that are not are blanked and noted."""
        if self.latin:
            self.dirty = True
            return block.decode("latin-1").encode()
        try:
            block.decode()
        except UnicodeDecodeError:
            self.dirty = True
        else:
            return block
        lines = block.split(b"\n")
        for number, line in enumerate(lines):
            try:
                line.decode()
            except UnicodeDecodeError:
                lines[number] = b""
                self.blanks -= 1
                shown = line[:200].decode("utf-8", "backslashreplace")
                self.notes.append(note(self.label, self.lines + number + 1, "not UTF-8", value=shown))
        return b"\n".join(lines)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def prescan(entry: Entry, workspace: Path, *, encoding: str = "utf-8") -> TextFile:
    """Go over a text file once and make it safe to parse.

    Args:
        entry: A plain, gzipped or zipped text file.
        workspace: A folder for clean text, where one must be written.
        encoding: "utf-8", or "latin-1" to read each byte as a character.

    Raises:
        InvalidInput: The file is empty, cut off, damaged, or in another encoding.
        NotFound: There is no such file.
    """
    if encoding.lower() not in ("utf-8", "utf8", *_LATIN):
        raise InvalidInput(f"encoding: expected utf-8 or latin-1, got '{encoding}'")
    if not entry.path.is_file():
        raise NotFound(f"no file called '{entry.path}'")
    latin = encoding.lower() in _LATIN
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(file_hash, entry.path)
        found = _run(entry, latin, None) if not entry.compressed else None
        readable = entry.path
        if found is None or found.dirty:
            workspace.mkdir(parents=True, exist_ok=True)
            readable = workspace / f"{len(list(workspace.iterdir())):04}-{entry.name}.txt"
            with readable.open("wb") as out:
                found = _run(entry, latin, out)
        if found.lines == 0:
            raise InvalidInput(f"{entry.label}: expected rows, got an empty file")
        return TextFile(
            entry=entry,
            sha256=hashed.result(),
            size=entry.path.stat().st_size,
            readable=readable,
            lines=found.lines,
            blanks=found.blanks,
            longest=found.longest,
            plain=not found.odd and not found.notes,
            quotes=34 in found.odd,
            refused=tuple(found.notes),
        )


def _run(entry: Entry, latin: bool, out: IO[bytes] | None) -> _Pass:
    """Feed a whole file through one pass."""
    state = _Pass(entry.label, latin, out)
    try:
        for block in _blocks(entry):
            state.feed(block)
    except (EOFError, zlib.error, zipfile.BadZipFile, OSError) as error:
        raise InvalidInput(
            f"{entry.label}: expected a whole file, got one that is cut off or damaged after {state.lines} "
            f"readable lines ({error}); nothing of it was taken: download it again"
        ) from error
    state.finish()
    return state


def _blocks(entry: Entry) -> Iterator[bytes]:
    """Give the bytes of a file, unpacked, block by block."""
    if entry.member is None:
        with entry.path.open("rb") as stream:
            yield from _unzipped(stream) if entry.path.name.endswith(".gz") else _plain(stream)
        return
    with zipfile.ZipFile(entry.path) as archive, archive.open(entry.member) as stream:
        yield from _unzipped(stream) if entry.member.endswith(".gz") else _plain(stream)


def _plain(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK_BYTES):
        yield block


def _unzipped(stream: IO[bytes]) -> Iterator[bytes]:
    """Unpack gzip of any number of members; all that is readable is given before a cut is reported."""
    unpack = zlib.decompressobj(wbits=31)
    fresh = True
    while packed := stream.read(2**18):
        while packed:
            if unpack.eof:
                if not packed.strip(b"\0"):
                    break
                unpack = zlib.decompressobj(wbits=31)
            if block := unpack.decompress(packed, BLOCK_BYTES):
                yield block
            packed = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
        fresh = False
    if not fresh and not unpack.eof:
        raise EOFError("the compressed data ends too early")
