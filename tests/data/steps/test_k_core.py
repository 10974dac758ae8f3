from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import polars as pl
import pytest
from tests.data.steps.conftest import Run

from crossrec.core.errors import InvalidInput, Refused
from crossrec.core.event import NOT_TASTE
from crossrec.data.engine_contract import hard_rows


@pytest.mark.parametrize(("users", "items"), [(3, 3), (6, 4), (0, 5), (8, 0)])
@pytest.mark.parametrize("over", ["domain", "all"])
def test_it_does_what_a_loop_does(run: Run, users: int, items: int, over: str) -> None:
    rows = hard_rows()
    pairs = {
        ((row["domain"] if over == "domain" else "", row["user_id"]), (row["domain"], row["item_id"]))
        for row in rows.iter_rows(named=True)
        if row["interaction_type"] not in NOT_TASTE
    }
    before = -1
    while len(pairs) != before:
        before = len(pairs)
        of_user, of_item = Counter(user for user, _ in pairs), Counter(item for _, item in pairs)
        pairs = {(user, item) for user, item in pairs if of_user[user] >= users and of_item[item] >= items}
    left_users, left_items = {user for user, _ in pairs}, {item for _, item in pairs}
    expected = [
        (row["domain"], row["position"])
        for row in rows.iter_rows(named=True)
        if (row["domain"] if over == "domain" else "", row["user_id"]) in left_users
        and (row["domain"], row["item_id"]) in left_items
    ]
    found = run("k_core", rows, users=users, items=items, over=over)
    assert found.select("domain", "position").rows() == sorted(expected)
    assert expected


def test_a_chain_falls_link_by_link_and_rounds_are_bounded(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    chain = table(
        user_id=[f"u{place // 2:02}" for place in range(40)], item_id=[f"i{(place + 1) // 2:02}" for place in range(40)]
    )
    assert run("k_core", chain, users=2, items=2).height == 0
    with pytest.raises(Refused, match="round 3"):
        run("k_core", chain, users=2, items=2, rounds=3)


def test_repeats_do_not_count(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    assert run("k_core", table(item_id=["tea"] * 5), users=2, items=0).height == 0


def test_settings_out_of_range_are_refused(run: Run, table: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(InvalidInput, match="-1"):
        run("k_core", table(item_id=["tea"]), users=-1)
    with pytest.raises(InvalidInput, match="over"):
        run("k_core", table(item_id=["tea"]), over="world")
