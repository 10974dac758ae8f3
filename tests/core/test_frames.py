"""Frames of any make become the same arrays, and bad columns are named."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.event import KIND_CODES, NO_TIME
from crossrec.core.interactions import Interactions

PAIRS = {"user_id": ["ann", "bob"], "item_id": ["tea", "jam"]}
NOON = dt.datetime(2020, 9, 13, 12, 26, 40)  # noqa: DTZ001 - frames hold naive times, read as UTC
NOON_MS = 1_600_000_000_000


def read(columns: dict[str, Any], **options: Any) -> Interactions:
    return Interactions.from_frame(pl.DataFrame({**PAIRS, **columns}, strict=False), **options)


@pytest.mark.parametrize("frame", [pl.DataFrame, pd.DataFrame, lambda columns: pl.DataFrame(columns).lazy()])
def test_every_frame_gives_the_same_interactions(frame: Any) -> None:
    columns = {
        "user_id": [3, 1, 3],
        "item_id": ["b", "a", "c"],
        "rating": [1.5, 2.0, 5.0],
        "timestamp": [NOON_MS, NOON_MS + 1, NOON_MS + 2],
        "interaction_type": ["rate", "purchase", "view"],
    }
    data = Interactions.from_frame(frame(columns))
    assert data.fingerprint == Interactions.from_frame(pl.DataFrame(columns)).fingerprint
    assert data.user_ids.ids.tolist() == [1, 3] and data.users.tolist() == [1, 0, 1]
    assert data.item_ids.ids.tolist() == ["a", "b", "c"] and data.items.tolist() == [1, 0, 2]
    assert data.ratings.tolist() == [1.5, 2.0, 5.0] and data.times.tolist() == columns["timestamp"]
    assert data.kinds.tolist() == [KIND_CODES[kind] for kind in columns["interaction_type"]]
    assert data.weights.tolist() == [1.0] * 3 and data.positions.tolist() == [0, 1, 2] and data.splits is None


def test_array_types_are_those_of_the_signature() -> None:
    data = read({"rating": [1, 2], "timestamp": [NOON_MS, NOON_MS], "split": ["train", "test"]})
    kinds = {name: getattr(data, name).dtype for name in ("users", "items", "domains", "times", "weights", "kinds")}
    assert kinds == {"users": "i4", "items": "i4", "domains": "i2", "times": "i8", "weights": "f4", "kinds": "i1"}
    assert data.ratings.dtype == "f4" and data.positions.dtype == "i8"
    assert data.splits is not None and data.splits.dtype == "i1" and data.splits.tolist() == [0, 2]


@pytest.mark.parametrize(("user", "item"), [("user", "item"), ("user_id", "item_id")])
def test_usual_names_are_found(user: str, item: str) -> None:
    data = Interactions.from_frame(pl.DataFrame({user: ["ann"], item: ["tea"]}))
    assert data.user_ids.ids.tolist() == ["ann"] and data.item_ids.ids.tolist() == ["tea"]


def test_own_names_win_over_usual_ones() -> None:
    frame = pl.DataFrame({"user_id": ["wrong"], "who": ["ann"], "what": ["tea"], "stars": [4], "when": [1_600_000_000]})
    data = Interactions.from_frame(frame, user="who", item="what", rating="stars", timestamp="when", unit="s")
    assert data.user_ids.ids.tolist() == ["ann"] and data.times.tolist() == [NOON_MS] and data.ratings.tolist() == [4]


def test_a_column_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="column 'item_id'.*did you mean 'itm_id'"):
        Interactions.from_frame(pl.DataFrame({"user_id": ["a"], "itm_id": ["b"]}))
    with pytest.raises(InvalidInput, match="column 'ratng'.*did you mean 'rating'"):
        read({"rating": [1, 2]}, rating="ratng")


@pytest.mark.parametrize("frame", [pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String}), pd.DataFrame()])
def test_an_empty_frame_is_refused(frame: Any) -> None:
    with pytest.raises(InvalidInput, match="at least one row|column 'user_id'"):
        Interactions.from_frame(frame)


@pytest.mark.parametrize("frame", [[("ann", "tea")], {"user_id": ["ann"]}, None])
def test_what_is_no_frame_is_refused(frame: Any) -> None:
    with pytest.raises(InvalidInput, match=f"polars or pandas DataFrame, got {type(frame).__name__}"):
        Interactions.from_frame(frame)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_id_is_refused_with_its_row(missing: Any) -> None:
    with pytest.raises(InvalidInput, match="user_id: .*row 1"):
        Interactions.from_frame(
            pd.DataFrame({"user_id": pd.Series(["a", missing], dtype=object), "item_id": ["x", "y"]})
        )


def test_integers_that_became_floats_are_refused() -> None:
    frame = pd.DataFrame({"user_id": [1.0, 2.0], "item_id": ["x", "y"]})
    with pytest.raises(InvalidInput, match="integers with gaps become floats"):
        Interactions.from_frame(frame)


def test_pandas_categories_and_nullable_integers_are_read() -> None:
    frame = pd.DataFrame(
        {"user_id": pd.Series([7, 8], dtype="Int64"), "item_id": pd.Series(["x", "y"], dtype="category")}
    )
    data = Interactions.from_frame(frame)
    assert data.user_ids.ids.tolist() == [7, 8] and data.item_ids.ids.tolist() == ["x", "y"]


@pytest.mark.parametrize("frame", [pl.DataFrame, pd.DataFrame])
def test_datetimes_are_read_as_utc_milliseconds(frame: Any) -> None:
    data = Interactions.from_frame(frame({**PAIRS, "timestamp": [NOON, NOON + dt.timedelta(milliseconds=7)]}))
    assert data.times.tolist() == [NOON_MS, NOON_MS + 7]


def test_dates_are_midnight() -> None:
    data = read({"timestamp": [dt.date(1970, 1, 2), None]})
    assert data.times.tolist() == [86_400_000, NO_TIME] and not data.has_times


@pytest.mark.parametrize(("unit", "scale"), [("s", 0.001), ("ms", 1), ("us", 1000)])
def test_integer_times_are_read_in_their_unit(unit: str, scale: float) -> None:
    data = read({"timestamp": [int(NOON_MS * scale), None]}, unit=unit)
    assert data.times.tolist() == [NOON_MS, NO_TIME]


@pytest.mark.parametrize(("unit", "scale"), [("ms", 0.001), ("s", 1), ("us", 1), ("ms", 1000), ("s", 1000)])
def test_times_in_another_unit_are_refused(unit: str, scale: float) -> None:
    with pytest.raises(InvalidInput, match="say unit="):
        read({"timestamp": [int(NOON_MS * scale)] * 2}, unit=unit)


def test_microseconds_lose_nothing_of_a_millisecond() -> None:
    exact = [1_600_000_000_123_456, 1_600_000_000_999_999]
    assert read({"timestamp": exact}, unit="us").times.tolist() == [1_600_000_000_123, 1_600_000_001_000]


def test_nan_times_are_no_time_and_infinite_ones_are_refused() -> None:
    assert read({"timestamp": [float(NOON_MS), float("nan")]}).times.tolist() == [NOON_MS, NO_TIME]
    assert read({"timestamp": [float("nan")] * 2}).times.tolist() == [NO_TIME] * 2
    with pytest.raises(InvalidInput, match="timestamp: expected integers"):
        read({"timestamp": [float(NOON_MS), float("inf")]})


def test_unknown_unit_and_text_times_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one of s, ms, us"):
        read({"timestamp": [NOON_MS] * 2}, unit="h")
    with pytest.raises(InvalidInput, match="timestamp: expected integers"):
        read({"timestamp": ["today", "now"]})


def test_no_times_at_all_is_no_time() -> None:
    assert read({"timestamp": [None, None]}).times.tolist() == [NO_TIME] * 2
    assert not read({}).has_times


def test_missing_ratings_are_nan_and_tell_the_kind() -> None:
    data = read({"rating": [4.0, None]})
    assert data.ratings[0] == 4 and np.isnan(data.ratings[1]) and not data.has_ratings
    assert data.kinds.tolist() == [KIND_CODES["rate"], KIND_CODES["view"]]


def test_nan_ratings_are_missing_ratings() -> None:
    data = read({"rating": [4.0, float("nan")]})
    assert data.kinds.tolist() == [KIND_CODES["rate"], KIND_CODES["view"]]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"rating": [1.0, float("inf")]}, "rating: expected a finite number, got inf in row 1"),
        ({"rating": ["good", "bad"]}, "rating: expected numbers"),
        ({"weight": [1.0, 0.0]}, "weight: expected > 0, got 0.0 in row 1"),
        ({"weight": [-1.0, 1.0]}, "weight: expected > 0, got -1.0 in row 0"),
        ({"weight": [1.0, float("nan")]}, "weight: expected a finite number"),
        ({"interaction_type": ["view", "puchase"]}, "did you mean 'purchase'"),
        ({"split": ["train", "dev"]}, "split: expected train, valid or test in every row, got 'dev'"),
        ({"domain": ["a:b", "c"]}, "domain: expected a name without a colon, got 'a:b'"),
        ({"domain": ["", "c"]}, "domain: expected a name without a colon, got ''"),
        ({"position": ["first", "second"]}, "position: expected"),
        ({"position": [0.0, float("nan")]}, "position: expected"),
    ],
)
def test_a_bad_value_is_named_with_its_rule(columns: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(words)):
        read(columns)


def test_one_domain_leaves_ids_alone() -> None:
    data = read({"domain": ["shop", "shop"]})
    assert data.item_ids.ids.tolist() == ["jam", "tea"] and data.catalogue.domain_names == ["shop"]


def test_several_domains_are_written_into_the_id() -> None:
    frame = pl.DataFrame({"user_id": [1, 1], "item_id": [42, 42], "domain": ["books", "films"]})
    titles = pl.DataFrame({"item_id": [42, 42], "domain": ["films", "books"], "title": ["Alien", "Emma"]})
    data = Interactions.from_frame(frame, items=titles)
    assert data.item_ids.ids.tolist() == ["books:42", "films:42"]
    assert data.catalogue.titles == ["Emma", "Alien"]
    assert data.catalogue.domains.tolist() == [0, 1] and data.domains.tolist() == [0, 1]


def test_item_columns_come_in_code_order_with_gaps() -> None:
    items = pd.DataFrame({"item_id": ["zzz", "tea", "tea"], "price": [1.0, 2.0, 9.0]})
    columns = read({}, items=items).catalogue.columns
    assert columns is not None and columns["item_id"].to_list() == ["jam", "tea"]
    assert columns["price"].to_list() == [None, 2.0]


def test_item_columns_with_other_ids_are_refused() -> None:
    with pytest.raises(InvalidInput, match="items: item_id is Int64 but String"):
        read({}, items=pl.DataFrame({"item_id": [1, 2]}))
    with pytest.raises(InvalidInput, match="need a 'domain' column"):
        read({"domain": ["a", "b"]}, items=pl.DataFrame({"item_id": ["tea"]}))


def test_repeated_pandas_columns_are_refused() -> None:
    frame = pd.DataFrame([["ann", "bob", "tea"]], columns=["user_id", "user_id", "item_id"])
    with pytest.raises(InvalidInput, match="user_id"):
        Interactions.from_frame(frame)


def test_the_frame_is_left_alone() -> None:
    frame = pd.DataFrame({**PAIRS, "rating": [1.0, np.nan]})
    before = frame.copy(deep=True)
    Interactions.from_frame(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("", "expected an id, got an empty string"),
        ("a\nb", "expected no control characters"),
        ("a\x7f", "expected no control characters"),
        ("é" * 257, "expected at most 512 bytes, got 514"),
        ("x" * 10_000, "expected at most 512 bytes, got 10000"),
    ],
)
@pytest.mark.parametrize("column", ["user_id", "item_id", "domain"])
def test_an_id_that_breaks_a_rule_is_refused_with_its_row(column: str, bad: str, words: str) -> None:
    rows = {"user_id": ["ann", "bob", "cat"], "item_id": ["tea", "jam", "pie"], "domain": ["shop"] * 3}
    rows[column][1:] = [bad, bad]
    with pytest.raises(InvalidInput, match=f"{column}: {words}|domain: expected a name") as caught:
        Interactions.from_frame(pl.DataFrame(rows))
    assert "in row 1, and 2 such rows in all" in str(caught.value) or column == "domain"


def test_ids_as_long_as_may_be_are_read() -> None:
    ids = ["x" * 512, "é" * 256, " ", "\u2028"]
    assert set(Interactions.from_frame(pl.DataFrame({"user_id": ids, "item_id": ids})).item_ids.ids) == set(ids)
