from __future__ import annotations

import polars as pl
import pytest

from crossrec.data.engines import _xxhash
from crossrec.data.engines._xxhash import hashed

PUBLISHED = {  # of the specification and its reference code, seed 0
    "": 0xEF46DB3751D8E999,
    "a": 0xD24EC4F1A98C6E5B,
    "abc": 0x44BC2CF5AD770999,
    "Nobody inspects the spammish repetition": 0xFBCEA83C8A378BF1,
}


@pytest.mark.parametrize("text", PUBLISHED)
def test_texts_have_their_published_hash(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_xxhash, "FIRST_SEED", 0)
    # The seed's text comes first: with the hash of nothing as its seed, the column's text would not be the published.
    assert hashed([], text, rows=1)[0] == PUBLISHED[text]


def test_a_null_is_nothing_and_an_empty_text_is_something() -> None:
    frame = pl.DataFrame({"a": ["x", "x", "x"], "b": [None, "", "y"]})
    one, two = hashed([frame["a"]], "1", rows=3), hashed([frame["a"], frame["b"]], "1", rows=3)
    assert two[0] == one[0] and len(set(two.to_list())) == 3


def test_long_columns_are_hashed_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    column = pl.Series([None, "ab", "ç" * 40, "", *[f"user {number}" for number in range(20)], None])
    whole = hashed([column, column], "s", rows=len(column))
    monkeypatch.setattr(_xxhash, "_SLICE", 3)
    assert hashed([column, column], "s", rows=len(column)).equals(whole)
    assert len(hashed([column[:0]], "s", rows=0)) == 0
