"""Unpack zstd of any number of frames, with windows up to 2 GiB as Reddit's dumps need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import zstandard

__all__ = ["unpacked"]

_WINDOW_BYTES = 2**31
_PACKED_BYTES = 2**13
"""Read at a time: a block of zstd may unpack to 32,000 times its size, so this bounds the memory at 256 MB."""


def unpacked(stream: IO[bytes], block_bytes: int) -> Iterator[bytes]:
    """Give the text in blocks of about some bytes; all that is readable comes before a cut is reported.

    The unpacker holds the window that the file's first bytes ask for, up to 2 GiB, and one block.

    Args:
        stream: Compressed bytes.
        block_bytes: Bytes of a block; the last is shorter, and any may be longer by what a read gives.

    Raises:
        EOFError: The data end too early or are damaged.
    """
    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES)
    frame = unpacker.decompressobj()
    text = bytearray()
    empty = True
    while packed := stream.read(_PACKED_BYTES):
        empty = False
        while packed:
            if frame.eof:
                frame = unpacker.decompressobj()
            try:
                text += frame.decompress(packed)
            except zstandard.ZstdError as error:
                if text:
                    yield bytes(text)
                raise EOFError(f"not zstd, or damaged: {error}") from error
            packed = frame.unused_data if frame.eof else b""
        if len(text) >= block_bytes:
            yield bytes(text)
            text.clear()
    if text:
        yield bytes(text)
    if not empty and not frame.eof:
        raise EOFError("the compressed data ends too early")
