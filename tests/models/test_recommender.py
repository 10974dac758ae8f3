"""The port and its mix-in: three statements, every way of asking, and typos named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import crossrec
from crossrec.core.errors import InvalidInput, NotFitted, NotFound
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Query
from crossrec.models import boards
from crossrec.models.classic.ease import EASE
from crossrec.models.classic.popularity import Popularity
from crossrec.models.recommender import MODELS, Recommender, as_queries, create, model_of

ROWS = {"user": ["alice", "alice", "bob", "bob", "carol"], "item": ["tea", "jam", "tea", "jam", "tea"]}
NUMBERS = {"user": [7, 7, 8, 8, 9], "item": [40, 30, 40, 30, 40]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(("rows", "who", "expected"), [(ROWS, "carol", "jam"), (NUMBERS, 9, 30)])
def test_three_statements_from_a_frame_to_lists(frame: Any, rows: dict[str, Any], who: Any, expected: Any) -> None:
    data = crossrec.Interactions.from_frame(frame(rows))
    model = crossrec.EASE(l2=1.0).fit(data)
    lists = model.recommend([who], k=10)
    assert lists.ids() == [[expected]] and type(lists.ids()[0][0]) is type(expected)


@pytest.fixture
def model(checkerboard: Interactions) -> EASE:
    return EASE().fit(checkerboard)


def test_every_way_of_asking_gives_the_same_list(model: EASE, checkerboard: Interactions) -> None:
    mine = checkerboard.ordered().take(checkerboard.ordered().users == 4)
    history = tuple(Act(item) for item in checkerboard.item_ids.decode(mine.items))
    asked: list[Any] = ["u004", ["u004"], ("u004",), np.array(["u004"]), pl.Series(["u004"]), Query(history=history)]
    asked += [[Query("u004", history)], model.histories_.queries(["u004"])]
    expected = model.recommend("u004", k=5, exclude_seen=False).ids()
    assert len(expected[0]) == 5
    for one in asked:
        assert model.recommend(one, k=5, exclude_seen=False).ids() == expected, type(one)


def test_integer_users_of_any_kind_are_found() -> None:
    model = EASE(l2=1.0).fit(Interactions.from_frame(pl.DataFrame(NUMBERS)))
    for asked in (9, [9], np.array([9]), np.int32(9), pd.Series([9])):
        assert model.recommend(asked, k=1).ids() == [[30]], type(asked)
    assert model.recommend(["9"]).ids() == [[]]


def test_nobody_asking_is_no_lists(model: EASE) -> None:
    assert model.recommend([]).ids() == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["u000", Query()], "all user ids or all queries"),
        ([1.5], "expected user ids or queries, got float"),
        ([None], "expected user ids or queries, got NoneType"),
        ([True], "expected user ids or queries, got bool"),
        ([("u000",)], "expected user ids or queries, got tuple"),
        (None, "expected user ids or queries, got NoneType"),
        (1.5, "expected user ids or queries, got float"),
        ([Query(domain="a"), Query(domain="b")], "one target domain a batch"),
    ],
)
def test_what_cannot_ask_is_refused(model: EASE, asked: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        model.recommend(asked)


def test_nothing_is_answered_before_fit() -> None:
    with pytest.raises(NotFitted, match="EASE is not fitted yet; call fit"):
        EASE().recommend(["u000"])


@pytest.mark.parametrize("k", [0, -5])
def test_k_is_checked(model: EASE, k: int) -> None:
    with pytest.raises(InvalidInput, match=f"k: expected k >= 1, got {k}"):
        model.recommend(["u000"], k=k)


def test_the_domain_of_the_call_wins_over_that_of_the_query(model: EASE) -> None:
    assert as_queries(model, Query(domain="elsewhere"), "main").domain == "main"
    assert as_queries(model, Query(domain="elsewhere")).domain == "elsewhere"
    with pytest.raises(NotFound, match="no domain called 'elsewhere'"):
        model.recommend(Query(domain="elsewhere"))


def test_models_are_made_by_name_with_settings() -> None:
    assert create("ease", l2=5.0) == EASE(l2=5.0)
    with pytest.raises(NotFound, match="no model called 'eaze'; did you mean 'ease'"):
        create("eaze")
    with pytest.raises(InvalidInput, match="ease: no setting called 'l_2'; did you mean 'l2'"):
        create("ease", l_2=5.0)


@pytest.mark.parametrize("name", MODELS.paths())
def test_every_model_on_the_shelf_is_of_the_port(name: str) -> None:
    kind = MODELS.load(name)
    assert kind.__module__.endswith(f".{name}") and kind.__name__.lower() == name.replace("_", "")
    model = kind().fit(boards.checkerboard(rated=hasattr(kind, "predict")))
    assert isinstance(model, Recommender)
    assert model.recommend(["u000"], candidates=[]).ids() == [[]]


@pytest.mark.parametrize("name", [name for name in MODELS.paths() if hasattr(MODELS.load(name), "seed")])
def test_a_negative_seed_is_refused_by_every_model_with_one(name: str) -> None:
    with pytest.raises(InvalidInput, match="seed: expected a whole number >= 0, got -1"):
        create(name, seed=-1).fit(boards.checkerboard(rated=True))


def test_values_are_read_by_their_type() -> None:
    assert model_of("popularity half_life_days=30") == Popularity(half_life_days=30.0)


def test_what_is_no_model_or_setting_is_named() -> None:
    with pytest.raises(NotFound, match="did you mean 'ease'"):
        model_of("eaze")
    with pytest.raises(NotFound):
        model_of("")
    with pytest.raises(InvalidInput, match="expected 'ease setting=value …', got '50'"):
        model_of("ease 50")
    with pytest.raises(InvalidInput, match="l2"):
        model_of("ease l2=much")
