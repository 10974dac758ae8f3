"""Cold start: the same shares as the split itself gives, by each protocol, in one pass and in many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from crossrec.core.interactions import Interactions
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.report import tally
from crossrec.data.report.cold import Side, cold_start
from crossrec.data.split import Split, split


def imported(tmp_path: Path, columns: dict[str, list[object]]) -> tuple[pl.LazyFrame, object, Interactions]:
    path = tmp_path / "rows.csv"
    pl.DataFrame(columns).write_csv(path)
    import_source("tables", path, "shop", tmp_path / "data")
    dataset = open_dataset(tmp_path / "data")
    return dataset.rows("shop"), dataset.record("shop"), dataset.interactions()


def rows(size: int = 400) -> dict[str, list[object]]:
    chance = np.random.default_rng(3)
    kinds = ["return" if number % 17 == 0 else "purchase" for number in range(size)]
    users, items = chance.integers(0, 40, size), np.minimum(chance.geometric(0.05, size), 60)
    return {
        "user_id": [f"u{user + (30 if place > 300 else 0)}" for place, user in enumerate(users)],
        "item_id": [f"i{item}" for item in items],
        "timestamp": [1_600_000_000 + 997 * (place // 3) for place in range(size)],
        "interaction_type": kinds,
    }


def by_hand(parts: Split, name: str) -> Side:
    codes = [getattr(part, name) for part in (parts.train, parts.validation, parts.test)]
    train, validation, test = (set(part.tolist()) for part in codes)
    cold = test - train
    return Side(
        tested=len(test),
        cold=len(cold),
        colder=len(cold - validation),
        rows=len(codes[2]),
        cold_rows=sum(code in cold for code in codes[2].tolist()),
    )


@pytest.mark.parametrize("rows_a_pass", [50, 10_000])
@pytest.mark.parametrize("protocol", ["global-time", "given", "leave-last-out"])
def test_it_agrees_with_the_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, rows_a_pass: int
) -> None:
    monkeypatch.setattr(tally, "ROWS_A_PASS", rows_a_pass)
    columns = rows()
    if protocol != "global-time":
        del columns["timestamp"]
        columns["position"] = list(range(400))
    if protocol == "given":
        columns["split"] = [("train", "train", "train", "valid", "test")[place * 7 % 5] for place in range(400)]
    table, record, data = imported(tmp_path, columns)
    found = cold_start(table, record)
    assert found.protocol == protocol
    expected = split(data, protocol)
    assert found.users == by_hand(expected, "users") and found.items == by_hand(expected, "items")
    assert found.users.rows > 0 and found.items.cold > 0, "the data have something cold to find"
    if protocol == "global-time":
        assert found.cuts == (expected.settings["validation_from"], expected.settings["test_from"])


def test_what_cannot_be_cut_says_why(tmp_path: Path) -> None:
    columns = rows(20)
    del columns["timestamp"]
    table, record, _ = imported(tmp_path, columns)
    assert "no time, order or split" in cold_start(table, replace(record, has_order=False)).note
    mixed = replace(record, time_range=[0, 1])
    assert "some rows have a time" in cold_start(table, mixed).note
    few = table.unique("user_id")
    assert "no user has three rows" in cold_start(few, record).note
    assert cold_start(few, record).users is None
    returns = table.filter(pl.col("interaction_type").cast(pl.String) == "return")
    assert "liked" in cold_start(returns, replace(record, has_times=True)).note
