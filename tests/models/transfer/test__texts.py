"""Texts: the columns that are read, and vectors in which like words are near."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.vocabulary import Vocabulary
from crossrec.models.transfer._texts import texts_of, word_vectors


def catalogue(**columns: list[object]) -> Catalogue:
    ids = [f"i{place}" for place in range(len(next(iter(columns.values()))))]
    about = pl.DataFrame({"item_id": ids, **columns})
    return Catalogue(Vocabulary(ids), np.zeros(len(ids), np.int16), Vocabulary([""]), about)


def test_usual_columns_are_read_and_named_ones_alone() -> None:
    items = catalogue(title=["Dune", None], genres=[["Sci-Fi", ""], []], link=["http://x", "y"])
    assert texts_of(items, "") == [["Dune", "Sci-Fi"], []]
    assert texts_of(items, "genres, link") == [["Sci-Fi", "http://x"], ["y"]]


def test_a_column_without_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"columns: expected text in 'year', got Int64"):
        texts_of(catalogue(year=[1999]), "year")


def test_items_with_like_words_are_near_and_those_without_words_are_zero() -> None:
    texts = [["star war"], ["Star Trek", "trek"], ["love story"], ["a story of love"], []]
    vectors = word_vectors(texts, 16, 0)
    alike = vectors @ vectors.T
    assert alike[0, 1] > 0.5 > abs(alike[0, 2]) and alike[2, 3] > 0.5
    assert not vectors[4].any() and np.allclose(np.linalg.norm(vectors[:4], axis=1), 1)
    np.testing.assert_array_equal(vectors, word_vectors(texts, 16, 0))


def test_nothing_in_common_gives_no_dimension() -> None:
    assert word_vectors([["one"], ["two"]], 16, 0).shape == (2, 0)
