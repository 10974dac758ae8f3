"""Text files written as a stream: plain, gzipped or zstd, the same bytes for the same text."""

from __future__ import annotations

import gzip
import importlib.util
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl

__all__ = ["csv_file", "json_lines", "writing", "zst_or_gz"]


def zst_or_gz() -> str:
    """Return ".zst" where zstandard is installed, else ".gz"."""
    return ".zst" if importlib.util.find_spec("zstandard") else ".gz"


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for bytes, packed by what its name ends in; no name or time is put inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as plain:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", compresslevel=4, fileobj=plain, mtime=0) as packed:
                yield packed  # type: ignore[misc] # it has all that is called here
        elif path.suffix == ".zst":
            import zstandard

            with zstandard.ZstdCompressor(level=3).stream_writer(plain, closefd=False) as packer:
                yield packer
        else:
            yield plain


def csv_file(path: Path, header: str) -> IO[bytes]:
    """Begin a CSV file by its header; the caller closes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("wb")
    stream.write(header.encode() + b"\n")
    return stream


def json_lines(table: pl.DataFrame, stream: IO[bytes]) -> None:
    """Write a table as JSON, an object a line."""
    text = io.BytesIO()
    table.write_ndjson(text)
    stream.write(text.getbuffer())
