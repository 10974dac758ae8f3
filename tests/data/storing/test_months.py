from __future__ import annotations

import hashlib
import random
from pathlib import Path

import polars as pl
import pytest

from crossrec.data.schema import INTERACTIONS
from crossrec.data.storing import months
from crossrec.data.storing.months import sink_months


def _rows(*, positions: bool = True) -> pl.DataFrame:
    dice = random.Random(3)  # noqa: S311 - a fixed draw
    rows = [
        {
            "user_id": f"u{dice.randrange(40)}",
            "item_id": dice.choice(["zoë", "a/b", "日本", "x" * 30]),
            "rating": dice.choice([None, 3.5]),
            "timestamp": dice.choice([None, 1_559_340_000_000 + dice.randrange(90) * 86_400_000]),
            "position": number if positions else dice.randrange(5),
            "domain": "shop",
            "interaction_type": dice.choice(["rate", "click"]),
            "weight": 1.0,
        }
        for number in range(1_000)
    ]
    return pl.DataFrame(rows, schema=INTERACTIONS)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("positions", [True, False])
def test_equal_rows_make_equal_files_in_any_order_and_in_any_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, positions: bool
) -> None:
    monkeypatch.setitem(months.PARQUET, "row_group_size", 50)
    rows = _rows(positions=positions)
    staged = sink_months(rows.lazy(), tmp_path / "whole", origin="a b.csv")
    whole = _hashes(tmp_path / "whole")
    assert set(whole) == {f"month={one.month}/a%20b.csv@.parquet" for one in staged}
    assert {one.month for one in staged} == {"2019-05", "2019-06", "2019-07", "2019-08", "none"}
    sink_months(rows.sample(fraction=1, shuffle=True, seed=1).lazy(), tmp_path / "mixed", origin="a b.csv")
    assert _hashes(tmp_path / "mixed") == whole
    monkeypatch.setattr(months, "rows_within", lambda size: 37)
    sink_months(rows.lazy(), tmp_path / "cut", origin="a b.csv")
    assert _hashes(tmp_path / "cut") == whole
    monkeypatch.setattr(months, "fits", lambda rows, size: False)
    sink_months(rows.lazy(), tmp_path / "streamed", origin="a b.csv")
    assert _hashes(tmp_path / "streamed") == whole


def test_all_rows_lie_in_the_month_and_the_file_they_came_from(tmp_path: Path) -> None:
    rows = _rows().with_columns(
        pl.when(pl.col("position") % 3 == 0).then(pl.lit("a")).otherwise(pl.lit("b")).alias("#file")
    )
    staged = sink_months(rows.lazy(), tmp_path / "d")
    assert sum(one.rows or 0 for one in staged) == rows.height
    for one in staged:
        month = pl.from_epoch("timestamp", time_unit="ms").dt.strftime("%Y-%m").fill_null("none")
        expected = rows.filter(month == one.month, pl.col("#file") == one.origin).drop("#file").sort("position")
        assert pl.read_parquet(one.path, hive_partitioning=False).equals(expected)
        assert one.rows == expected.height


def test_no_rows_make_no_part(tmp_path: Path) -> None:
    assert sink_months(_rows().clear().lazy(), tmp_path / "d", origin="") == []
    assert _hashes(tmp_path / "d") == {}
