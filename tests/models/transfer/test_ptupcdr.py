"""PTUPCDR: bridges that start at the linear mapping, and become each person's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import two_domain_board
from crossrec.models.transfer.emcdr import EMCDR
from crossrec.models.transfer.ptupcdr import PTUPCDR


def scores(model: Any, *acts: str, domain: str = "books") -> np.ndarray:
    query = Query(history=tuple(Act(item) for item in acts), domain=domain)
    found: np.ndarray = model.score(Queries.from_queries([query], model.catalogue_)).values
    return found[0, model.catalogue_.in_domain(domain)]


def test_without_rounds_it_is_the_linear_mapping() -> None:
    board = two_domain_board()
    bridge, linear = PTUPCDR(factors=8, rounds=0).fit(board), EMCDR(factors=8).fit(board)
    np.testing.assert_allclose(scores(bridge, "films:1"), scores(linear, "films:1"), atol=1e-5)


def test_who_has_a_history_in_the_target_is_answered_from_it_alone() -> None:
    board = two_domain_board()
    bridge, linear = PTUPCDR(factors=8, rounds=2).fit(board), EMCDR(factors=8).fit(board)
    both = scores(bridge, "films:1", "books:3")
    np.testing.assert_allclose(both, scores(linear, "books:3"), atol=1e-5)


def test_without_persons_in_both_there_is_no_bridge() -> None:
    model = PTUPCDR(factors=4, rounds=2).fit(two_domain_board(shared=False))
    assert list(model.bridges_) == ["none"] and not scores(model, "films:1").any()


def one_of_two_ways(persons: int = 400) -> Interactions:
    """Make persons whose first film says whether books follow their other films, or are the other way round."""
    chance = np.random.default_rng(0)
    rows = []
    for person in range(persons):
        taste, turned = chance.integers(2, size=2).tolist()
        films = [f"key{turned}-{code}" for code in range(3)]
        films += [f"film{taste}-{code}" for code in chance.choice(10, 4, replace=False)]
        books = [f"book{taste ^ turned}-{code}" for code in chance.choice(10, 4, replace=False)]
        rows += [(f"u{person}", item, "films") for item in films] + [(f"u{person}", item, "books") for item in books]
    return Interactions.from_frame(pl.DataFrame(rows, schema=["user_id", "item_id", "domain"], orient="row"))


def test_a_bridge_of_ones_own_finds_what_no_single_matrix_can() -> None:
    world = one_of_two_ways()
    settings: dict[str, Any] = {"factors": 8, "seed": 1}
    bridge = PTUPCDR(**settings, rounds=100, learning_rate=0.01, patience=0).fit(world)
    linear = EMCDR(**settings).fit(world)
    names = [str(name) for name in bridge.catalogue_.ids.series if str(name).startswith("books:")]
    right = []
    for model in (bridge, linear):
        found = []
        for taste, turned in ((0, 0), (0, 1), (1, 0), (1, 1)):
            history = [f"films:key{turned}-{code}" for code in range(3)]
            history += [f"films:film{taste}-{code}" for code in range(4)]
            found.append(names[int(np.argmax(scores(model, *history)))].startswith(f"books:book{taste ^ turned}"))
        right.append(sum(found))
    assert right[0] == 4 > right[1]


@pytest.mark.parametrize("settings", [{"ridge": 0.0}, {"hidden": 0}, {"rounds": -1}, {"factors": 0}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="PTUPCDR: expected"):
        PTUPCDR(**settings).fit(two_domain_board())
