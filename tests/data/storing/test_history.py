from __future__ import annotations

from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.storing.history import drop_old, versions_of


@pytest.fixture
def grown(tmp_path: Path) -> tuple[Path, list[str]]:
    """A data set of three versions and their hashes, oldest first."""
    out, versions = tmp_path / "out", []
    for number in range(3):
        path = tmp_path / "x.csv"
        path.write_text("user_id,item_id\n" + "".join(f"u{row},i{number}\n" for row in range(4 + number)))
        versions.append(import_source("tables", path, "shop", out, there="replace").version)
    return out, versions


def test_versions_are_listed_newest_first(grown: tuple[Path, list[str]]) -> None:
    out, versions = grown
    listed = versions_of(out)
    assert [one.version for one in listed] == versions[::-1]
    assert [one.rows["shop"] for one in listed] == [6, 5, 4]
    assert [one.newest for one in listed] == [True, False, False]
    assert listed[0].parent == versions[1]


def test_old_versions_and_their_parts_go_on_request(grown: tuple[Path, list[str]]) -> None:
    out, versions = grown
    parts = set(out.rglob("*.parquet"))
    gone, freed = drop_old(out, 2)
    assert gone == 1
    left = set(out.rglob("*.parquet"))
    assert freed > 0 and left < parts
    assert open_dataset(out, versions[1]).record("shop").rows == 5
    with pytest.raises(NotFound, match="no version"):
        open_dataset(out, versions[0])


def test_parts_of_no_version_go_too(grown: tuple[Path, list[str]]) -> None:
    out, _ = grown
    stray = out / "shop" / "interactions" / "month=2001-01" / f"{7:016x}.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"left by a killed import")
    own = stray.with_name("notes.parquet")
    own.write_bytes(b"not ours")
    drop_old(out, 3)
    assert not stray.exists()
    assert own.exists()
    assert open_dataset(out).rows("shop").collect().height == 6


def test_what_cannot_be_asked_is_refused(grown: tuple[Path, list[str]]) -> None:
    out, versions = grown
    with pytest.raises(InvalidInput, match="keep: expected at least 1"):
        drop_old(out, 0)
    with pytest.raises(InvalidInput, match="at least its first 8 characters"):
        open_dataset(out, versions[0][:5])
