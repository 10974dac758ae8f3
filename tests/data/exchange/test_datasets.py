"""Data sets through real object stores: whole or not there, only new parts, every version."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from crossrec.core.errors import CorruptBundle, InvalidInput, NotFound, Unavailable
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.exchange.bucket import Bucket
from crossrec.data.exchange.datasets import dataset_folder, publish_dataset
from crossrec.data.exchange.places import bucket_at
from crossrec.data.linking.adding import add_links
from crossrec.data.linking.removing import remove_person
from crossrec.data.schema import INTERACTIONS
from crossrec.data.storing.writing import Content, write_domains

pytestmark = pytest.mark.network


def rows(first: int, domain: str = "films") -> pl.LazyFrame:
    """Forty interactions over two months."""
    count = range(40)
    frame = pl.DataFrame(
        {
            "user_id": [f"u{n % 7}" for n in count],
            "item_id": [f"i{n}" for n in count],
            "rating": [1.0 + n % 5 for n in count],
            "timestamp": [first + n * 86_400_000 for n in count],
            "position": list(count),
            "split": [None for _ in count],
            "domain": [domain for _ in count],
            "interaction_type": ["rate" for _ in count],
            "weight": [1.0 for _ in count],
            "context": [None for _ in count],
        },
        strict=False,
    )
    return frame.cast(dict(INTERACTIONS)).lazy()  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    items = pl.DataFrame({"item_id": ["i0", "i1"], "title": ["One", "Two"], "genres": [["a", "b"], None]})
    content = Content(rows(1_500_000_000_000), "tables", items=items)
    write_domains(tmp_path / "data", {"films": content})
    return tmp_path / "data"


def same(left: Dataset, right: Dataset) -> None:
    assert left.manifest == right.manifest
    for name in left.domains:
        assert_frame_equal(left.rows(name).collect(), right.rows(name).collect())
        assert_frame_equal(left.items(name), right.items(name))


def test_a_data_set_comes_back_as_it_was(data: Path, remote: str) -> None:
    publish_dataset(data, remote)
    same(open_dataset(remote), open_dataset(data))
    same(open_dataset(Path(remote)), open_dataset(data))
    assert len(open_dataset(remote).interactions()) == 40


def test_only_new_parts_are_copied_both_ways(data: Path, remote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publish_dataset(data, remote)
    assert first.kept == 0 and first.copied >= 3
    dataset_folder(remote)
    write_domains(data, {"books": Content(rows(1_550_000_000_000, "books"), "tables")})
    second = publish_dataset(data, remote)
    assert second.kept == first.copied and second.copied >= 2
    fetched: list[str] = []
    fetch = Bucket.fetch

    def counted(self: Bucket, name: str, target: Path, size: int, *, sha256: str = "") -> None:
        fetched.append(name)
        fetch(self, name, target, size, sha256=sha256)

    monkeypatch.setattr(Bucket, "fetch", counted)
    same(open_dataset(remote), open_dataset(data))
    assert len(fetched) == second.copied and all(name.startswith("books/") for name in fetched)


def test_every_published_version_stays_readable(data: Path, remote: str) -> None:
    publish_dataset(data, remote)
    old = open_dataset(data)
    write_domains(data, {"films": Content(rows(1_400_000_000_000), "tables")}, replace=True)
    publish_dataset(data, remote)
    same(open_dataset(remote, old.manifest.version[:8]), old)
    same(open_dataset(remote), open_dataset(data))
    with pytest.raises(NotFound, match="no version '00000000'"):
        open_dataset(remote, "00000000")
    with pytest.raises(InvalidInput, match="at least 8 characters"):
        open_dataset(remote, old.manifest.version[:4])


def test_links_go_along_and_a_removal_holds_on_both_sides(data: Path, remote: str, tmp_path: Path) -> None:
    publish_dataset(data, remote)
    write_domains(data, {"books": Content(rows(1_550_000_000_000, "books"), "tables")})
    both = pl.DataFrame({"domain": ["films", "books"], "user_id": ["u1", "u1"], "person_id": ["ann", "ann"]})
    add_links(data, both)
    publish_dataset(data, remote, prune=True)
    assert "ann" in open_dataset(remote).interactions().user_ids.series.to_list()
    again = tmp_path / "again"  # made anew from the same files, with nothing known of removals
    shutil.copytree(data, again)
    remove_person(data, "ann")
    publish_dataset(data, remote)
    assert "ann" not in open_dataset(remote).interactions().user_ids.series.to_list()
    publish_dataset(again, remote)
    assert "ann" not in open_dataset(remote).interactions().user_ids.series.to_list()
    assert add_links(dataset_folder(remote), both).removed_before == 2


def test_pruning_takes_other_versions_away_and_nothing_else(data: Path, remote: str) -> None:
    publish_dataset(data, remote)
    old = set(bucket_at(remote).listed())
    bucket_at(remote).put("notes/readme.txt", b"mine")
    write_domains(data, {"films": Content(rows(1_400_000_000_000), "tables")}, replace=True)
    publish_dataset(data, remote, prune=True)
    left = set(bucket_at(remote).listed())
    parts = {part.path for kind in open_dataset(data).record("films").parts.values() for part in kind}
    version = open_dataset(data).manifest.version
    assert left == parts | {"manifest.json", f"versions/{version}.json", "notes/readme.txt"}
    assert old - left, "what only the older version had is gone"


@pytest.mark.parametrize("at", ["books/interactions/", "versions/", "manifest.json"])
def test_a_cut_publication_leaves_the_older_version_newest(
    data: Path, remote: str, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    publish_dataset(data, remote)
    old = open_dataset(data)
    write_domains(data, {"books": Content(rows(1_550_000_000_000, "books"), "tables")})
    put = Bucket.put

    def breaks(self: Bucket, name: str, content: Path | bytes) -> None:
        if name.startswith(at):
            raise Unavailable("the connection broke")
        put(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "put", breaks)
        with pytest.raises(Unavailable, match="broke"):
            publish_dataset(data, remote)
    same(open_dataset(remote), old)
    assert (publish_dataset(data, remote).copied == 0) == (at != "books/interactions/")
    same(open_dataset(remote), open_dataset(data))


def test_a_part_changed_in_the_store_is_named(data: Path, remote: str) -> None:
    publish_dataset(data, remote)
    name = open_dataset(data).record("films").parts["items"][0].path
    bucket_at(remote).put(name, b"other")
    with pytest.raises(CorruptBundle, match="SHA-256"):
        open_dataset(remote)


def test_a_manifest_that_was_tampered_with_is_refused(data: Path, remote: str, tmp_path: Path) -> None:
    publish_dataset(data, remote)
    found = json.loads(bucket_at(remote).read("manifest.json"))
    found["domains"]["films"]["parts"]["items"][0]["path"] = "../../evil.parquet"
    bucket_at(remote).put("manifest.json", json.dumps(found).encode())
    with pytest.raises(CorruptBundle):
        open_dataset(remote)
    assert not list(tmp_path.rglob("evil*"))


def test_nothing_there_is_no_data_set(remote: str) -> None:
    with pytest.raises(NotFound, match="no data set at"):
        open_dataset(remote)


def test_a_data_set_is_not_written_in_a_store(remote: str) -> None:
    with pytest.raises(InvalidInput, match="crossrec data export"):
        write_domains(Path(remote), {"films": Content(rows(0), "tables")})
