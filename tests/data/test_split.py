"""Splits: disjoint, complete, honest about time, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, NotFound, Refused
from crossrec.core.interactions import Interactions
from crossrec.data.split import (
    PROTOCOLS,
    Split,
    split,
    split_as_given,
    split_at_random,
    split_by_global_time,
    split_by_person,
    split_last_out,
)


def frame(**columns: list[object]) -> Interactions:
    return Interactions.from_frame(pl.DataFrame(columns, strict=False))


@st.composite
def tables(draw: st.DrawFn) -> Interactions:
    size = draw(st.integers(1, 40))
    users = draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    items = draw(st.lists(st.integers(0, 8), min_size=size, max_size=size))
    moments = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    parts = draw(st.lists(st.sampled_from(["train", "train", "test"]), min_size=size, max_size=size))
    parts[0] = "test"
    return frame(
        user_id=[f"u{user}" for user in users],
        item_id=[f"i{item}" for item in items],
        timestamp=[10**12 + moment for moment in moments],
        split=parts,
        rating=[float(row) for row in range(size)],  # names the row
    )


def rows_of(part: Interactions) -> list[float]:
    return sorted(part.ratings.tolist())


CUTS: dict[str, Callable[[Interactions], Split]] = {
    "leave-last-out": split_last_out,
    "global-time": split_by_global_time,
    "given": split_as_given,
    "given, last": lambda data: split_as_given(data, validation="last"),
    "random": split_at_random,
    "random, all": lambda data: split_at_random(data, within="all"),
}


@pytest.mark.parametrize("name", list(CUTS))
@given(data=tables())
@settings(max_examples=25, deadline=None)
def test_parts_are_disjoint_and_complete_and_repeatable(name: str, data: Interactions) -> None:
    cut = CUTS[name](data)
    together = rows_of(cut.train) + rows_of(cut.validation) + rows_of(cut.test)
    assert sorted(together) == rows_of(data)
    assert rows_of(cut.before_test()) == sorted(rows_of(cut.train) + rows_of(cut.validation))
    assert cut.train.catalogue is data.catalogue
    assert cut.test.user_ids is data.user_ids
    assert CUTS[name](data).fingerprint == cut.fingerprint


@given(data=tables())
@settings(max_examples=50, deadline=None)
def test_last_is_last(data: Interactions) -> None:
    cut = split_last_out(data)
    for user in range(len(data.user_ids)):
        mine = [
            (int(t), int(p), r)
            for u, t, p, r in zip(data.users, data.times, data.positions, data.ratings.tolist(), strict=True)
            if u == user
        ]
        ordered = [row[2] for row in sorted(mine)]
        test = cut.test.ratings[cut.test.users == user].tolist()
        validation = cut.validation.ratings[cut.validation.users == user].tolist()
        assert test == (ordered[-1:] if len(ordered) >= 3 else [])
        assert validation == (ordered[-2:-1] if len(ordered) >= 3 else [])


@given(data=tables())
@settings(max_examples=50, deadline=None)
def test_global_time_lets_no_future_in(data: Interactions) -> None:
    cut = split_by_global_time(data)
    moments = [set(part.times.tolist()) for part in (cut.train, cut.validation, cut.test)]
    for early, late in ((0, 1), (1, 2), (0, 2)):
        if moments[early] and moments[late]:
            assert max(moments[early]) < min(moments[late])
    assert len(cut.test) > 0


def test_global_time_takes_quantiles_or_moments() -> None:
    data = frame(user_id=["a"] * 10, item_id=[f"i{n}" for n in range(10)], timestamp=[10**12 + n for n in range(10)])
    cut = split_by_global_time(data)
    assert [len(part) for part in (cut.train, cut.validation, cut.test)] == [8, 1, 1]
    assert cut.settings == {"validation_from": 10**12 + 8, "test_from": 10**12 + 9}
    cut = split_by_global_time(data, validation_from=10**12 + 3, test_from=10**12 + 5)
    assert [len(part) for part in (cut.train, cut.validation, cut.test)] == [3, 2, 5]


def test_rows_of_one_moment_stay_together() -> None:
    data = frame(user_id=["a"] * 10, item_id=[f"i{n}" for n in range(10)], timestamp=[10**12] * 5 + [10**12 + 1] * 5)
    cut = split_by_global_time(data, validation_quantile=0.7, test_quantile=0.8)
    assert [len(part) for part in (cut.train, cut.validation, cut.test)] == [5, 0, 5]


def test_time_is_refused_where_a_domain_has_none() -> None:
    data = frame(
        user_id=["a", "a", "b"],
        item_id=["1", "2", "3"],
        timestamp=[10**12, None, 10**12],
        domain=["films", "books", "films"],
    )
    with pytest.raises(Refused, match="none in: books"):
        split_by_global_time(data)
    with pytest.raises(Refused, match="order of the rows of 1 users is not known"):
        split_last_out(data)


def test_order_without_time_is_enough_for_leave_last_out() -> None:
    data = frame(user_id=["a", "b", "a", "a", "b"], item_id=["1", "1", "2", "3", "2"])
    cut = split_last_out(data)
    assert data.item_ids.decode(cut.test.items) == ["3"]
    assert data.item_ids.decode(cut.validation.items) == ["2"]
    assert len(cut.train) == 3
    with pytest.raises(Refused):
        split_by_global_time(data)


def test_given_is_kept_and_validation_comes_from_train_alone() -> None:
    parts = ["train"] * 10 + ["test"] * 3
    data = frame(user_id=["a"] * 13, item_id=[f"i{n:02}" for n in range(13)], split=parts)
    cut = split_as_given(data)
    assert data.item_ids.decode(cut.test.items) == ["i10", "i11", "i12"]
    assert (len(cut.train), len(cut.validation)) == (9, 1)
    assert split_as_given(data, validation_share=0.3).validation.items.shape == (3,)
    last = split_as_given(data, validation="last")
    assert data.item_ids.decode(last.validation.items) == ["i09"]
    kept = frame(user_id=["a"] * 3, item_id=["1", "2", "3"], split=["train", "valid", "test"])
    assert kept.item_ids.decode(split_as_given(kept).validation.items) == ["2"]


def test_given_needs_a_split_with_a_test_part() -> None:
    with pytest.raises(Refused, match="needs a split"):
        split_as_given(frame(user_id=["a"], item_id=["1"]))
    with pytest.raises(Refused, match="needs test rows"):
        split_as_given(frame(user_id=["a"], item_id=["1"], split=["train"]))


def test_random_takes_shares_of_each_user() -> None:
    sizes = {"a": 1, "b": 4, "c": 5, "d": 20, "e": 100}
    users = [user for user, size in sizes.items() for _ in range(size)]
    data = frame(user_id=users, item_id=[f"i{n}" for n in range(len(users))])
    cut = split_at_random(data)
    tests = np.bincount(cut.test.users, minlength=5).tolist()
    assert tests == [0, 0, 1, 2, 10]
    assert np.bincount(cut.validation.users, minlength=5).tolist() == tests
    assert np.bincount(cut.train.users, minlength=5).min() >= 1
    overall = split_at_random(data, within="all")
    assert [len(part) for part in (overall.train, overall.validation, overall.test)] == [104, 13, 13]


def test_random_never_takes_all_of_a_user() -> None:
    data = frame(user_id=["a", "a", "b"], item_id=["1", "2", "3"])
    cut = split_at_random(data, test_share=0.5, validation_share=0.4)
    assert np.bincount(cut.train.users, minlength=2).tolist() == [1, 1]
    assert len(cut.test) == 1


def test_another_seed_is_another_split_with_another_hash() -> None:
    data = frame(user_id=["a"] * 50, item_id=[f"i{n}" for n in range(50)])
    one, two = split_at_random(data, seed=1), split_at_random(data, seed=2)
    assert rows_of(one.test) != rows_of(two.test) or set(one.test.items) != set(two.test.items)
    assert one.fingerprint != two.fingerprint


def test_the_hash_covers_the_rows() -> None:
    one = split_last_out(frame(user_id=["a"] * 3, item_id=["1", "2", "3"]))
    two = split_last_out(frame(user_id=["a"] * 3, item_id=["2", "1", "3"]))
    assert one.fingerprint != two.fingerprint


def test_split_by_name() -> None:
    data = frame(user_id=["a"] * 20, item_id=[f"i{n}" for n in range(20)])
    assert len(split(data, "random", seed=3, settings={"test_share": 0.5}).test) == 10
    assert split(data, "random", seed=3).fingerprint == split_at_random(data, seed=3).fingerprint
    with pytest.raises(NotFound, match="did you mean 'leave-last-out'"):
        split(data, "leave-one-out")
    with pytest.raises(InvalidInput, match="no setting called 'share'"):
        split(data, "random", settings={"share": 0.5})
    assert set(PROTOCOLS) == {"leave-last-out", "global-time", "given", "random", "new-users"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("random", {"test_share": 0.9}),
        ("random", {"test_share": -0.1}),
        ("random", {"within": "item"}),
        ("global-time", {"validation_quantile": 0.9, "test_quantile": 0.8}),
        ("global-time", {"test_quantile": 1.0}),
        ("global-time", {"validation_from": 10**12 + 5, "test_from": 10**12 + 4}),
        ("given", {"validation": "first"}),
        ("given", {"validation_share": 1.0}),
        ("new-users", {"held_share": 0.0}),
        ("new-users", {"fewest": 1}),
        ("new-users", {"test_persons": 1.5}),
        ("new-users", {"validation_persons": -1}),
    ],
)
def test_bad_settings_are_refused(name: str, told: dict[str, object]) -> None:
    data = frame(user_id=["a"] * 2, item_id=["1", "2"], timestamp=[10**12, 10**12 + 9], split=["train", "test"])
    with pytest.raises(InvalidInput, match="got"):
        split(data, name, settings=told)


def people(count: int = 20) -> Interactions:
    """Person n did n + 1 things."""
    return frame(
        user_id=[f"u{n:02}" for n in range(count) for _ in range(n + 1)],
        item_id=[f"i{place}" for n in range(count) for place in range(n + 1)],
        rating=[float(row) for row in range(count * (count + 1) // 2)],
    )


def test_whole_persons_are_kept_from_training() -> None:
    data = people()
    cut = split_by_person(data, validation_persons=3, test_persons=0.25)
    assert cut.validation_history is not None and cut.test_history is not None
    parts = [cut.train, cut.validation, cut.test, cut.validation_history, cut.test_history]
    assert sorted(row for part in parts for row in rows_of(part)) == rows_of(data)
    users = [set(part.users.tolist()) for part in parts]
    assert users[1] == users[3] and users[2] == users[4]
    assert not users[0] & users[1] and not users[0] & users[2] and not users[1] & users[2]
    assert (len(users[1]), len(users[2])) == (3, 4)  # a quarter of the 16 with five rows or more
    for user in users[2]:
        assert np.sum(cut.test.users == user) == (user + 1) // 5
        assert np.sum(cut.test_history.users == user) == user + 1 - (user + 1) // 5
    assert min(users[1] | users[2]) >= 4
    assert rows_of(cut.before_test()) == sorted(rows_of(cut.train) + rows_of(cut.validation) + rows_of(parts[3]))
    assert cut.past("test") == (cut.test_history,) and cut.past("validation") == (cut.validation_history,)


def test_the_exam_marks_histories_of_new_persons() -> None:
    cut = split_by_person(people(), seed=4)
    exam = cut.exam()
    assert exam.splits is not None and cut.validation_history is not None
    assert rows_of(exam.take(exam.splits == 0)) == rows_of(cut.validation_history)
    assert rows_of(exam.take(exam.splits == 1)) == rows_of(cut.validation)
    plain = split_last_out(people())
    assert plain.exam() is plain.validation


def test_another_seed_deals_other_persons() -> None:
    one, two, again = (split_by_person(people(), seed=seed) for seed in (1, 2, 1))
    assert set(one.test.users) != set(two.test.users)
    assert one.fingerprint == again.fingerprint != two.fingerprint


def test_the_hash_covers_the_histories() -> None:
    cut = split_by_person(people())
    assert cut.test_history is not None
    fewer = replace(cut, test_history=cut.test_history.take(np.arange(3)))
    assert fewer.fingerprint != cut.fingerprint


def test_more_persons_than_there_are_is_refused() -> None:
    with pytest.raises(Refused, match="got 16 with at least 5 rows of 20 in all"):
        split_by_person(people(), validation_persons=8, test_persons=9)
    one = frame(user_id=["a"] * 5, item_id=list("pqrst"))
    with pytest.raises(Refused, match="some to learn from"):
        split_by_person(one, validation_persons=0, test_persons=1)


def test_a_split_of_the_source_stays_only_where_it_is_kept() -> None:
    data = frame(user_id=["a"] * 6, item_id=list("pqrstu"), split=["train"] * 3 + ["valid", "test", "test"])
    assert split_at_random(data).train.splits is None
    assert split_as_given(data).train.splits is not None


def test_a_given_split_of_new_persons_keeps_their_train_rows_as_history() -> None:
    rows = pl.DataFrame(
        {
            "user_id": ["ann", "ann", "bob", "bob", "cat", "cat", "cat"],
            "item_id": ["tea", "jam", "tea", "rum", "tea", "rum", "jam"],
            "split": ["train", "train", "train", "valid", "train", "valid", "test"],
        }
    )
    data = Interactions.from_frame(rows)
    cut = split(data, "given", settings={"persons": "new"})
    parts = (cut.train, cut.validation_history, cut.validation, cut.test_history, cut.test)
    assert [(part.positions.tolist()) for part in parts if part is not None] == [[0, 1], [2], [3], [4, 5], [6]]
    assert cut.fingerprint != split(data, "given").fingerprint
    with pytest.raises(Refused, match="none is left to learn from"):
        split(Interactions.from_frame(rows.filter(pl.col("user_id") != "ann")), "given", settings={"persons": "new"})
    with pytest.raises(InvalidInput, match="persons 'known' or 'new', got 'old'"):
        split(data, "given", settings={"persons": "old"})
