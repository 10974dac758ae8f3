"""EMCDR: a history in the target is answered by the target alone, and who has none is mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import two_domain_board
from crossrec.models.classic.als import ALS
from crossrec.models.contract import CHECKS
from crossrec.models.transfer.emcdr import EMCDR


def test_who_has_a_history_in_the_target_is_answered_by_als_on_it() -> None:
    board = two_domain_board()
    model, control = EMCDR(factors=8).fit(board), ALS(factors=8).fit(board.domain("books"))
    both = Query(history=(Act("films:1"), Act("films:3"), Act("books:0"), Act("books:2")), domain="books")
    alone = Query(history=(Act("books:0"), Act("books:2")))
    found, expected = model.recommend(both, k=3), control.recommend(alone, k=3)
    assert found.ids() == expected.ids()
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)


@pytest.mark.parametrize("mapping", ["linear", "mlp"])
def test_without_persons_in_both_nothing_is_mapped(mapping: str) -> None:
    model = EMCDR(factors=4, mapping=mapping).fit(two_domain_board(shared=False))
    assert not model.maps_.any() and not model.hidden_.any()


@pytest.mark.parametrize(
    "promise",
    [
        "carries_taste_across_domains",
        "unrelated_history_gets_no_opinion",
        "same_seed_same_answer",
        "batch_size_changes_nothing",
        "survives_a_fresh_process",
        "refit_forgets",
    ],
)
def test_a_network_keeps_the_same_promises(promise: str, tmp_path: Path) -> None:
    CHECKS[promise](WithNetwork, tmp_path)


class WithNetwork(EMCDR):
    def __new__(cls, **settings: Any) -> Any:
        return EMCDR(mapping="mlp", **settings)


def test_a_history_in_two_domains_gives_the_mean_of_what_they_give() -> None:
    board = two_domain_board().to_polars().with_columns(pl.col("domain").cast(pl.String))
    third = board.filter(pl.col("domain") == "books").with_columns(domain=pl.lit("shop"))
    model = EMCDR(factors=4).fit(Interactions.from_frame(pl.concat([board, third])))
    acts = Act("films:1"), Act("books:3")
    one, other, both = (
        model.score(Queries.from_queries([Query(history=part, domain="shop")], model.catalogue_)).values
        for part in ((acts[0],), (acts[1],), acts)
    )
    shop = model.catalogue_.in_domain("shop")
    np.testing.assert_allclose(both[0, shop], (one[0, shop] + other[0, shop]) / 2, atol=1e-5)


def test_similar_items_stay_in_their_domain() -> None:
    model = EMCDR(factors=4).fit(two_domain_board())
    lists = model.similar(["films:2"], k=3)
    assert all(str(item).startswith("films:") for item in lists.ids()[0])


@pytest.mark.parametrize("settings", [{"ridge": 0.0}, {"epochs": 0}, {"factors": -1}, {"mapping": "cubic"}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="EMCDR: expected"):
        EMCDR(**settings).fit(two_domain_board())
