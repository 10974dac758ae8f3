from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from tests.data.steps.conftest import Run

from crossrec.core.errors import InvalidInput

DAY = 86_400_000
OFF = {"a_day": 0, "an_hour": 0, "items": 0, "even": 0}
Table = Callable[..., pl.DataFrame]


def two(table: Table, bot: list[int | None], person: list[int | None], **columns: list[object]) -> pl.DataFrame:
    users: list[object] = ["bot"] * len(bot) + ["ann"] * len(person)
    return table(user_id=users, timestamp=[*bot, *person], **columns)


def users(rows: pl.DataFrame) -> set[str]:
    return set(rows["user_id"].to_list())


def test_too_many_acts_a_day(run: Run, table: Table) -> None:
    rows = two(table, [10 * DAY + step for step in range(4)], [10 * DAY - 2 + step for step in range(4)])
    assert users(run("bots", rows, **OFF | {"a_day": 3})) == {"ann"}  # hers lie on two days
    assert users(run("bots", rows, **OFF | {"a_day": 4})) == {"ann", "bot"}


def test_too_many_acts_an_hour(run: Run, table: Table) -> None:
    rows = two(table, [3_600_000 + step for step in range(4)], [3_600_000 * step for step in range(4)])
    assert users(run("bots", rows, **OFF | {"an_hour": 3})) == {"ann"}


def test_too_many_items(run: Run, table: Table) -> None:
    rows = two(table, [None] * 4, [None] * 4, item_id=["a", "b", "c", "d", "a", "a", "b", "c"])
    assert users(run("bots", rows, **OFF | {"items": 3})) == {"ann"}


def test_too_even_gaps(run: Run, table: Table) -> None:
    even = [60_000 * step + step % 3 for step in range(11)]  # a clock with some milliseconds of noise
    odd = [60_000 * step * step for step in range(11)]
    rows = two(table, even, odd)
    assert users(run("bots", rows, **OFF | {"even": 0.5, "gaps": 5})) == {"ann"}
    assert users(run("bots", rows, **OFF | {"even": 0.5, "gaps": 11})) == {"ann", "bot"}  # too few to say


def test_a_page_saved_at_once_is_not_even(run: Run, table: Table) -> None:
    rows = table(timestamp=[1_000] * 20)
    assert run("bots", rows, **OFF | {"even": 0.5, "gaps": 5}).height == 20


def test_lists_shown_are_no_acts(run: Run, table: Table) -> None:
    rows = table(timestamp=[1_000] * 9, interaction_type=["shown"] * 8 + ["click"])
    assert run("bots", rows, **OFF | {"a_day": 2, "items": 2}).height == 9


def test_all_rules_off_leave_all(run: Run, table: Table) -> None:
    assert run("bots", table(timestamp=[1] * 5_000), **OFF).height == 5_000
    with pytest.raises(InvalidInput, match="even in 0 to 1"):
        run("bots", table(timestamp=[1]), even=2)
