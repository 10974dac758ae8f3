from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from crossrec.core.errors import NotFound
from crossrec.data.check import check
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.schema import INTERACTIONS
from crossrec.data.storing.compacting import compact
from crossrec.data.storing.history import drop_old
from crossrec.data.storing.writing import append_rows

MAY, JUNE = 1_400_000_000_000, 1_402_000_000_000


def batch(number: int) -> pl.LazyFrame:
    """Three rows in two months."""
    rows = {
        "user_id": ["ann", "bob", "eve"],
        "item_id": [f"i{number}", "x", "y"],
        "timestamp": [MAY + number, JUNE + number, JUNE + number],
        "position": [number, number, number],
        "domain": ["shop"] * 3,
        "interaction_type": ["view"] * 3,
        "weight": [1.0] * 3,
    }
    names = [
        pl.col(name).cast(kind) if name in rows else pl.lit(None, kind).alias(name)
        for name, kind in INTERACTIONS.items()
    ]
    return pl.DataFrame(rows).lazy().select(names)


@pytest.fixture
def grown(tmp_path: Path) -> Path:
    """A shop of twelve rounds with a refused row each, and films of two files that are imported one after the other."""
    away = {"file": "events", "row": 1, "column": "timestamp", "reason": "too late", "value": "9"}
    for number in range(12):
        refused = pl.DataFrame([away | {"row": number}])
        append_rows(tmp_path / "d", "shop", batch(number), mark={"cursor": number}, quarantine=refused)
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"user_id,item_id,timestamp\n{name},i,{MAY // 1000}\n")
        import_source("tables", tmp_path / f"{name}.csv", "films", tmp_path / "d", there="append")
    return tmp_path / "d"


def rows(data: Dataset, domain: str) -> pl.DataFrame:
    return data.rows(domain).collect().sort("timestamp", "user_id", "item_id")


def test_parts_are_one_a_month_and_file_and_no_row_changes(grown: Path, tmp_path: Path) -> None:
    before = open_dataset(grown)
    done = compact(grown)
    after = open_dataset(grown)
    assert (done.parts_before, done.parts) == (12 * 2 + 12 + 2, 2 + 1 + 2)
    assert done.version == after.manifest.version != before.manifest.version
    assert after.manifest.parent == before.manifest.version
    for domain in ("shop", "films"):
        assert_frame_equal(rows(before, domain), rows(after, domain))
        assert_frame_equal(before.quarantine(domain), after.quarantine(domain))
        old, new = before.record(domain), after.record(domain)
        assert (old.rows_in, old.quarantined, old.mark, old.files) == (
            new.rows_in,
            new.quarantined,
            new.mark,
            new.files,
        )
    assert check(after).ok
    assert compact(grown).version == done.version
    drop_old(grown, 1)
    assert_frame_equal(rows(open_dataset(grown), "shop"), rows(after, "shop"))


def test_a_domain_goes_on_growing_and_a_corrected_file_replaces_what_it_brought(grown: Path, tmp_path: Path) -> None:
    compact(grown)
    append_rows(grown, "shop", batch(12), mark={"cursor": 12}, after={"cursor": 11})
    (tmp_path / "a.csv").write_text(f"user_id,item_id,timestamp\nanother,i,{MAY // 1000}\n")
    import_source("tables", tmp_path / "a.csv", "films", grown, there="append")
    after = open_dataset(grown)
    assert after.record("shop").rows == 39
    assert set(rows(after, "films")["user_id"]) == {"another", "b"}


def test_without_a_data_set_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no data set"):
        compact(tmp_path / "none")
    assert not (tmp_path / "none").exists()
