from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.event import NOT_TASTE
from crossrec.data.dataset import Dataset
from crossrec.data.engine import collected
from crossrec.data.engine_contract import hard_rows
from crossrec.data.engines.polars import PolarsEngine
from crossrec.data.manifest import Manifest
from crossrec.data.preparing.negatives import Drawn, Negatives, write_negatives
from crossrec.data.schema import INTERACTIONS


def draw(rows: pl.DataFrame, folder: Path, **settings: object) -> tuple[pl.DataFrame, Drawn]:
    rows.write_parquet(folder / "rows.parquet")
    engine = PolarsEngine(folder)
    drawn = Negatives(**settings)(engine.scan([folder / "rows.parquet"]), engine, folder)  # type: ignore[arg-type]
    return collected(drawn.table), drawn


def one_user(touched: int, acts: dict[str, int]) -> pl.DataFrame:
    """A user with `touched` items x0 …, and others who make items popular."""
    pairs = [("me", f"x{place}") for place in range(touched)]
    pairs += [(f"{item}-{place}", item) for item, count in acts.items() for place in range(count)]
    rows = [
        dict.fromkeys(INTERACTIONS)
        | {
            "user_id": user,
            "item_id": item,
            "position": place,
            "domain": "d",
            "interaction_type": "rate",
            "weight": 1.0,
        }
        for place, (user, item) in enumerate(pairs)
    ]
    return pl.DataFrame(rows, schema=INTERACTIONS)


def test_none_was_touched_and_each_act_gets_its_number(tmp_path: Path) -> None:
    rows = hard_rows()
    found, drawn = draw(rows, tmp_path, per_positive=3)
    acts = rows.filter(~pl.col("interaction_type").cast(pl.String).is_in(NOT_TASTE))
    assert drawn.wanted == 3 * acts.height == found.height + drawn.short and drawn.short == 0
    assert found.group_by("domain", "position").len()["len"].to_list() == [3] * acts.height
    touched = rows.select("domain", "user_id", negative="item_id")
    assert found.join(touched, on=["domain", "user_id", "negative"], how="semi").height == 0
    items = rows.select("domain", negative="item_id").unique()
    assert found.join(items, on=["domain", "negative"], how="semi").height == found.height  # of the act's own domain


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_items_come_as_often_as_their_probability_says(tmp_path: Path, power: float) -> None:
    acts = {"a": 100, "b": 25, "c": 4, "d": 1}
    found, _ = draw(one_user(2, acts), tmp_path, per_positive=2_000, power=power, tries=25)
    mine = found.filter(pl.col("user_id") == "me")
    weights = {item: count**power for item, count in acts.items()}
    for item, weight in weights.items():
        expected = weight / sum(weights.values())
        here = mine.filter(pl.col("negative") == item)
        assert here["probability"].unique().to_list() == [pytest.approx(expected, rel=1e-6)]
        assert abs(here.height / mine.height - expected) < 5 * np.sqrt(expected / mine.height)


def test_a_user_who_touched_all_is_counted_as_short(tmp_path: Path) -> None:
    rows = one_user(3, {"x0": 2})
    found, drawn = draw(rows, tmp_path, per_positive=2, tries=5)
    assert (found["user_id"] != "me").all()
    assert drawn.short == 6 and drawn.wanted == 10


def test_draws_follow_from_the_act_and_the_seed(tmp_path: Path) -> None:
    rows = hard_rows()
    order = ["domain", "position", "draw"]
    one, _ = draw(rows, tmp_path, seed=1)
    again, _ = draw(rows.sample(fraction=1.0, shuffle=True, seed=5), tmp_path, seed=1)
    other, _ = draw(rows, tmp_path, seed=2)
    assert one.sort(order).equals(again.sort(order))
    assert (one.sort(order)["negative"] != other.sort(order)["negative"]).mean() > 0.5  # type: ignore[operator]


def test_later_parts_of_the_split_are_not_known(tmp_path: Path) -> None:
    rows = one_user(1, {"x1": 3})
    here = pl.when(pl.col("item_id") == "x1").then(pl.lit("train")).otherwise(pl.lit("test"))
    rows = rows.with_columns(split=here.cast(INTERACTIONS["split"]))
    more = pl.concat([rows, rows[-1:].with_columns(user_id=pl.lit("me"), position=pl.lit(99, pl.Int64))])
    with_train, train = draw(more, tmp_path, part="train", tries=3)
    assert with_train.height == 0 and train.short == train.wanted  # in train there is one item, which all had
    with_test, _ = draw(more, tmp_path, part="test", tries=3)
    assert with_test.height == 0  # the test user had both items by then


@pytest.mark.parametrize("wrong", [{"per_positive": 0}, {"power": 3.0}, {"part": "validation"}, {"tries": 0}])
def test_settings_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="negatives: expected per_positive"):
        draw(hard_rows(), tmp_path, **wrong)
    with pytest.raises(InvalidInput, match="got none"):
        draw(hard_rows()[:0], tmp_path)


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    data = Dataset(tmp_path, Manifest({}))
    with pytest.raises(InvalidInput, match="expected the name of a file to write, got a folder"):
        write_negatives(data, tmp_path, Negatives())
