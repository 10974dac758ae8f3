"""EASE against a general inverse in float64."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, OutOfBudget
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models import machine
from crossrec.models.boards import checkerboard
from crossrec.models.classic._inverse import invert
from crossrec.models.classic.ease import EASE


def drawn(seed: int, users: int, items: int) -> Interactions:
    had = np.random.default_rng(seed).random((users, items)) < 0.3
    had[0, :] = True
    user, item = np.nonzero(had)
    return Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))


def solved(data: Interactions, l2: float) -> np.ndarray:
    had = data.csr().toarray().astype(np.float64)
    inverse = np.linalg.inv(had.T @ had + l2 * np.eye(had.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


@given(seed=st.integers(0, 10_000), users=st.integers(1, 20), items=st.integers(2, 20), l2=st.floats(0.5, 500))
def test_weights_are_the_closed_form(seed: int, users: int, items: int, l2: float) -> None:
    data = drawn(seed, users, items)
    np.testing.assert_allclose(EASE(l2=l2).fit(data).weights_, solved(data, l2), atol=2e-4)


@given(seed=st.integers(0, 10_000), keep=st.integers(1, 11))
def test_pruning_keeps_the_largest_weights_towards_each_item(seed: int, keep: int) -> None:
    data = drawn(seed, 15, 12)
    model, full = EASE(l2=5.0, keep=keep).fit(data), solved(data, 5.0)
    assert sp.issparse(model.weights_)
    found = model.weights_.toarray()
    assert (np.count_nonzero(found, axis=0) <= keep).all()
    np.testing.assert_allclose(found[found != 0], full[found != 0], atol=1e-4)
    sizes = np.sort(np.abs(found), axis=0)[::-1][:keep]
    np.testing.assert_allclose(sizes, np.sort(np.abs(full), axis=0)[::-1][:keep], atol=1e-4)


def test_items_that_share_no_user_are_solved_apart_and_alike() -> None:
    frame = pl.DataFrame({"user_id": [1, 1, 2, 2, 3, 3, 4, 4, 4], "item_id": [1, 2, 1, 2, 3, 4, 3, 4, 5]})
    data = Interactions.from_frame(frame)
    np.testing.assert_allclose(EASE(l2=2.0).fit(data).weights_, solved(data, 2.0), atol=1e-5)
    pruned = EASE(l2=2.0, keep=1).fit(data).weights_.toarray()
    np.testing.assert_allclose(pruned[pruned != 0], solved(data, 2.0)[pruned != 0], atol=1e-5)


@pytest.mark.parametrize("items", [41, 90])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_matrix_is_inverted_by_halves(items: int, order: Literal["C", "F"]) -> None:
    had = drawn(9, 60, items).csr().toarray().astype(np.float64)
    gram = had.T @ had + 3.0 * np.eye(items)
    found = np.array(gram, dtype=np.float32, order=order)
    invert(found, largest=16)
    np.testing.assert_allclose(found, np.linalg.inv(gram), atol=1e-4)


def test_a_catalogue_that_does_not_fit_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_bytes", lambda: 1000)
    with pytest.raises(OutOfBudget, match="EASE over 24 items needs about .* GB of memory"):
        EASE().fit(checkerboard())


def test_the_reason_is_the_past_item_of_the_largest_weight() -> None:
    model = EASE(l2=3.0).fit(drawn(2, 30, 12))
    queries = Queries.from_queries([Query(history=(Act(1), Act(5), Act(7))), Query()], model.catalogue_)
    shown = np.array([[3, 8, -1], [3, 8, 9]], dtype=np.int32)
    weights = solved(drawn(2, 30, 12), 3.0)
    best = [(1, 5, 7)[int(weights[[1, 5, 7], code].argmax())] for code in (3, 8)]
    expected = [past if weights[past, code] > 0 else -1 for past, code in zip(best, (3, 8), strict=True)]
    assert model.explain(queries, shown).tolist() == [[*expected, -1], [-1, -1, -1]]


@pytest.mark.parametrize("keep", [0, 5])
def test_similar_items_share_the_parity_and_leave_the_item_out(keep: int) -> None:
    similar = EASE(keep=keep).fit(checkerboard()).similar(["i003"], k=50).ids()[0]
    assert "i003" not in similar and 0 < len(similar) <= 11  # no weight is no answer
    assert all(int(str(item)[1:]) % 2 == 1 for item in similar)


@pytest.mark.parametrize("setting", [{"l2": 0.0}, {"l2": -1.0}, {"keep": -1}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="EASE: expected l2 > 0"):
        EASE(**setting).fit(checkerboard())  # type: ignore[arg-type]


def test_an_update_is_a_new_fit_without_solving_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    user, item = np.nonzero(chance.random((80, 40)) < 0.2)
    frame = pl.DataFrame({"user_id": user, "item_id": item})
    late = (pl.col("user_id") >= 74) | (pl.col("item_id") >= 38) & (pl.col("user_id") < 3)
    parts = frame.filter(~late & (pl.col("item_id") < 38)), frame.filter(late)
    old, new = (Interactions.from_frame(part) for part in parts)
    whole = EASE(l2=20.0).fit(Interactions.from_frame(pl.concat(parts)))
    model = EASE(l2=20.0).fit(old)
    monkeypatch.setattr("crossrec.models.classic.ease.invert", lambda *_: pytest.fail("solved anew"))
    model.update(new)
    items = whole.catalogue_.ids.series.to_list()
    place = model.catalogue_.codes_of(items)
    np.testing.assert_allclose(model.weights_[np.ix_(place, place)], whole.weights_, atol=2e-5)
    np.testing.assert_allclose(model.diagonal_[place], whole.diagonal_, rtol=1e-4)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_items_that_nobody_had_change_no_weight(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """They are solved for where they are few, else left out; they have no weight either way."""
    monkeypatch.setattr("crossrec.models.classic.ease._LONELY", share)
    board = checkerboard()
    lonely = 3
    kept = board.take(board.items != lonely)
    model = EASE().fit(kept)
    others = np.setdiff1d(np.arange(len(board.catalogue)), [lonely])
    had = kept.csr().toarray()[:, others]
    inverse = np.linalg.inv(had.T @ had + 100.0 * np.eye(len(others)))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(model.weights_[np.ix_(others, others)], expected, atol=1e-5)
    assert not model.weights_[lonely].any() and not model.weights_[:, lonely].any()
    assert model.diagonal_[lonely] == pytest.approx(1 / 100.0)
