"""Histories: what each person did, in order, by id, and forgotten on request."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.interactions import Interactions
from crossrec.models.histories import Histories

rows = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("uvwxyz"), st.integers(0, 4)), min_size=1, max_size=30
)


def of(table: list[tuple[str, str, int]]) -> Interactions:
    return Interactions.from_frame(pl.DataFrame(table, schema=["user_id", "item_id", "timestamp"], orient="row"))


def expected(table: list[tuple[str, str, int]], user: str) -> list[str]:
    return [item for _, item, _ in sorted((row for row in table if row[0] == user), key=lambda row: row[2])]


def lists(histories: Histories, users: list[str]) -> list[list[str]]:
    queries = histories.queries(users)
    ids = queries.catalogue.ids.decode(queries.items)
    return [[str(item) for item in ids[a:b]] for a, b in zip(queries.indptr[:-1], queries.indptr[1:], strict=True)]


@given(rows, st.lists(st.sampled_from([*"abcd", "stranger"]), max_size=8))
def test_each_person_has_their_acts_oldest_first(table: list[tuple[str, str, int]], users: list[str]) -> None:
    assert lists(Histories.of(of(table)), users) == [expected(table, user) for user in users]


@given(rows, st.sampled_from([*"abcd", "stranger"]))
def test_forgetting_one_leaves_the_others(table: list[tuple[str, str, int]], gone: str) -> None:
    histories = Histories.of(of(table))
    after = histories.forget(gone)
    assert gone not in after.user_ids
    assert lists(after, list("abcd")) == [[] if user == gone else expected(table, user) for user in "abcd"]
    assert after.acts.items.size == histories.acts.items.size - len(expected(table, gone))
    assert (after is histories) is (gone not in histories.user_ids)


def test_every_column_follows_its_act(tiny: Interactions) -> None:
    queries = Histories.of(tiny).queries(["bob", "ann"], domain="main")
    assert queries.users == ("bob", "ann") and queries.domain == "main"
    assert queries.catalogue.ids.decode(queries.items) == ["tea", "rum", "jam", "tea", "tea"]
    assert queries.values.tolist() == [4.0, 2.0, 3.0, 5.0, 1.0]
    assert (queries.times - 1_600_000_000_000).tolist() == [2_000, 4_000, 1_000, 5_000, 6_000]
    assert queries.indptr.tolist() == [0, 2, 5] and queries.indptr.dtype == np.int64


def test_nobody_can_be_asked_and_the_last_can_be_forgotten(tiny: Interactions) -> None:
    histories = Histories.of(tiny)
    assert len(histories.queries([])) == 0
    for user in ("ann", "bob", "cat"):
        histories = histories.forget(user)
    assert len(histories) == 0 and lists(histories, ["ann"]) == [[]]


def test_users_without_rows_have_empty_histories(tiny: Interactions) -> None:
    part = tiny.take(tiny.users == 0)
    assert lists(Histories.of(part), ["ann", "bob"]) == [["jam", "tea", "tea"], []]
