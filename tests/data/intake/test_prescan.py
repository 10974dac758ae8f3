from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, MissingExtra
from crossrec.data.intake import line_pass, unpacking
from crossrec.data.intake.prescan import Entry, FileState, file_hash, prescan


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
        patch.setattr(unpacking, "BLOCK_BYTES", block)
        patch.setattr(line_pass, "MAX_LINE_BYTES", 100)
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
        patch.setattr(line_pass, "MAX_LINE_BYTES", 600)
        whole = prescan(Entry(path), tmp_path / "one")
        patch.setattr(unpacking, "BLOCK_BYTES", 16)
        blocks = prescan(Entry(path), tmp_path / "two")
    for found in (whole, blocks):
        assert [note["row"] for note in found.refused] == [2, 5]
        assert found.readable.read_bytes() == b"a\n\nc\n" + b"d" * 20 + b"\n\n"
        assert found.lines == 5
        assert not found.plain


@pytest.mark.parametrize("length", [10, 5000])
def test_the_longest_line_is_measured(tmp_path: Path, length: int) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"short line\n" * 5000 + b"x" * length + b"\n" + b"short line\n" * 5000)
    found = prescan(Entry(path), tmp_path / "work")
    assert found.longest == length
    assert found.lines == 10_001
    assert found.plain
    assert found.readable == path


def packed(text: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(text)


def test_zstd_of_several_frames_reads_as_one_text(tmp_path: Path) -> None:
    skipped = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"  # a frame that holds no text
    body = b"".join(b"line %d of the text\n" % number for number in range(100_000))
    path = tmp_path / "RC_2015-05.zst"
    path.write_bytes(packed(body[:50_007]) + skipped + packed(body[50_007:]))
    found = prescan(Entry(path), tmp_path / "work")
    assert found.readable.read_bytes() == body
    assert (found.lines, found.entry.name, found.sha256) == (100_000, "RC_2015-05", file_hash(path))


def test_zstd_with_a_window_of_2_gib_is_read(tmp_path: Path) -> None:
    text = b"one\ntwo\n"
    header = bytes([0x28, 0xB5, 0x2F, 0xFD, 0x00, (31 - 10) << 3])  # as Reddit's dumps: --long=31
    block = (1 | len(text) << 3).to_bytes(3, "little")
    path = tmp_path / "x.zst"
    path.write_bytes(header + block + text)
    assert prescan(Entry(path), tmp_path / "work").readable.read_bytes() == text
    path.write_bytes(header[:5] + bytes([(32 - 10) << 3]) + block + text)
    with pytest.raises(InvalidInput, match=r"x\.zst: .*damaged after 0"):
        prescan(Entry(path), tmp_path / "work")


@pytest.mark.parametrize("cut", [1, 400, -1])
def test_zstd_that_is_cut_off_is_refused_after_what_is_readable(tmp_path: Path, cut: int) -> None:
    body = "".join(f"{number * 7919 % 104729} and {number}\n" for number in range(60_000)).encode()
    whole = packed(body)
    path = tmp_path / "x.txt.zst"
    path.write_bytes(whole[: len(whole) // 2] + b"?" * 9 if cut < 0 else whole[:-cut])
    with pytest.raises(InvalidInput, match=r"x\.txt\.zst: .*cut off or damaged after \d+ readable lines"):
        prescan(Entry(path), tmp_path / "work")


def test_zstd_without_its_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.zst"
    path.write_bytes(packed(b"one\n"))
    monkeypatch.delitem(sys.modules, "crossrec.data.intake.zstd", raising=False)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtra, match=r"'x\.zst' needs zstandard: pip install 'crossrec\[zst\]'"):
        prescan(Entry(path), tmp_path / "work")


@pytest.mark.parametrize("aged", [False, True])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aged: bool
) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"one\ntwo\n")
    then = (path.stat().st_atime_ns, path.stat().st_mtime_ns - aged * 10**10)
    os.utime(path, ns=then)

    class Growing(line_pass.LinePass):
        def finish(self) -> None:
            path.write_bytes(b"ONE\ntwo\n" if not aged else b"one\ntwo\nthree\n")
            os.utime(path, ns=then)  # so that the time does not give it away
            super().finish()

    monkeypatch.setattr("crossrec.data.intake.prescan.LinePass", Growing)
    with pytest.raises(InvalidInput, match=r"x\.txt: expected a file that stays as it is, got one that changed"):
        prescan(Entry(path), tmp_path / "work")


def test_a_file_that_is_gone_or_another_one_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"one\n")
    state, sha256 = FileState.of(path), file_hash(path)
    state.refuse_change("x.txt", sha256)
    path.rename(tmp_path / "y.txt")
    with pytest.raises(InvalidInput, match="changed"):
        state.refuse_change("x.txt", sha256)
    path.write_bytes(b"one\n")
    with pytest.raises(InvalidInput, match="changed"):
        state.refuse_change("x.txt", sha256)


def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(line_pass.LinePass):
        def feed(self, block: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "x.txt"
    path.write_bytes(b"one\n")
    monkeypatch.setattr("crossrec.data.intake.prescan.LinePass", Full)
    with pytest.raises(OSError, match="No space left"):
        prescan(Entry(path), tmp_path / "work")
