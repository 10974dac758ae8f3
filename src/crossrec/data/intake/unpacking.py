"""The bytes of a file block by block, unpacked: plain, gzip, zstd, and either of them inside a zip."""

from __future__ import annotations

import zipfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TypeVar

from isal import igzip_lib

from crossrec.core.errors import MissingExtra

__all__ = ["BLOCK_BYTES", "PACKED", "ahead", "blocks", "unpacked_name"]

BLOCK_BYTES = 2**18  # a block and what is made of it stay in the cache: twice as fast as 4 MB
_PACKED_BYTES = 2**16
PACKED = (".gz", ".zst")
"""Endings of names of compressed files."""
T = TypeVar("T")


def unpacked_name(name: str) -> str:
    """Return the name of what is inside a compressed file: `ratings.csv` of `ratings.csv.gz`.

    >>> unpacked_name("RC_2015-05.zst")
    'RC_2015-05'
    """
    ending = next((ending for ending in PACKED if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)]


def blocks(path: Path, member: str | None = None) -> Iterator[bytes]:
    """Give the bytes of a file, unpacked; all that is readable comes before a cut is reported.

    Args:
        path: A file on disk.
        member: The name inside the zip that the file is, or None.

    Raises:
        EOFError: The compressed data end too early, or are damaged (as do igzip_lib.IsalError, BadZipFile, OSError).
        MissingExtra: zstd without its package.
    """
    if member is None:
        with path.open("rb") as stream:
            yield from _opened(stream, path.name)
        return
    with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        yield from _opened(stream, member)


def ahead(source: Iterator[T], most: int = 1) -> Iterator[T]:
    """Let a thread of its own make the next blocks ready, so many at most, while those before are worked on."""
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, source, None) for _ in range(most))
        while (block := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, source, None))
            yield block


def _opened(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """Unpack as the name says."""
    if name.lower().endswith(".gz"):
        return _gunzipped(stream)
    if name.lower().endswith(".zst"):
        try:
            from crossrec.data.intake.zstd import unpacked
        except ModuleNotFoundError as error:
            raise MissingExtra(f"'{name}' needs {error.name}: pip install 'crossrec[zst]'") from error
        return unpacked(stream, BLOCK_BYTES)
    return _plain(stream)


def _plain(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK_BYTES):
        yield block


def _gunzipped(stream: IO[bytes]) -> Iterator[bytes]:
    """Unpack gzip of any number of members, two to three times as fast as the standard library does."""
    unpack: igzip_lib.IgzipDecompressor | None = None
    while packed := stream.read(_PACKED_BYTES):
        while packed or not (unpack is None or unpack.eof or unpack.needs_input):
            if unpack is None or unpack.eof:
                if unpack and not packed.strip(b"\0"):
                    break
                unpack = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            if block := unpack.decompress(packed, BLOCK_BYTES):
                yield block
            packed = unpack.unused_data if unpack.eof else b""
    if unpack and not unpack.eof:
        raise EOFError("the compressed data ends too early")
