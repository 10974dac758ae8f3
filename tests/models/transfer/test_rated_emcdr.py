"""Rated EMCDR: ratings in the target are predicted from the target alone, and who has none there is mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from taste_worlds import rated_world, taste_world

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.abilities import Rates
from crossrec.models.classic.svd import SVD
from crossrec.models.contract import CHECKS
from crossrec.models.transfer.rated_emcdr import RatedEMCDR


def told(model: Any, acts: tuple[Act, ...], *items: str) -> np.ndarray:
    queries = Queries.from_queries([Query(history=acts)] * len(items), model.catalogue_)
    codes = model.catalogue_.ids.encode(list(items))
    found: np.ndarray = model.predict(queries, codes)
    return found


def rated(*ratings: tuple[str, float]) -> tuple[Act, ...]:
    return tuple(Act(item, kind="rate", value=stars) for item, stars in ratings)


def test_who_has_rated_in_the_target_is_predicted_by_svd_of_it() -> None:
    world = rated_world(shared=True, users=60)
    model, control = RatedEMCDR(factors=3).fit(world), SVD(factors=3).fit(world.domain("books"))
    books = rated(("books:0", 5.0), ("books:1", 1.0))
    both = rated(("films:3", 5.0), ("films:4", 2.0)) + books
    asked = ("books:5", "books:6", "books:7")
    np.testing.assert_allclose(told(model, both, *asked), told(control, books, *asked), atol=1e-4)


@pytest.mark.parametrize("mapping", ["linear", "mlp"])
def test_without_persons_in_both_a_newcomer_gets_the_items_means(mapping: str) -> None:
    frame = rated_world(shared=True, users=60).to_polars()
    own = frame.with_columns(pl.col("domain").cast(pl.String) + "-" + pl.col("user_id").cast(pl.String))
    apart = Interactions.from_frame(frame.with_columns(user_id=own["domain"]))
    model = RatedEMCDR(factors=3, mapping=mapping).fit(apart)
    assert not model.maps_.any() and not model.hidden_.any()
    one, other = (told(model, rated(("films:3", stars)), "books:0", "books:1") for stars in (1.0, 5.0))
    np.testing.assert_array_equal(one, other)


def test_a_person_of_two_sources_gets_the_mean_of_what_they_give() -> None:
    frame = rated_world(shared=True, users=60).to_polars().with_columns(pl.col("domain").cast(pl.String))
    third = frame.filter(pl.col("domain") == "books").with_columns(domain=pl.lit("shop"))
    model = RatedEMCDR(factors=3).fit(Interactions.from_frame(pl.concat([frame, third])))
    film, book = rated(("films:3", 4.0)), rated(("books:3", 4.0))
    one, other, both = (model.score(queries_of(model, acts)).values[0] for acts in (film, book, film + book))
    shop = model.catalogue_.in_domain("shop")
    np.testing.assert_allclose(both[shop], (one[shop] + other[shop]) / 2, atol=1e-5)


def queries_of(model: Any, acts: tuple[Act, ...]) -> Queries:
    return Queries.from_queries([Query(history=acts)], model.catalogue_)


def test_it_says_that_it_rates_and_stays_within_the_stars_seen() -> None:
    world = rated_world(shared=True, users=60)
    model = RatedEMCDR(factors=3).fit(world)
    assert isinstance(model, Rates)
    for stars in (1.0, 5.0):
        acts, films = rated(*((f"films:{item}", stars) for item in range(30))), [f"films:{item}" for item in range(30)]
        beyond = model.score(queries_of(model, acts), films).values[0]
        assert beyond.min() < 1 or beyond.max() > 5  # a score is not cut
        np.testing.assert_allclose(told(model, acts, *films), np.clip(beyond, 1, 5), atol=1e-5)


def test_an_item_that_is_unknown_gets_the_mean_of_the_domains_means() -> None:
    model = RatedEMCDR(factors=3).fit(rated_world(shared=True, users=60))
    queries = queries_of(model, rated(("films:3", 5.0)))
    assert model.predict(queries, np.array([-1], dtype=np.int32)) == pytest.approx(model.means_.mean())


def test_a_history_without_ratings_gives_no_opinion() -> None:
    model = RatedEMCDR(factors=3).fit(rated_world(shared=True, users=60))
    assert not model.score(queries_of(model, (Act("films:3"),))).opinion.any()


@pytest.mark.parametrize(
    "promise", ["same_seed_same_answer", "batch_size_changes_nothing", "survives_a_fresh_process", "refit_forgets"]
)
def test_a_network_keeps_the_same_promises(promise: str, tmp_path: Path) -> None:
    CHECKS[promise](WithNetwork, tmp_path)


class WithNetwork(RatedEMCDR):
    def __new__(cls, **settings: Any) -> Any:
        return RatedEMCDR(mapping="mlp", **settings)


@pytest.mark.parametrize("settings", [{"ridge": 0.0}, {"epochs": 0}, {"factors": -1}, {"mapping": "cubic"}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="RatedEMCDR: expected"):
        RatedEMCDR(**settings).fit(rated_world(shared=True, users=30))


def test_acts_without_ratings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="RatedEMCDR learns from ratings, and none of"):
        RatedEMCDR().fit(taste_world(shared=True, users=30))
