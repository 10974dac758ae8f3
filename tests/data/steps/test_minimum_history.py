from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from tests.data.steps.conftest import Run

from crossrec.core.errors import InvalidInput


def test_users_with_few_acts_go(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    rows = table(
        user_id=["ann", "bob", "ann", "bob", "ann", "bob"],
        item_id=["tea", "tea", "tea", "jam", "jam", "pie"],
        interaction_type=["rate", "rate", "rate", "shown", "click", "return"],
    )
    assert set(run("minimum_history", rows, acts=2)["user_id"]) == {"ann"}  # shown and returned are no taste
    assert run("minimum_history", rows, acts=1).height == 6


def test_domains_count_apart_or_together(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    rows = table(user_id=["ann"] * 4, domain=["films", "films", "films", "books"])
    assert run("minimum_history", rows, acts=2)["domain"].to_list() == ["films"] * 3
    assert run("minimum_history", rows, acts=4, over="all").height == 4


def test_none_is_no_minimum(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(InvalidInput, match="acts >= 1"):
        run("minimum_history", table(item_id=["tea"]), acts=0)
