"""The lines of a file as they are unpacked, in one pass and without a copy on disk."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.line_pass import LinePass
from crossrec.data.intake.prescan import Entry, ScannedFile, file_hash, is_latin, looked_at, whole_blocks

__all__ = ["LineStream", "head_lines"]


class LineStream:
    """Goes over a file once and gives its text in blocks of whole lines, for parsers that need no file.

    A line that is set aside (too long, not UTF-8) is blank, so that lines keep their numbers. When all blocks have
    been taken, `scanned` says what was found; before, nothing that was taken may be relied on, since the file may
    turn out to be cut off.

    Args:
        entry: A plain, gzipped, zstd or zipped text file.
        encoding: "utf-8", or "latin-1" to read each byte as a character.
    """

    def __init__(self, entry: Entry, *, encoding: str = "utf-8") -> None:
        self.entry = entry
        self._latin = is_latin(encoding)
        self._scanned: ScannedFile | None = None

    @property
    def scanned(self) -> ScannedFile:
        """What was found, once all blocks have been taken.

        Raises:
            InvalidInput: They have not.
        """
        if self._scanned is None:
            raise InvalidInput(
                f"{self.entry.label}: expected all blocks to be taken first, got a stream before its end"
            )
        return self._scanned

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Give the blocks, each with the number of its first line.

        Raises:
            InvalidInput: The file is empty, cut off, damaged, in another encoding, or changes while it is read.
            NotFound: There is no such file.
            MissingExtra: A `.zst` file without the package that reads it.
        """
        state = looked_at(self.entry)
        with ThreadPoolExecutor(1) as pool:
            hashed = pool.submit(file_hash, self.entry.path)
            if state.fresh:
                hashed.result()  # before and after the pass, so that a change between them shows
            found = yield from _passed(self.entry, latin=self._latin)
            sha256 = hashed.result()
        state.refuse_change(self.entry.label, sha256)
        if found.lines == 0:
            raise InvalidInput(f"{self.entry.label}: expected rows, got an empty file")
        self._scanned = ScannedFile(self.entry, sha256, state.size, found.lines, tuple(found.notes), state)


class _Taken:
    """Takes what a pass writes, until it is taken away."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, block: bytes) -> None:
        """Add whole lines."""
        self._blocks.append(block)

    def away(self) -> bytes:
        """Return all that was added since the last time."""
        block = self._blocks[0] if len(self._blocks) == 1 else b"".join(self._blocks)
        self._blocks.clear()
        return block


def _passed(entry: Entry, *, latin: bool) -> Generator[tuple[int, bytes], None, LinePass]:
    """Feed a file through a pass and give what it writes, with the number of its first line; return the pass."""
    taken = _Taken()
    state = LinePass(entry.label, latin, taken, measured=False)
    for packed in whole_blocks(entry, state):
        first = state.lines + 1
        state.feed(packed)
        if block := taken.away():
            yield first, block
    first = state.lines + 1
    state.finish()
    if block := taken.away():
        yield first, block
    return state


def head_lines(entry: Entry, count: int = 100, *, encoding: str = "utf-8") -> list[str]:
    """Return the first lines of a file that are not blank, without reading further than needed.

    Args:
        entry: A plain, gzipped, zstd or zipped text file.
        count: Lines at most.
        encoding: "utf-8" or "latin-1".

    Raises:
        InvalidInput: The file is empty, damaged before as many lines, or in another encoding.
        NotFound: There is no such file.
    """
    looked_at(entry)
    stream = _passed(entry, latin=is_latin(encoding))
    lines = (line for _, block in stream for line in block.decode().split("\n") if line.strip())
    found = list(islice(lines, count))
    stream.close()
    if not found:
        raise InvalidInput(f"{entry.label}: expected rows, got an empty file")
    return found
