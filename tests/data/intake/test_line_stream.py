from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.intake import line_pass, unpacking
from crossrec.data.intake.line_stream import LineStream, head_lines
from crossrec.data.intake.prescan import Entry, file_hash, prescan


@pytest.mark.parametrize("packed", [False, True])
def test_a_stream_gives_what_the_prescan_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    monkeypatch.setattr(unpacking, "BLOCK_BYTES", 64)
    monkeypatch.setattr(line_pass, "MAX_LINE_BYTES", 200)
    body = b"first line, long enough to look like text and to be no binary data\n" + b"".join(
        b"%d\n" % number if number % 7 else b"caf\xe9\n" if number % 2 else b"x" * 500 + b"\n" for number in range(200)
    )
    path = tmp_path / ("x.txt.gz" if packed else "x.txt")
    path.write_bytes(gzip.compress(body + b"last") if packed else body + b"last")
    stream = LineStream(Entry(path))
    with pytest.raises(InvalidInput, match="before its end"):
        _ = stream.scanned
    given = list(stream)
    blocks = [block for _, block in given]
    firsts = [1 + b"".join(blocks[:place]).count(b"\n") for place in range(len(blocks))]
    assert [first for first, _ in given] == firsts
    assert all(block.endswith(b"\n") for block in blocks)
    written = prescan(Entry(path), tmp_path / "work")
    assert b"".join(blocks) == written.readable.read_bytes()
    assert stream.scanned.refused == written.refused
    assert (stream.scanned.lines, stream.scanned.sha256) == (written.lines, file_hash(path)) == (202, written.sha256)


def test_the_head_is_read_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "x.txt.gz"
    whole = gzip.compress(b"".join(b"%d\n" % (number * 7919 % 104729) for number in range(2_000_000)), 1)
    path.write_bytes(whole[: len(whole) - 9])  # cut off: nobody has come to the end
    assert head_lines(Entry(path), 2) == ["0", "7919"]
    path.write_bytes(gzip.compress(b"\n\n"))
    with pytest.raises(InvalidInput, match=r"x\.txt\.gz: expected rows, got an empty file"):
        head_lines(Entry(path))
    with pytest.raises(NotFound, match="no file called"):
        head_lines(Entry(tmp_path / "y"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "expected rows, got an empty file"),
        ("a\nb\n".encode("utf-16"), "UTF-16"),
        (gzip.compress(b"one\n")[:-3], "cut off or damaged after 1 readable"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, body: bytes, message: str) -> None:
    path = tmp_path / ("x.gz" if body[:2] == b"\x1f\x8b" else "x")
    path.write_bytes(body)
    with pytest.raises(InvalidInput, match=message):
        list(LineStream(Entry(path)))


def test_a_file_that_changes_while_it_is_taken_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one\n")
    then = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    blocks = iter(LineStream(Entry(path)))
    assert next(blocks) == (1, b"one\n")
    path.write_bytes(b"ONE\n")
    os.utime(path, ns=then)
    with pytest.raises(InvalidInput, match="changed while it was read"):
        next(blocks)
