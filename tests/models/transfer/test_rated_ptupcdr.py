"""Rated PTUPCDR: bridges that start at the linear mapping, and become each person's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from taste_worlds import rated_world

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.transfer.rated_emcdr import RatedEMCDR
from crossrec.models.transfer.rated_ptupcdr import RatedPTUPCDR


def scores(model: Any, ratings: dict[str, float]) -> np.ndarray:
    query = Query(history=tuple(Act(item, kind="rate", value=stars) for item, stars in ratings.items()))
    found: np.ndarray = model.score(Queries.from_queries([query], model.catalogue_)).values
    return found[0, model.catalogue_.in_domain("books")]


def test_without_rounds_it_is_the_linear_mapping() -> None:
    world = rated_world(shared=True, users=60)
    bridge, linear = RatedPTUPCDR(factors=3, rounds=0).fit(world), RatedEMCDR(factors=3).fit(world)
    history = {"films:1": 5.0, "films:2": 1.0}
    np.testing.assert_allclose(scores(bridge, history), scores(linear, history), atol=1e-5)


def test_who_has_rated_in_the_target_is_predicted_from_it_alone() -> None:
    world = rated_world(shared=True, users=60)
    bridge, linear = RatedPTUPCDR(factors=3, rounds=2).fit(world), RatedEMCDR(factors=3).fit(world)
    both = scores(bridge, {"films:1": 5.0, "books:3": 1.0})
    np.testing.assert_allclose(both, scores(linear, {"books:3": 1.0}), atol=1e-5)


def test_without_persons_in_both_there_is_no_bridge() -> None:
    frame = rated_world(shared=True, users=60).to_polars()
    apart = frame.with_columns(user_id=pl.col("domain").cast(pl.String) + pl.col("user_id").cast(pl.String))
    model = RatedPTUPCDR(factors=3, rounds=2).fit(Interactions.from_frame(apart))
    assert list(model.bridges_) == ["none"]
    np.testing.assert_array_equal(scores(model, {"films:1": 5.0}), scores(model, {"films:1": 1.0}))


def history_of(taste: int, turned: int) -> dict[str, float]:
    """Give six films whose stars tell a taste, and six whose stars tell whether books are the other way round."""
    of_taste = {f"film{code}": 5.0 if code % 2 == taste else 1.0 for code in range(6)}
    return of_taste | {f"key{code}": 5.0 if code % 2 == turned else 1.0 for code in range(6)}


def test_a_bridge_of_ones_own_finds_what_no_single_matrix_can() -> None:
    chance = np.random.default_rng(0)
    rows = []
    for person in range(400):
        taste, turned = chance.integers(2, size=2).tolist()
        rows += [(f"u{person}", "films", item, stars) for item, stars in history_of(taste, turned).items()]
        liked = taste ^ turned
        rows += [(f"u{person}", "books", f"book{code}", 5.0 if code % 2 == liked else 1.0) for code in range(6)]
    world = Interactions.from_frame(pl.DataFrame(rows, schema=["user_id", "domain", "item_id", "rating"], orient="row"))
    settings: dict[str, Any] = {"factors": 3, "seed": 1}
    bridge = RatedPTUPCDR(**settings, rounds=100, learning_rate=0.01, patience=0).fit(world)
    linear = RatedEMCDR(**settings).fit(world)
    worst = []
    for model in (bridge, linear):
        errors = []
        for taste, turned in ((0, 0), (0, 1), (1, 0), (1, 1)):
            history = {f"films:{item}": stars for item, stars in history_of(taste, turned).items()}
            wanted = [5.0 if code % 2 == (taste ^ turned) else 1.0 for code in range(6)]
            errors.append(np.abs(scores(model, history) - wanted).mean())
        worst.append(max(errors))
    assert worst[0] < 1 < worst[1]


@pytest.mark.parametrize("settings", [{"ridge": 0.0}, {"hidden": 0}, {"rounds": -1}, {"factors": 0}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="RatedPTUPCDR: expected"):
        RatedPTUPCDR(**settings).fit(rated_world(shared=True, users=30))
