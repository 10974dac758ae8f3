"""Ratings of newcomers: baselines come first, and a mapping beats them where something carries over, and only there."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from taste_worlds import rated_world, taste_world

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.interactions import Interactions
from crossrec.evaluation.transferring.newcomers import BASELINES, newcomers

QUICK = {
    "linear": ("rated_emcdr factors=3 epochs=20 ridge=0.1",),
    "mlp": ("rated_emcdr mapping=mlp factors=3 epochs=20 ridge=0.1",),
    "bridge": ("rated_ptupcdr factors=3 epochs=20 ridge=0.1 rounds=5",),
}


def test_where_taste_carries_over_every_mapping_beats_items_means_and_biases() -> None:
    found = newcomers(rated_world(shared=True), "books", models=QUICK, shares=(0.5,))
    assert [row.name for row in found.rows] == [*BASELINES, *QUICK]
    for row in found.rows[len(BASELINES) :]:
        for value, low, high in row.differences.values():
            assert low <= value <= high < -0.1
    assert found.persons == {"0.5": 200} and found.ratings == {"0.5": 2400}


def test_where_nothing_carries_over_no_mapping_beats_items_means() -> None:
    found = newcomers(rated_world(shared=False), "books", models=QUICK, shares=(0.5,))
    for row in found.rows[len(BASELINES) :]:
        value, _, high = row.differences["item mean"]
        assert high > 0 and abs(value) < 0.1, row


def test_baselines_are_those_of_the_training_part() -> None:
    """All films are rated 4 by even persons and 2 by odd ones; in books everybody is half as far from 3."""
    rows: list[tuple[str, str, str, float]] = []
    for user in range(200):
        side = 1 if user % 2 else -1
        rows += [(f"u{user:03d}", "films", str(item), 3.0 - side) for item in range(40)]
        rows += [(f"u{user:03d}", "books", str(item), 3.0 - side / 2) for item in range(40)]
    data = Interactions.from_frame(pl.DataFrame(rows, schema=["user_id", "domain", "item_id", "rating"], orient="row"))
    found = {row.name: row for row in newcomers(data, "books", models={}, shares=(0.5,)).rows}
    assert found["global mean"].rmse == pytest.approx(0.5, abs=0.01)
    assert found["item mean"].mae == pytest.approx(0.5, abs=0.01)
    assert found["biases"].rmse == pytest.approx(40 / 45 - 0.5, abs=0.01)
    assert found["scaled biases"].rmse == pytest.approx(0, abs=0.03)
    assert not found["biases"].settings


def test_validation_takes_the_better_settings() -> None:
    bad, good = "svd factors=1 epochs=1", "svd factors=3 epochs=20"
    found = newcomers(rated_world(shared=True), "books", models={"svd": (bad, good)}, shares=(0.5,), seeds=(0, 1))
    assert found.rows[-1].settings == [good, good]
    alone = newcomers(rated_world(shared=True), "books", models={"svd": (good,)}, shares=(0.5,), seeds=(0, 1))
    assert alone.rows[-1].rmse == found.rows[-1].rmse


def test_draws_are_averaged_and_told() -> None:
    world = rated_world(shared=True)
    one, other, both = (
        newcomers(world, "films", models={}, shares=(0.2, 0.5), seeds=seeds) for seeds in ((0,), (1,), (0, 1))
    )
    for single, second, mean in zip(one.rows, other.rows, both.rows, strict=True):
        assert mean.rmse == pytest.approx((single.rmse + second.rmse) / 2)
    assert one.rows[0].rmse != other.rows[0].rmse
    told = json.loads(both.to_json())
    assert told["seeds"] == [0, 1] and len(told["rows"]) == 2 * len(BASELINES)
    assert "20% of the persons in both held out: 80, mean of 2 draws" in both.table()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"models": {"als": ("als",)}}, "'als' predicts no ratings"),
        ({"shares": (1.0,)}, "expected a rating in every row, shares in"),
        ({"seeds": ()}, "expected a rating in every row, shares in"),
        ({"shares": (0.01,)}, "expected 20 persons to hold out"),
    ],
)
def test_what_cannot_be_measured_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        newcomers(rated_world(shared=True, users=300), "books", **{"models": {}, **change})


def test_rows_without_a_rating_and_unknown_domains_are_refused() -> None:
    with pytest.raises(InvalidInput, match="rows without one"):
        newcomers(taste_world(shared=True), "books", models={})
    with pytest.raises(NotFound, match="did you mean 'books'"):
        newcomers(rated_world(shared=True, users=100), "boks", models={})


def test_interval_is_of_persons_not_of_rows() -> None:
    """Each row twice changes no interval where persons are drawn; where rows were, it would be narrower."""
    world = rated_world(shared=False)
    twice = world.take(np.repeat(np.arange(len(world)), 2))
    once, doubled = (
        newcomers(data, "books", models={}, shares=(0.5,)).rows[0].differences["item mean"] for data in (world, twice)
    )
    assert doubled[2] - doubled[1] == pytest.approx(once[2] - once[1], rel=0.15)
