from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from crossrec.core.errors import CorruptBundle, Unavailable
from crossrec.data.exchange.bucket import Bucket
from crossrec.data.exchange.tree import Entry, entries_in, receive, send


class Shelf:
    """A bucket of this process, to see what is asked of one."""

    place = "s3://bucket/x"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fail: Callable[[str], bool] = lambda _name: False

    def listed(self) -> dict[str, int]:
        return {name: len(body) for name, body in self.objects.items()}

    def put(self, name: str, content: Path | bytes) -> None:
        if self.fail(name):
            raise Unavailable(f"{name}: broke")
        self.objects[name] = content if isinstance(content, bytes) else content.read_bytes()

    def fetch(self, name: str, target: Path, size: int, *, sha256: str = "") -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.objects[name])


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(20):
        path = tmp_path / "here" / f"f{number % 3}" / f"{number}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)
    (tmp_path / "here" / ".lock").write_bytes(b"1")
    return tmp_path / "here"


def test_there_and_back(shelf: Shelf, folder: Path, tmp_path: Path) -> None:
    bucket, entries = cast("Bucket", shelf), entries_in(folder)
    assert len(entries) == 20, "hidden files are left out"
    told: list[tuple[str, int, int]] = []
    assert send(bucket, folder, entries, below="t", progress=lambda *now: told.append(now)).copied == 20
    assert told[-1] == ("uploading", 20, 20)
    assert receive(bucket, tmp_path / "there", entries, below="t").copied == 20
    assert entries_in(tmp_path / "there") == entries
    assert receive(bucket, tmp_path / "there", entries, below="t").kept == 20


def test_the_first_error_ends_it(shelf: Shelf, folder: Path) -> None:
    shelf.fail = lambda name: name.endswith("7.npy")
    with pytest.raises(Unavailable, match="broke"):
        send(cast("Bucket", shelf), folder, entries_in(folder))


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "", "c:\\evil", "a\\..\\evil"])
def test_a_name_that_leads_elsewhere_is_refused(shelf: Shelf, tmp_path: Path, name: str) -> None:
    with pytest.raises(CorruptBundle, match="tampered"):
        receive(cast("Bucket", shelf), tmp_path / "there", [Entry(name, 1, "")])
    assert not (tmp_path / "there").exists()


def test_what_does_not_fit_is_not_begun(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="CROSSREC_CACHE"):
        receive(cast("Bucket", shelf), tmp_path / "there", [Entry("huge.parquet", 1 << 60, "")])
