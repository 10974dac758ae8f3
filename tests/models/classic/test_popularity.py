"""Popularity, worked by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, Refused
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries, Query
from crossrec.models.classic.popularity import Popularity

DAY = 86_400_000


def rows(**columns: list[object]) -> Interactions:
    return Interactions.from_frame(pl.DataFrame(columns))


def scores(model: Popularity) -> dict[object, float]:
    one = model.score(Queries.from_queries([Query()], model.catalogue_)).values[0]
    return dict(zip(model.catalogue_.ids.series.to_list(), one.tolist(), strict=True))


def test_it_counts_persons_not_repeats() -> None:
    data = rows(user_id=["a", "a", "a", "b", "c"], item_id=["tea", "tea", "tea", "jam", "jam"])
    assert scores(Popularity().fit(data)) == {"tea": 1.0, "jam": 2.0}


def test_a_half_life_halves_what_is_that_old() -> None:
    now = 1_600_000_000_000
    data = rows(user_id=["a", "b", "c"], item_id=["old", "old", "new"], timestamp=[now - 10 * DAY, now - 20 * DAY, now])
    assert scores(Popularity(half_life_days=10.0).fit(data)) == pytest.approx({"old": 0.75, "new": 1.0})


def test_decay_refuses_data_that_only_has_an_order() -> None:
    data = rows(user_id=["a", "b"], item_id=["x", "y"])
    with pytest.raises(Refused, match="have no times, only an order"):
        Popularity(half_life_days=10.0).fit(data)


def test_a_half_life_must_be_positive() -> None:
    with pytest.raises(InvalidInput, match="half_life_days: expected > 0, got 0"):
        Popularity(half_life_days=0.0).fit(rows(user_id=["a"], item_id=["x"]))


def test_everyone_gets_the_same_with_an_opinion() -> None:
    model = Popularity().fit(rows(user_id=["a", "b"], item_id=["x", "y"]))
    found = model.score(Queries.from_queries([Query(), Query()], model.catalogue_))
    assert found.opinion.all()
    np.testing.assert_array_equal(found.values[0], found.values[1])
