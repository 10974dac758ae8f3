"""One pass over the lines of a text, block by block: count them, and set aside what cannot be parsed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.errors import InvalidInput
from crossrec.data.storing.quarantine import note

__all__ = ["MAX_LINE_BYTES", "LinePass", "Takes", "newlines"]

MAX_LINE_BYTES = 16 * 2**20
"""A longer line is set aside without being read into memory."""
_PLAIN = bytes(range(32, 127)) + b"\n"
_Numbers: TypeAlias = NDArray[np.int64]


def newlines(block: bytes) -> int:
    """Count newlines, four times as fast as the method of bytes where lines are long."""
    return int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == 10))


@runtime_checkable
class Takes(Protocol):
    """Whatever clean text goes to: a file, or a list of blocks."""

    def write(self, block: bytes, /) -> object:
        """Take a block of whole lines."""
        ...


@dataclass
class LinePass:
    """The state of one pass: what was counted, and the unfinished line.

    Args:
        label: How messages call the file.
        latin: Each byte is a character; otherwise the text must be UTF-8.
        out: Where clean text goes, None to look only.
        measured: Find `blanks`, `longest` and `odd` too, which costs half of the pass.
        lines: Lines so far.
        blanks: Lines with no byte in them, those set aside not counted.
        longest: Bytes of the longest line that is left.
        odd: Bytes seen that a simple parser may stumble over.
        notes: One for each line set aside.
        dirty: The text differs from the bytes that came.
    """

    label: str
    latin: bool
    out: Takes | None = None
    measured: bool = True
    lines: int = 0
    blanks: int = 0
    longest: int = 0
    odd: set[int] = field(default_factory=set)
    notes: list[dict[str, object]] = field(default_factory=list)
    dirty: bool = False
    _pending: bytearray = field(default_factory=bytearray)
    _dropping: bool = False
    _started: bool = False

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the file."""
        if not self._started:
            block = self._opening(block)
        if self._dropping:
            end = block.find(b"\n")
            if end < 0:
                return
            self._set_aside()
            block = block[end + 1 :]
        last = block.rfind(b"\n")
        if last >= 0:
            self._whole(b"".join((self._pending, memoryview(block)[: last + 1])))
            self._pending = bytearray(block[last + 1 :])
        else:
            self._pending += block
        if len(self._pending) > MAX_LINE_BYTES:
            self._pending.clear()
            self._dropping = self.dirty = True

    def finish(self) -> None:
        """Take the end of the file."""
        if self._dropping:
            self._set_aside()
        elif self._pending:
            tail = bytes(self._pending)
            self._pending.clear()
            self._whole(tail + b"\n")

    def _opening(self, block: bytes) -> bytes:
        """Refuse another encoding by the first bytes, and take a byte order mark off."""
        self._started = True
        if block[:2] in (b"\xff\xfe", b"\xfe\xff") or block[:64].count(0) > 16:
            raise InvalidInput(f"{self.label}: expected UTF-8 text, got UTF-16 or binary data; convert it to UTF-8")
        if block[:3] == b"\xef\xbb\xbf":
            self.dirty = True
            return block[3:]
        return block

    def _set_aside(self) -> None:
        """End a line that is too long: a note for the quarantine and a blank line in its place."""
        self._dropping = False
        self.lines += 1
        self.notes.append(note(self.label, self.lines, "line longer than 16 MB"))
        if self.out:
            self.out.write(b"\n")

    def _whole(self, block: bytes) -> None:
        """Take complete lines."""
        block = self._looked_over(block) if self.measured else self._counted(block)
        if self.out:
            self.out.write(block)

    def _counted(self, block: bytes) -> bytes:
        """Count lines; one that is too long can only be in a block that is longer still."""
        if not block.isascii():
            block = self._utf8(block)
        if len(block) > MAX_LINE_BYTES:
            return self._measured(block, np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10))
        self.lines += newlines(block)
        return block

    def _looked_over(self, block: bytes) -> bytes:
        """Count lines, and see how simple a parser may be."""
        lines, blanks, longest, odd = _look(np.frombuffer(block, dtype=np.uint8))
        if odd:
            leftover = block.translate(None, _PLAIN)
            self.odd.update(leftover)
            if b'"' in block:
                self.odd.add(34)
            if max(leftover, default=0) > 127:
                block = self._utf8(block)
                return self._measured(block, np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10))
        if longest > MAX_LINE_BYTES:
            return self._measured(block, np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10))
        self.lines += lines
        self.blanks += blanks
        self.longest = max(self.longest, longest)
        return block

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


@numba.njit(cache=True, nogil=True)
def _look(block: NDArray[np.uint8]) -> tuple[int, int, int, bool]:
    """Look at whole lines: UInt8[N], the last of them a newline. Loops without branches are many bytes at a time.

    Returns:
        How many lines there are and how many of them are blank, the bytes of the longest; whether a byte or a quote
        may make a simple parser stumble.
    """
    odd = False
    for place in range(len(block)):
        byte = block[place]
        odd |= (byte == 34) | ((byte != 10) & ((byte < 32) | (byte > 126)))
    lines, blanks, longest, start = 0, 0, 0, 0
    for place in range(len(block)):
        if block[place] == 10:
            length = place - start
            start = place + 1
            lines += 1
            blanks += length == 0
            longest = max(longest, length)
    return lines, blanks, longest, odd
