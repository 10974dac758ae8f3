"""Growth: histories and further interactions are one table, in which what was known keeps its code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.abilities import Updates
from crossrec.models.boards import checkerboard
from crossrec.models.classic._growth import grown
from crossrec.models.histories import Histories
from crossrec.models.recommender import create
from crossrec.models.storage import load, save_histories


def data(rows: list[tuple[object, object, int]], **more: object) -> Interactions:
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row", strict=False)
    return Interactions.from_frame(frame.with_columns(**{name: pl.lit(value) for name, value in more.items()}))


OLD = data([("ann", "tea", 1_000), ("ann", "rum", 3_000), ("bob", "tea", 1_000)])


def test_known_codes_stay_and_new_ones_stand_behind_them() -> None:
    growth = grown(Histories.of(OLD), data([("ann", "ale", 2_000), ("abe", "tea", 9_000)]))
    assert growth.data.user_ids.series.to_list() == ["ann", "bob", "abe"]
    assert growth.data.item_ids.series.to_list() == ["rum", "tea", "ale"]
    ann = growth.data.ordered()
    assert growth.data.item_ids.decode(ann.items[ann.users == 0]) == ["tea", "ale", "rum"]  # by time


def test_before_and_after_are_those_who_did_something_new() -> None:
    growth = grown(Histories.of(OLD), data([("ann", "ale", 2_000), ("ann", "tea", 5_000), ("abe", "tea", 9_000)]))
    np.testing.assert_array_equal(growth.before.toarray(), [[1, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(growth.after.toarray(), [[1, 1, 1], [0, 1, 0]])


def test_what_is_new_comes_last_where_there_is_only_an_order() -> None:
    untimed = [Interactions.from_frame(part.to_polars().drop("timestamp")) for part in (OLD, data([("ann", "ale", 1)]))]
    joined = grown(Histories.of(untimed[0]), untimed[1]).data.ordered()
    assert joined.item_ids.decode(joined.items[joined.users == 0])[-1] == "ale"


def test_ratings_weights_and_kinds_travel_along() -> None:
    growth = grown(Histories.of(OLD), data([("abe", "tea", 9_000)], rating=4.5, weight=3.0))
    last = growth.data.take(np.array([3]))
    assert last.ratings.tolist() == [4.5] and last.weights.tolist() == [3.0]
    assert np.isnan(growth.data.ratings[:3]).all()


def test_a_model_of_several_domains_learns_of_one() -> None:
    both = pl.concat([OLD.to_polars().with_columns(domain=pl.lit(name)) for name in ("bar", "shop")])
    growth = grown(Histories.of(Interactions.from_frame(both)), data([("ann", "ale", 2_000)], domain="bar"))
    assert growth.data.item_ids.series.to_list()[-1] == "bar:ale"
    assert growth.data.catalogue.in_domain("bar").sum() == 3


def test_a_model_of_one_domain_refuses_others() -> None:
    with pytest.raises(InvalidInput, match="knows the domain main alone and the new rows are of shop"):
        grown(Histories.of(OLD), data([("ann", "ale", 2_000)], domain="shop"))


def test_ids_of_another_kind_are_refused() -> None:
    with pytest.raises(InvalidInput, match="user ids are texts and the new ones integers"):
        grown(Histories.of(OLD), data([(7, "ale", 2_000)]))


def test_columns_of_new_items_are_taken_over() -> None:
    def titled(rows: list[tuple[object, object, int]], titles: dict[str, str]) -> Interactions:
        items = pl.DataFrame({"item_id": list(titles), "title": list(titles.values())})
        frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
        return Interactions.from_frame(frame, items=items)

    old = titled([("ann", "tea", 1_000)], {"tea": "Green tea"})
    new = titled([("ann", "tea", 2_000), ("ann", "ale", 3_000)], {"tea": "Other", "ale": "Pale ale"})
    assert grown(Histories.of(old), new).data.catalogue.titles == ["Green tea", "Pale ale"]
    plain = data([("ann", "ale", 3_000)])
    assert grown(Histories.of(old), plain).data.catalogue.titles == ["Green tea", "ale"]


@pytest.mark.parametrize("name", ["popularity", "item_knn", "user_knn", "ease", "slim", "rp3beta", "gf_cf", "markov"])
def test_what_counts_is_after_an_update_what_a_new_fit_is(name: str) -> None:
    board = checkerboard()
    late = (board.users % 5 == 3) | (board.items % 7 == 5)  # people, items and acts of people that are known
    first, rest = (Interactions.from_frame(board.take(part).to_polars()) for part in (~late, late))
    model, whole = create(name).fit(first), create(name).fit(board)
    users, items = board.user_ids.series.to_list(), board.item_ids.series.to_list()
    before = model.score(model.histories_.queries(users[:2]), first.item_ids.series.to_list()).values
    assert isinstance(model, Updates) and model.update(rest) is model
    found, wanted = (one.score(one.histories_.queries(users), items).values for one in (model, whole))
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4)
    again = model.score(model.histories_.queries(users[:2]), first.item_ids.series.to_list()).values
    assert np.abs(again - before).max() > 1e-3  # it is not as it was


@pytest.mark.parametrize("name", ["popularity", "item_knn", "user_knn", "ease", "slim", "rp3beta", "gf_cf", "markov"])
def test_an_update_forgets_who_was_erased(name: str, tmp_path: Path) -> None:
    board = checkerboard()
    late, gone = board.users % 5 == 3, board.users == board.user_ids.code("u007")
    first, rest, kept = (Interactions.from_frame(board.take(part).to_polars()) for part in (~late, late, ~gone))
    items = board.item_ids.series.to_list()
    create(name).fit(first).save(tmp_path / "model")
    save_histories(load(tmp_path / "model").histories_.forget("u007"), tmp_path / "model")
    model: Any = load(tmp_path / "model")
    model.update(rest)
    whole = create(name).fit(kept)
    users = [user for user in board.user_ids.series.to_list() if user != "u007"]
    found, wanted = (one.score(one.histories_.queries(users), items).values for one in (model, whole))
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4)
