"""The check: rows that are not accounted for are an error."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl

from crossrec.data.check import check
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source


def imported(tmp_path: Path) -> Path:
    frame = pl.DataFrame({"user_id": ["a", "a", "b", "a"], "item_id": ["x", "x", "x", "y"], "timestamp": [3, 4, 5, 3]})
    frame.with_columns(pl.col("timestamp") + 1_500_000_000).write_csv(tmp_path / "rows.csv")
    import_source("tables", tmp_path / "rows.csv", "shop", tmp_path / "data")
    return tmp_path / "data"


def test_figures_are_counted(tmp_path: Path) -> None:
    report = check(open_dataset(imported(tmp_path)))
    shop = report.domains[0]
    assert report.ok and (shop.rows, shop.rows_in, shop.repeats, shop.users_under_2) == (4, 4, 1, 1)
    assert shop.density == 3 / 4 and shop.top_item_share == 3 / 4
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["domains"][0]["rows"] == 4 and "tally" not in plain["domains"][0]


def test_rows_that_are_not_accounted_for_are_an_error(tmp_path: Path) -> None:
    dataset = open_dataset(imported(tmp_path))
    record = replace(dataset.record("shop"), rows_in=5)
    report = check(replace(dataset, manifest=replace(dataset.manifest, domains={"shop": record})))
    assert not report.ok and "5 rows came in, but 4 taken and 0 quarantined make 4" in report.problems[0].message
