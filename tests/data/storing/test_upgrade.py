from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import CorruptBundle, InvalidInput
from crossrec.data.check import check
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.storing.quarantine import note, refused_frame
from crossrec.data.storing.upgrade import upgrade


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A data set as release 0.1 wrote it: three rows of four, two months."""
    source = tmp_path / "ratings.csv"
    source.write_text("userId,movieId,rating,timestamp\n1,10,4.0,964982703\n1,11,3.5,974982703\n2,10,0.5,964982224\n")
    fresh = tmp_path / "fresh"
    import_source("movielens", source, "films", fresh, options={"titles": "false"})
    dataset = open_dataset(fresh)
    folder = tmp_path / "old"
    (folder / "films").mkdir(parents=True)
    dataset.rows("films").collect().write_parquet(folder / "films" / "interactions.parquet")
    items = dataset.items("films").with_columns(title=pl.lit("A film"))
    items.write_parquet(folder / "films" / "items.parquet")
    refused_frame([note("ratings.csv", 5, "rating is NaN", column="rating", value="nan")]).write_parquet(
        folder / "films" / "quarantine.parquet"
    )
    written = {path.name: {"size": path.stat().st_size} for path in (folder / "films").iterdir()}
    record = {
        "source": "movielens",
        "options": {"titles": "false"},
        "files": [{"name": "ratings.csv", "sha256": "0" * 64, "size": 99}],
        "written": written,
        "rows_in": 4,
        "rows": 3,
        "quarantined": {"rating is NaN": 1},
        "users": 2,
        "items": 2,
        "catalogue": 2,
        "items_quarantined": {},
        "time_range": [964982224000, 974982703000],
        "has_times": True,
        "has_ratings": True,
        "has_order": True,
        "has_split": False,
        "users_are": "own",
        "licence": "MIT",
        "tool": "0.1.0",
        "schema_version": 1,
    }
    (folder / "manifest.json").write_text(json.dumps({"schema_version": 1, "domains": {"films": record}}))
    return folder


def test_an_old_data_set_is_named_as_such_and_upgraded_without_a_change(old: Path) -> None:
    before = pl.read_parquet(old / "films" / "interactions.parquet").sort("position")
    with pytest.raises(InvalidInput, match="got 1; run `crossrec data upgrade"):
        open_dataset(old)
    upgrade(old)
    dataset = open_dataset(old)
    assert dataset.rows("films").collect().sort("position").equals(before)
    assert dataset.items("films")["title"].to_list() == ["A film", "A film"]
    assert dataset.quarantine("films")["reason"].to_list() == ["rating is NaN"]
    record = dataset.record("films")
    assert (record.rows_in, record.rows, record.licence) == (4, 3, "MIT")
    assert record.files[0].rows_in == 4
    assert not (old / "films" / "interactions.parquet").exists()
    assert check(dataset).ok
    with pytest.raises(InvalidInput, match="nothing to do"):
        upgrade(old)


def test_a_damaged_old_data_set_stays_as_it_is(old: Path) -> None:
    (old / "films" / "items.parquet").write_bytes(b"short")
    manifest = (old / "manifest.json").read_bytes()
    with pytest.raises(CorruptBundle, match=r"items\.parquet: expected the file"):
        upgrade(old)
    assert (old / "manifest.json").read_bytes() == manifest
    assert (old / "films" / "interactions.parquet").is_file()
