"""Vocabulary: ids in are ids out, and what is no id is refused with its row."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.core.vocabulary import Vocabulary, id_series

texts = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), unique=True, max_size=30)
numbers = st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=30)


@given(st.one_of(texts, numbers))
def test_codes_and_ids_are_inverse(ids: list[str] | list[int]) -> None:
    vocabulary = Vocabulary(ids)
    assert len(vocabulary) == len(ids)
    assert vocabulary.encode(ids).tolist() == list(range(len(ids)))
    back = vocabulary.decode(np.arange(len(ids)))
    assert back == ids and [type(value) for value in back] == [type(value) for value in ids]


@pytest.mark.parametrize("size", [3, 2_000])
@pytest.mark.parametrize("kind", ["list", "array", "series"])
def test_small_and_large_look_ups_agree(size: int, kind: str) -> None:
    ids = [f"i{number}" for number in range(size)]
    asked = [*reversed(ids), "stranger", ids[0]]
    values = {"list": asked, "array": np.array(asked), "series": pl.Series(asked)}[kind]
    codes = Vocabulary(ids).encode(values)
    assert codes.dtype == np.int32
    assert codes.tolist() == [*range(size - 1, -1, -1), -1, 0]


def test_a_vocabulary_encodes_itself() -> None:
    ids = Vocabulary([f"i{number}" for number in range(100)])
    assert ids.encode(ids.series).tolist() == list(range(100))
    assert ids.encode(ids.series[::-1]).tolist() == list(range(99, -1, -1))


def test_order_of_rows_does_not_change_codes() -> None:
    assert Vocabulary.of(["b", "a", "b", "c"]).ids.tolist() == ["a", "b", "c"]
    assert Vocabulary.of([3, 1, 2, 1]) == Vocabulary.of([1, 2, 3])


def test_a_text_is_never_the_number_it_spells() -> None:
    numbers = Vocabulary([1, 2])
    assert numbers.code("1") == -1 and numbers.encode(["1"]).tolist() == [-1]  # type: ignore[list-item]
    assert numbers.encode(pl.Series(["1"] * 3)).tolist() == [-1] * 3
    assert 1 in numbers and "1" not in numbers and numbers.is_integer
    assert Vocabulary(["1", "2"]) != numbers
    assert Vocabulary(["1", "2"]).fingerprint != numbers.fingerprint


def test_fingerprint_tells_where_one_id_ends() -> None:
    assert Vocabulary(["ab", "c"]).fingerprint != Vocabulary(["a", "bc"]).fingerprint
    assert Vocabulary(["a", "b"]).fingerprint != Vocabulary(["b", "a"]).fingerprint
    assert Vocabulary(["a", "b"]).fingerprint == Vocabulary(["a", "b"]).fingerprint


def test_repeats_are_refused() -> None:
    with pytest.raises(InvalidInput, match="unique"):
        Vocabulary(["a", "b", "a"])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["a", None, "c"], "row 1"),
        ([None, None], "row 0"),
        ([1.0, 2.0], "all strings or all integers"),
        ([True, False], "all strings or all integers"),
        (["a", 1], "all strings or all integers"),
        ([1, "a"], "all strings or all integers"),
        ([1.5, float("nan")], "all strings or all integers"),
        (np.array([1.0, np.nan]), "all strings or all integers"),
        ([[1], [2]], "all strings or all integers"),
    ],
)
def test_what_is_no_id_is_refused_by_name(values: list[object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        id_series("item_id", values)  # type: ignore[arg-type]
    assert str(caught.value).startswith("item_id:")


def test_integers_beyond_int64_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"2\^63|strings"):
        id_series("user_id", pl.Series([2**63], dtype=pl.UInt64))


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["a", "b"])])
def test_categories_are_read_as_text(dtype: pl.DataType) -> None:
    assert id_series("id", pl.Series(["a", "b"], dtype=dtype)).dtype == pl.String


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.uint32])
def test_any_integer_type_is_read(dtype: type) -> None:
    assert Vocabulary(np.array([3, 7], dtype=dtype)).decode(np.array([1])) == [7]


def test_empty_vocabulary_knows_nothing() -> None:
    empty = Vocabulary([])
    assert len(empty) == 0 and empty.encode(["a"]).tolist() == [-1] and empty.encode([]).tolist() == []
