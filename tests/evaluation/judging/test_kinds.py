"""Kinds of items, from columns of several forms."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from crossrec.core.catalogue import Catalogue
from crossrec.core.vocabulary import Vocabulary
from crossrec.evaluation.judging.kinds import kinds_of

POPULAR = {"head": np.array([True, False, False]), "tail": np.array([False, True, True])}


def catalogue(**columns: list[object]) -> Catalogue:
    ids = pl.Series("item_id", ["p", "q", "r"])
    frame = pl.DataFrame({"item_id": ids, **{name: pl.Series(values) for name, values in columns.items()}})
    return Catalogue(Vocabulary(ids), np.zeros(3, np.int16), Vocabulary(pl.Series(["films"])), frame)


@pytest.mark.parametrize(
    "values",
    [["drama|comedy", "drama", ""], [["drama", "comedy"], ["drama"], []], [["drama", "comedy"], ["drama"], None]],
)
def test_an_item_of_several_kinds_counts_in_parts(values: list[object]) -> None:
    found = kinds_of(catalogue(genres=values), POPULAR)
    assert (found.source, found.names) == ("column genres", ("drama", "comedy"))
    assert found.parts.tolist() == [[0.5, 0.5], [1, 0], [0, 0]]


def test_a_column_that_is_mostly_empty_tells_nothing() -> None:
    assert kinds_of(catalogue(genres=["drama", None, None]), POPULAR).source == "popularity"
    both = catalogue(genres=["drama", None, None], category=["tea", "tea", "jam"])
    assert kinds_of(both, POPULAR).names == ("tea", "jam")


def test_without_a_column_popularity_tells() -> None:
    found = kinds_of(catalogue(title=["P", "Q", "R"], genres=[1, 2, 3]), POPULAR)
    assert (found.source, found.names) == ("popularity", ("head", "tail"))
    assert found.parts.tolist() == [[1, 0], [0, 1], [0, 1]]


def test_many_kinds_are_pooled() -> None:
    rare = [f"k{n:03}" for n in range(150)]
    found = kinds_of(catalogue(genres=[rare, ["often", "k001"], ["often"]]), POPULAR)
    assert len(found.names) == 32 and found.names[-1] == "other"
    assert found.parts.sum(axis=1) == pytest.approx([1, 1, 1])
    assert found.parts[0, -1] > 0.7
