"""Shown lists: the logged chances are the policy's, and what is learned through them is the truth."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from tests.data.worlds.conftest import Simulation

from crossrec.data.dataset import open_dataset
from crossrec.data.simulating.simulate import simulate
from crossrec.data.worlds.domain import Domain, Shown
from crossrec.data.worlds.truth import open_truth
from crossrec.data.worlds.world import World


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    shown = Shown(lists=40, length=6, exploration=0.3, examination=0.8)
    domain = Domain(items=60, interactions=500, shown=shown)
    out = tmp_path_factory.mktemp("logged") / "w"
    simulate(World({"films": domain}, 500, date(2024, 1, 1), 60, seed=5), out)
    return Simulation(open_dataset(out), open_truth(out))


def test_chances_sum_to_one_over_all_items_that_may_come(logged: Simulation) -> None:
    at = 1000 * logged.truth.world.began
    assert logged.truth.chance("films", np.arange(60), at).sum() == pytest.approx(1)
    lists = logged.truth.shown("films").collect()
    assert lists.filter(pl.col("place") == 1).height == 20_000
    # a chance given the places before is the first chance over what is left
    first = logged.truth.chance("films", lists["item"].to_numpy(), at).reshape(-1, 6)
    left = 1 - np.cumsum(first, axis=1) + first
    assert np.allclose(lists["chance"].to_numpy().reshape(-1, 6), first / left)
    items = lists["item"].to_numpy().reshape(-1, 6)
    assert all(len(set(row)) == 6 for row in items[:500].tolist())


def test_items_come_first_as_often_as_their_chance(logged: Simulation) -> None:
    first = logged.truth.shown("films").filter(pl.col("place") == 1).collect()
    share = np.bincount(first["item"].to_numpy(), minlength=60) / first.height
    true = logged.truth.chance("films", np.arange(60), 1000 * logged.truth.world.began)
    error = (share - true) / np.sqrt(true * (1 - true) / first.height)
    assert np.abs(error).max() < 4.5 and error.std() == pytest.approx(1, abs=0.35)


def test_an_inverse_propensity_estimate_of_another_policy_is_its_true_value(logged: Simulation) -> None:
    """A policy that knows tastes is valued from the log of a popular one, at the first place, where all is seen."""
    rows = logged.rows("films")
    place = rows["context"].str.json_path_match("$.place").cast(pl.Int64)
    chance = rows["context"].str.json_path_match("$.chance").cast(pl.Float64)
    rows = rows.with_columns(place=place, chance=chance, list=rows["context"].str.json_path_match("$.list"))
    first = rows.filter((pl.col("place") == 1) & (pl.col("kind") == "shown"))
    clicks = rows.filter((pl.col("place") == 1) & (pl.col("kind") == "click")).select("user", "list", clicked=True)
    joined = first.join(clicks, on=["user", "list"], how="left").with_columns(pl.col("clicked").fill_null(False))
    users, items = (grid.ravel() for grid in np.meshgrid(np.arange(500), np.arange(60), indexing="ij"))
    relevance = logged.truth.relevance("films", users, items).reshape(500, 60)
    target = relevance**2 / (relevance**2).sum(1, keepdims=True)
    weight = target[joined["user"].to_numpy(), joined["item"].to_numpy()] / joined["chance"].to_numpy()
    value = joined["clicked"].to_numpy() * weight
    true = float((target * relevance).sum(1).mean())
    wide = 4 * value.std() / np.sqrt(len(value))
    assert value.mean() == pytest.approx(true, abs=wide)
    assert true - joined["clicked"].to_numpy().mean() > 2 * wide  # the plain mean is the value of another policy
    assert weight.mean() == pytest.approx(1, abs=0.05)


def test_position_bias_can_be_found_again(logged: Simulation) -> None:
    lists = logged.truth.shown("films").collect()
    # within an item, clicks fall by place as the examination does
    by_place = lists.group_by("place").agg((pl.col("clicked").sum() / pl.col("relevance").sum()).alias("looked"))
    looked = by_place.sort("place")["looked"].to_numpy()
    assert np.allclose(looked, logged.truth.examination("films"), atol=0.03)
    assert np.allclose(logged.truth.examination("films"), np.arange(1, 7) ** -0.8)
    slope = np.polyfit(np.log(np.arange(1, 7)), np.log(looked), 1)[0]
    assert slope == pytest.approx(-0.8, abs=0.05)


def test_logged_truth_is_what_relevance_says(small: Simulation) -> None:
    lists = small.truth.shown("films").collect()
    pair = lists["user"].to_numpy(), lists["item"].to_numpy()
    assert np.allclose(
        lists["relevance"], small.truth.relevance("films", *pair, at=lists["timestamp"].to_numpy()), atol=1e-6
    )
    rows = small.rows("films")
    assert rows.filter(pl.col("kind") == "click").height == lists["clicked"].sum()
    assert rows.filter(pl.col("kind") == "shown").height == lists.height
