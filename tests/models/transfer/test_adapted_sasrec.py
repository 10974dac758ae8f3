"""AdaptedSASRec: a network that stays as it is, and what other domains add to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.query import Act, Query
from crossrec.models.boards import checkerboard, two_domain_board
from crossrec.models.recommender import as_queries
from crossrec.models.sequence.sasrec import SASRec
from crossrec.models.storage import load
from crossrec.models.training.export import export_onnx
from crossrec.models.transfer.adapted_sasrec import AdaptedSASRec

SMALL = {**SASRec.small, "seed": 3}


def films(*numbers: int) -> tuple[Act, ...]:
    return tuple(Act(f"films:{number}") for number in numbers)


@pytest.fixture(scope="module")
def adapted() -> AdaptedSASRec:
    return AdaptedSASRec(**SMALL, source="films", rank=2).fit(two_domain_board())


@pytest.fixture(scope="module")
def alone() -> SASRec:
    return SASRec(**SMALL).fit(two_domain_board().domain("films"))


def test_nothing_of_the_source_is_forgotten(adapted: AdaptedSASRec, alone: SASRec) -> None:
    """After books were learned, what is said of films is what `sasrec` on films alone says, to the bit."""
    for model in (adapted, alone):
        assert len(model.histories_.user_ids) == 24
    users = ["u000", "u001", "u007"]
    inside = adapted.catalogue_.in_domain("films")
    expected = alone.score(alone.histories_.queries(users)).values
    np.testing.assert_array_equal(adapted.score(adapted.histories_.queries(users, "films")).values[:, inside], expected)


def test_what_was_had_elsewhere_moves_no_answer_of_the_source(adapted: AdaptedSASRec) -> None:
    without, mixed = films(0, 4), (*films(0), Act("books:3"), *films(4))
    scores = [adapted.score(as_queries(adapted, Query(history=one, domain="films"))) for one in (without, mixed)]
    np.testing.assert_array_equal(scores[0].values, scores[1].values)
    books = as_queries(adapted, Query(history=(Act("books:3"),), domain="films"))
    assert not adapted.score(books).opinion[0]


def test_films_find_books_they_were_adapted_to(adapted: AdaptedSASRec) -> None:
    for parity in (0, 1):
        (found,) = adapted.recommend(Query(history=films(parity, 4 + parity, 6 + parity), domain="books"), k=4).ids()
        assert [int(str(book).removeprefix("books:")) % 2 for book in found] == [parity] * 4


def test_a_source_that_nobody_came_from_says_nothing() -> None:
    model = AdaptedSASRec(**{**SMALL, "epochs": 2}, source="films").fit(two_domain_board(shared=False))
    history = (Act("books:3"), *films(0, 4))
    asked = [Query(history=one, domain="books") for one in (films(0, 4), history, history[:1])]
    scores = model.score(as_queries(model, asked))
    assert scores.opinion.tolist() == [False, True, True]
    np.testing.assert_allclose(scores.values[1], scores.values[2], rtol=1e-5, atol=1e-6)


def test_few_numbers_are_added(adapted: AdaptedSASRec) -> None:
    """Those of the books, and of each of four projections a matrix of rank 2; and they have learned something."""
    width = adapted.width
    projections = (width + 3 * width) + (width + width) + 2 * (width + 4 * width)
    assert sum(part.size for part in adapted.weights_.values()) == 12 * width + 2 * projections
    assert all(part.any() for name, part in adapted.weights_.items() if ".ups." in name)


def test_a_page_of_all_domains_is_one_probability(adapted: AdaptedSASRec) -> None:
    whole = adapted.score(adapted.histories_.queries(["u000", "u007"])).values
    np.testing.assert_allclose(np.exp(whole).sum(1), 1.0, rtol=1e-5)


def test_it_is_saved_with_what_is_frozen(adapted: AdaptedSASRec, tmp_path: Path) -> None:
    adapted.save(tmp_path / "model")
    again: Any = load(tmp_path / "model")
    for domain in ("films", "books", None):
        queries = adapted.histories_.queries(["u000", "u007"], domain)
        np.testing.assert_array_equal(again.score(queries).values, adapted.score(queries).values)


def test_on_one_domain_it_is_sasrec() -> None:
    settings: dict[str, Any] = {**SMALL, "epochs": 4}
    mine, other = AdaptedSASRec(**settings).fit(checkerboard()), SASRec(**settings).fit(checkerboard())
    queries = other.histories_.queries(["u000", "u005"])
    np.testing.assert_array_equal(mine.score(queries).values, other.score(queries).values)


def test_what_cannot_be_is_refused(adapted: AdaptedSASRec, tmp_path: Path) -> None:
    board = two_domain_board()
    with pytest.raises(InvalidInput, match="rank >= 1, got 0"):
        AdaptedSASRec(**SMALL, rank=0).fit(board)
    with pytest.raises(NotFound, match="films"):
        AdaptedSASRec(**SMALL, source="film").fit(board)
    with pytest.raises(InvalidInput, match="nobody did anything outside the source"):
        once = board.take(board.catalogue.in_domain("films")[board.items] | (np.arange(len(board)) == len(board) - 1))
        AdaptedSASRec(**{**SMALL, "epochs": 1}, source="films").fit(once.take(~_with_films(once)))
    with pytest.raises(InvalidInput, match="one for each of 2 domains"):
        export_onnx(adapted, tmp_path / "net.onnx")


def _with_films(board: Any) -> np.ndarray[Any, Any]:
    """Return the films of the person who has the last book."""
    found: np.ndarray[Any, Any] = (board.users == board.users[-1]) & board.catalogue.in_domain("films")[board.items]
    return found
