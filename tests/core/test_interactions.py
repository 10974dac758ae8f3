"""Interactions: matrices against brute force, parts that keep their codes, and a hash of everything."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, MissingExtra, NotFound
from crossrec.core.interactions import CsrValues, Interactions, sparse_rows

rows = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 5),
        st.one_of(st.none(), st.sampled_from([1.0, 2.5, 5.0])),
        st.sampled_from([0.5, 1.0, 2.0]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=40,
)


def of(table: list[tuple[int, int, float | None, float, int]]) -> Interactions:
    names = ["user_id", "item_id", "rating", "weight", "timestamp"]
    schema = {name: pl.Float64 if name in ("rating", "weight") else pl.Int64 for name in names}
    return Interactions.from_frame(pl.DataFrame(table, schema=schema, orient="row"))


def three_users() -> Interactions:
    return of([(0, 0, 1.0, 1.0, 2), (1, 1, None, 2.0, 1), (0, 1, 3.0, 1.0, 0), (2, 0, None, 1.0, 3)])


@given(rows)
def test_csr_agrees_with_counting_by_hand(table: list[tuple[int, int, float | None, float, int]]) -> None:
    data = of(table)
    shape = (len(data.user_ids), len(data.item_ids))
    binary, weights, ratings = (np.zeros(shape, np.float32) for _ in range(3))
    newest: dict[tuple[int, int], tuple[int, int]] = {}
    for place, (user, item, rating, weight, at) in enumerate(table):
        cell = data.user_ids.code(user), data.item_ids.code(item)
        binary[cell] = 1
        weights[cell] += weight
        if rating is not None and (at, place) >= newest.get(cell, (-1, -1)):
            newest[cell], ratings[cell] = (at, place), rating
    for values, expected in (("binary", binary), ("weights", weights), ("ratings", ratings)):
        matrix = data.csr(values)  # type: ignore[arg-type]
        np.testing.assert_array_equal(matrix.toarray(), expected)
        assert matrix.dtype == np.float32 and matrix.has_sorted_indices and (matrix.data != 0).all()


@given(rows)
def test_ordered_is_by_user_then_time_then_position(table: list[tuple[int, int, float | None, float, int]]) -> None:
    data = of(table).ordered()
    keys = list(zip(data.users.tolist(), data.times.tolist(), data.positions.tolist(), strict=True))
    assert keys == sorted(keys) and len(data) == len(table)


@given(rows, st.data())
def test_take_is_indexing_every_column(
    table: list[tuple[int, int, float | None, float, int]], draw: st.DataObject
) -> None:
    data = of(table)
    index = np.array(draw.draw(st.lists(st.integers(0, len(table) - 1), max_size=10)), dtype=np.int64)
    part = data.take(index)
    for name in ("users", "items", "times", "weights", "ratings", "positions", "kinds", "domains"):
        np.testing.assert_array_equal(getattr(part, name), getattr(data, name)[index])
    assert part.user_ids is data.user_ids and part.catalogue is data.catalogue


def test_before_leaves_out_the_moment_itself_and_rows_without_time() -> None:
    frame = pl.DataFrame({"user_id": ["a"] * 4, "item_id": list("wxyz"), "timestamp": [10, 20, 30, None]})
    data = Interactions.from_frame(frame)
    assert data.before(20).items.tolist() == [0] and data.before(31).items.tolist() == [0, 1, 2]
    assert not data.has_times and data.before(31).has_times and data.untimed_domains() == ["main"]
    assert data.before(31).untimed_domains() == []


def test_domain_keeps_ids_and_drops_other_items() -> None:
    frame = pl.DataFrame(
        {"user_id": ["a", "a", "b"], "item_id": ["1", "2", "1"], "domain": ["films", "books", "books"]}
    )
    data = Interactions.from_frame(frame, items=frame.select("item_id", "domain", title="item_id").unique())
    books = data.domain("books")
    assert len(books) == 2 and books.item_ids.ids.tolist() == ["books:1", "books:2"]
    assert books.item_ids.decode(books.items) == ["books:2", "books:1"]
    assert books.catalogue.titles == ["1", "2"] and books.user_ids is data.user_ids
    assert books.csr().shape == (2, 2)
    with pytest.raises(NotFound, match="books"):
        data.domain("bookz")


@pytest.mark.parametrize("name", ["users", "items", "domains", "times", "weights", "kinds", "ratings", "positions"])
def test_the_hash_changes_with_every_column(name: str) -> None:
    data = three_users()
    column = np.array(getattr(data, name))
    column[0] += 1
    changed = dataclasses.replace(data, **{name: column})
    assert changed.fingerprint != data.fingerprint == three_users().fingerprint


def test_the_hash_changes_with_ids_and_splits() -> None:
    data = three_users()
    split = dataclasses.replace(data, splits=np.zeros(len(data), np.int8))
    other = Interactions.from_frame(pl.DataFrame({"user_id": ["x"], "item_id": ["y"]}))
    third = Interactions.from_frame(pl.DataFrame({"user_id": ["x"], "item_id": ["z"]}))
    assert len({data.fingerprint, split.fingerprint, other.fingerprint, third.fingerprint}) == 4


def test_columns_must_be_of_one_length_and_weights_positive() -> None:
    data = three_users()
    with pytest.raises(InvalidInput, match="4 users but 3 items"):
        dataclasses.replace(data, items=data.items[:3])
    with pytest.raises(InvalidInput, match="weight: expected > 0, got nan in row 2"):
        dataclasses.replace(data, weights=np.array([1, 2, np.nan, 1], np.float32))


def test_a_part_may_be_empty() -> None:
    empty = three_users().take(np.zeros(4, dtype=bool))
    assert len(empty) == 0 and empty.csr().shape == (3, 2) and not empty.has_times and not empty.has_ratings
    assert len(empty.ordered()) == 0 and empty.csr("ratings").nnz == 0


def test_it_says_what_it_holds() -> None:
    assert repr(three_users()) == "Interactions(4 rows, 3 users, 2 items, main)"


texts = st.text(st.sampled_from("ab:%3A25é "), min_size=1, max_size=6)
times = st.one_of(st.none(), st.integers(1_000_000_000_000, 1_700_000_000_000))


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Frames with ids of one type, one domain or three, and nulls where they may be."""
    size = draw(st.integers(1, 12))
    users, items = (draw(st.sampled_from([texts, st.integers(-5, 2**62)])) for _ in range(2))
    columns = {
        "user_id": users,
        "item_id": items,
        "domain": st.sampled_from(draw(st.sampled_from([["main"], ["films"], ["films", "books", "a%b"]]))),
        "rating": st.one_of(st.none(), st.floats(-5, 5, width=32)),
        "timestamp": draw(st.sampled_from([times, st.none()])),
        "weight": st.floats(0.25, 4, width=32),
        "interaction_type": st.sampled_from(["view", "purchase", "return"]),
        "position": st.integers(-1, 2**40),
        "split": draw(st.sampled_from([st.none(), st.sampled_from(["train", "valid", "test"])])),
    }
    made = {name: draw(st.lists(values, min_size=size, max_size=size)) for name, values in columns.items()}
    left_out = draw(st.sets(st.sampled_from(sorted(set(made) - {"user_id", "item_id"}))))
    floats = dict.fromkeys(("rating", "weight"), pl.Float64)
    return pl.DataFrame({name: pl.Series(name, values, dtype=floats.get(name)) for name, values in made.items()}).drop(
        left_out
    )


@given(frames())
def test_a_frame_gives_the_same_interactions_back(frame: pl.DataFrame) -> None:
    data = Interactions.from_frame(frame)
    polars = data.to_polars()
    assert polars["user_id"].to_list() == frame["user_id"].to_list()
    several = "domain" in frame.columns and frame["domain"].n_unique() > 1
    native = [str(item) for item in frame["item_id"]] if several else frame["item_id"].to_list()
    assert polars["item_id"].to_list() == native, "ids are spelt as they came in"
    for name in set(frame.columns) - {"user_id", "item_id", "split"}:
        assert polars[name].to_list() == frame[name].to_list(), name
    for again in (polars, data.to_pandas(), pl.from_arrow(data.to_arrow())):
        assert Interactions.from_frame(again).fingerprint == data.fingerprint


def test_frames_have_the_types_that_each_library_works_with() -> None:
    data = of([(0, 0, 1.0, 1.0, 2), (1, 1, None, 2.0, 1)])
    pandas = data.to_pandas()
    assert isinstance(pandas, pd.DataFrame) and pandas["rating"].isna().tolist() == [False, True]
    assert str(pandas["timestamp"].dtype) == "Int64" and pandas["interaction_type"].tolist() == ["rate", "view"]
    table = data.to_arrow()
    assert table.num_rows == 2 and str(table.schema.field("rating").type) == "float"
    assert data.take(np.zeros(2, bool)).to_polars().height == 0


def test_a_part_of_several_domains_keeps_the_native_ids() -> None:
    frame = pl.DataFrame({"user_id": ["a", "a"], "item_id": ["x:1", "x:1"], "domain": ["films", "books"]})
    films = Interactions.from_frame(frame).domain("films")
    assert films.item_ids.ids.tolist() == ["films:x%3A1"]
    assert films.to_polars().select("item_id", "domain").rows() == [("x:1", "films")]


@pytest.mark.parametrize(("package", "method"), [("pandas", "to_pandas"), ("pyarrow", "to_arrow")])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, package: str, method: str) -> None:
    def gone(self: object, *words: object, **more: object) -> None:
        raise ModuleNotFoundError(f"No module named '{package}'", name=package)

    monkeypatch.setattr(pl.DataFrame, "to_arrow", gone)
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtra, match=f"{package}: pip install"):
        getattr(three_users(), method)()


def test_returns_and_lists_shown_are_kept_and_are_no_taste() -> None:
    kinds = ["view", "return", "shown", "rate"]
    frame = pl.DataFrame(
        {"user_id": ["a"] * 4, "item_id": list("wxyz"), "interaction_type": kinds, "rating": [1.0] * 4}
    )
    data = Interactions.from_frame(frame)
    assert len(data) == 4 and data.liked.items.tolist() == [0, 3] and len(data.liked.catalogue) == 4
    for values in ("binary", "weights", "ratings"):
        assert data.csr(values).toarray().tolist() == [[1, 0, 0, 1]]
    assert data.liked.liked is data.liked


@given(rows, st.sampled_from(["binary", "weights", "ratings"]))
def test_few_rows_and_many_make_one_matrix(
    table: list[tuple[int, int, float | None, float, int]], values: CsrValues
) -> None:
    """Few are sorted together, many are counted; a history is of few, a data set of many."""
    data = of(table)
    column = data.ratings if values == "ratings" else data.weights
    items = np.where(data.positions == 3, np.int32(-1), data.items).astype(np.int32)
    shape = (len(data.user_ids), len(data.catalogue))
    few = sparse_rows(data.users, items, column, shape, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crossrec.core.interactions._FEW", -1)
        many = sparse_rows(data.users, items, column, shape, values)
    for name in ("indptr", "indices", "data"):
        one, other = getattr(few, name), getattr(many, name)
        assert one.dtype == other.dtype and np.array_equal(one, other), name
