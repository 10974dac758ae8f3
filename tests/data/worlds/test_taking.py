"""What was written has the statistics that the truth states."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.data.worlds.conftest import Simulation

from crossrec.data.dataset import open_dataset
from crossrec.data.simulating.simulate import simulate
from crossrec.data.worlds.domain import Arrivals, Domain, Trend
from crossrec.data.worlds.truth import open_truth
from crossrec.data.worlds.world import Burst, Rhythm, TasteChange, World

SHARES = 16


def profiles(rows: pl.DataFrame, categories: np.ndarray, users: int) -> np.ndarray:
    """Estimate tastes: the share of each category in a user's rows, less that of all users."""
    counts = np.zeros((users, SHARES))
    np.add.at(counts, (rows["user"].to_numpy(), categories[rows["item"].to_numpy()]), 1)
    shares = counts / counts.sum(1, keepdims=True)
    return shares - shares.mean(0)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def simulated(world: World, out: Path) -> Simulation:
    simulate(world, out)
    return Simulation(open_dataset(out), open_truth(out))


def two(transfer: float, **more: object) -> World:
    domain = Domain(items=1000, interactions=45_000, least=60, categories=SHARES, popularity=0.3, slope=3.0)
    world = World({"films": domain, "books": domain}, 300, date(2024, 1, 1), 365, seed=3, transfer=transfer)
    return replace(world, **more)  # type: ignore[arg-type]


def test_tastes_in_two_domains_go_together_as_the_dial_says(tmp_path: Path) -> None:
    found = []
    for dial in (0.0, 0.5, 1.0):
        here = simulated(two(dial), tmp_path / f"{dial}")
        seen = [profiles(here.rows(name), here.truth.items(name, "category"), 300) for name in ("films", "books")]
        tastes = [here.truth.taste(name, np.arange(300)) for name in ("films", "books")]
        assert correlation(*tastes) == pytest.approx(dial, abs=0.06)
        found.append(correlation(*seen))
    assert abs(found[0]) < 0.08
    assert 0.25 < found[1] < 0.6
    assert found[2] > 0.7


def test_a_pair_may_be_nearer_than_the_rest(small: Simulation) -> None:
    users = np.arange(1000)
    tastes = {name: small.truth.taste(name, users) for name in small.data.domains}
    assert correlation(tastes["books"], tastes["films"]) == pytest.approx(0.8, abs=0.03)
    assert correlation(tastes["books"], tastes["shop"]) == pytest.approx(0.6, abs=0.03)


def test_relevance_decides_what_is_taken_and_how_it_is_rated(small: Simulation) -> None:
    rows = small.rows("films").filter(pl.col("kind") == "rate")
    pair = rows["user"].to_numpy(), rows["item"].to_numpy()
    true = small.truth.relevance("films", *pair, at=rows["timestamp"].to_numpy())
    other = small.truth.relevance("films", np.roll(pair[0], 7001), pair[1])
    assert true.mean() > other.mean() + 0.1
    scale = small.truth.world.domains["films"].ratings
    expected = scale.lowest + (scale.highest - scale.lowest) * true
    left = rows["rating"].to_numpy() - expected
    inside = (expected > 1.5) & (expected < 4)  # clipping at the ends bends the rest
    assert left[inside].mean() == pytest.approx(0, abs=0.02)
    assert left[inside].std() == pytest.approx(np.hypot(scale.noise, scale.step / np.sqrt(12)), abs=0.02)


def test_taste_changes_on_its_day_for_those_who_change(tmp_path: Path) -> None:
    day = date(2024, 7, 1)
    here = simulated(two(0.5, taste_change=TasteChange(day, 0.5)), tmp_path / "w")
    rows = here.rows("films")
    true = here.truth.taste("films", np.arange(300))
    fit = np.einsum("nd,nd->n", true[rows["user"]], here.truth.items("films", "factors")[rows["item"]])
    changed = here.truth.users("changes")[rows["user"].to_numpy()]
    week = ((rows["timestamp"] // 1000 - here.truth.world.second(day)) // (7 * 86_400)).to_numpy()
    assert 0.4 < here.truth.users("changes").mean() < 0.6
    for weeks in ((-4, -1), (0, 3)):
        near = (week >= weeks[0]) & (week <= weeks[1])
        keeps, leaves = fit[near & ~changed].mean(), fit[near & changed].mean()
        assert keeps > 0.3
        assert leaves == pytest.approx(keeps, abs=0.08) if weeks[1] < 0 else leaves < 0.15


def test_nothing_is_seen_before_it_has_come(small: Simulation) -> None:
    for name in small.data.domains:
        rows = small.rows(name)
        second = rows["timestamp"].to_numpy() // 1000
        assert (second >= small.truth.items(name, "arrival")[rows["item"].to_numpy()]).all()
        assert (second >= small.truth.users("arrival")[rows["user"].to_numpy()]).all()
    begin = small.truth.world.began
    assert (small.truth.items("books", "arrival") > begin).mean() == pytest.approx(0.3, abs=0.01)
    assert (small.truth.users("arrival") > begin).mean() == pytest.approx(0.3, abs=0.05)


def test_days_weeks_and_bursts_peak_where_stated(tmp_path: Path) -> None:
    rhythm = Rhythm(daily=0.8, peak_hour=20, weekly=0.5, peak_weekday="saturday", yearly=0.6, peak_month=6, growth=1.0)
    world = two(0.5, rhythm=rhythm, bursts=(Burst(date(2024, 3, 5), 20.0, 1.0, "films"),))
    here = simulated(world, tmp_path / "w")
    films, books = (here.rows(name)["time"] for name in ("films", "books"))
    hours = np.bincount(books.dt.hour().to_numpy(), minlength=24)
    assert abs(int(hours.argmax()) - 20) <= 1
    assert hours[20] / hours[8] == pytest.approx(1.8 / 0.2, rel=0.25)
    days = np.bincount(books.dt.weekday().to_numpy() - 1, minlength=7)
    assert int(days.argmax()) == 5
    assert np.bincount(books.dt.month().to_numpy())[1:].argmax() in (4, 5, 6)
    burst = films.dt.date() == date(2024, 3, 5)
    ordinary = films.dt.date() == date(2024, 3, 12)
    assert burst.sum() / ordinary.sum() == pytest.approx(20, rel=0.3)
    assert (books.dt.date() == date(2024, 3, 5)).mean() < 0.01


def test_returns_follow_purchases_of_the_same_item(small: Simulation) -> None:
    rows = small.rows("shop")
    bought, back = (rows.filter(pl.col("kind") == kind).sort("timestamp") for kind in ("purchase", "return"))
    pairs = back.join_asof(bought, on="timestamp", by=["user_id", "item_id"], suffix="_bought", coalesce=False)
    days = (pairs["timestamp"] - pairs["timestamp_bought"]) / 86_400_000
    assert days.null_count() == 0 and days.max() < 14 and days.min() > 0
    assert back.height / bought.height == pytest.approx(0.1, abs=0.015)
    assert rows.filter(pl.col("kind") == "view").height / 20_000 == pytest.approx(0.6, abs=0.02)
    price = bought["context"].str.json_path_match("$.price").cast(pl.Float64)
    assert price.min() >= 2 and price.max() <= 80
    assert np.allclose(price, small.truth.items("shop", "price")[bought["item"].to_numpy()], atol=1e-4)


def test_a_category_in_trend_is_taken_more_from_its_day_on(tmp_path: Path) -> None:
    domain = Domain(items=200, interactions=40_000, repeats=True, categories=4, slope=0.0)
    trend = Trend(2, date(2024, 7, 1), 4.0)
    world = World({"shop": replace(domain, trends=(trend,))}, 400, date(2024, 1, 1), 366)
    here = simulated(world, tmp_path / "w")
    rows = here.rows("shop")
    mine = here.truth.items("shop", "category")[rows["item"].to_numpy()] == 2
    late = (rows["time"].dt.date() >= trend.at).to_numpy()
    before, after = mine[~late].mean(), mine[late].mean()
    odds = (after / (1 - after)) / (before / (1 - before))
    assert odds == pytest.approx(4.0, rel=0.1)


def test_popularity_falls_as_its_exponent_says(tmp_path: Path) -> None:
    world = World(
        {"shop": Domain(items=300, interactions=100_000, repeats=True, popularity=1.0, slope=0.0)},
        500,
        date(2024, 1, 1),
        30,
    )
    here = simulated(world, tmp_path / "w")
    counts = np.sort(np.bincount(here.rows("shop")["item"].to_numpy(), minlength=300))[::-1]
    slope = np.polyfit(np.log(np.arange(1, 101)), np.log(counts[:100]), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.05)


def test_every_item_is_taken_and_counts_are_exact(tmp_path: Path) -> None:
    domain = Domain(
        items=400, idle_items=50, interactions=9_999, least=20, complete=True, popularity=1.5, new_items=Arrivals(0.4)
    )
    here = simulated(World({"films": domain}, 333, date(2024, 1, 1), 365), tmp_path / "w")
    rows = here.rows("films")
    assert rows.height == 9_999 and rows["item"].n_unique() == 350 and rows["user"].n_unique() == 333
    assert rows.group_by("user").len()["len"].min() >= 20
    assert not rows.select("user", "item").is_duplicated().any()
