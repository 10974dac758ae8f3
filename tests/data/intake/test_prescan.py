from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.data.intake import prescan as module
from crossrec.data.intake.prescan import Entry, prescan


@settings(max_examples=50, deadline=None)
@given(
    lines=st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), min_size=1, max_size=30),
    block=st.integers(8, 64),
)
def test_lines_keep_their_numbers_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], block: int
) -> None:
    folder = tmp_path_factory.mktemp("scan")
    path = folder / "x.txt"
    body = b"\n".join([b"first line of text, long enough to look like text: " + b"." * 40, *lines]) + b"\n"
    path.write_bytes(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", block)
        patch.setattr(module, "MAX_LINE_BYTES", 100)
        found = prescan(Entry(path), folder / "work")
    kept = found.readable.read_bytes().split(b"\n")
    original = body.split(b"\n")
    away = {note["row"] for note in found.refused}
    assert found.lines == len(original) - 1
    for number, (new, old) in enumerate(zip(kept, original, strict=True), start=1):
        assert new == (b"" if number in away else old)
        assert number in away or old.decode() is not None
    assert found.blanks == sum(line == b"" for line in original[:-1])


def test_a_line_too_long_is_set_aside_within_and_across_blocks(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"a\n" + b"b" * 2000 + b"\nc\n" + b"d" * 20 + b"\n" + b"e" * 1500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_LINE_BYTES", 600)
        whole = prescan(Entry(path), tmp_path / "one")
        patch.setattr(module, "BLOCK_BYTES", 16)
        blocks = prescan(Entry(path), tmp_path / "two")
    for found in (whole, blocks):
        assert [note["row"] for note in found.refused] == [2, 5]
        assert found.readable.read_bytes() == b"a\n\nc\n" + b"d" * 20 + b"\n\n"
        assert found.lines == 5
        assert not found.plain


@pytest.mark.parametrize(("length", "limit"), [(10, 511), (5000, 5000)])
def test_no_line_is_longer_than_said(tmp_path: Path, length: int, limit: int) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"short line\n" * 5000 + b"x" * length + b"\n" + b"short line\n" * 5000)
    found = prescan(Entry(path), tmp_path / "work")
    assert found.longest == limit
    assert found.lines == 10_001
    assert found.plain
    assert found.readable == path
