"""SLIM against non-negative least squares."""

from __future__ import annotations

import numba
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.classic.slim import SLIM


def drawn(seed: int, users: int, items: int, share: float = 0.3) -> Interactions:
    """Draw interactions; item 0 is had by everyone, so that no set is empty."""
    had = np.random.default_rng(seed).random((users, items)) < share
    had[:, 0] = True
    user, item = np.nonzero(had)
    return Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))


def solved_plainly(had: np.ndarray, l1: float, l2: float) -> np.ndarray:
    """Solve each column as non-negative least squares: the elastic net with its square completed."""
    gram, size = had.T @ had, had.shape[1]
    out = np.zeros((size, size))
    for item in range(size):
        others = np.delete(np.arange(size), item)
        factor = np.linalg.cholesky(gram[np.ix_(others, others)] + l2 * np.eye(size - 1))
        out[others, item] = nnls(factor.T, np.linalg.solve(factor, gram[others, item] - l1))[0]
    return out


@given(
    seed=st.integers(0, 10_000),
    users=st.integers(1, 25),
    items=st.integers(2, 15),
    l1=st.sampled_from([0.0, 0.5, 3.0]),
    l2=st.sampled_from([0.5, 10.0]),
)
def test_weights_solve_the_elastic_net(seed: int, users: int, items: int, l1: float, l2: float) -> None:
    data = drawn(seed, users, items)
    found = SLIM(l1=l1, l2=l2, neighbours=0).fit(data).weights_
    expected = solved_plainly(data.csr().toarray().astype(np.float64), l1, l2)
    np.testing.assert_allclose(found.toarray(), expected, atol=5e-3)
    assert (found.data > 0).all() and not found.diagonal().any()


@pytest.mark.parametrize("neighbours", [0, 1100, 60])
def test_no_weight_wants_to_move_in_a_wide_catalogue(neighbours: int) -> None:
    """More neighbours than are laid out densely, and fewer: the optimality conditions of each column hold."""
    data, l1, l2 = drawn(9, 40, 1200, share=0.4), 4.0, 3.0
    weights = SLIM(l1=l1, l2=l2, neighbours=neighbours).fit(data).weights_.toarray().astype(np.float64)
    had = data.csr().toarray().astype(np.float64)
    gram = had.T @ had
    alike = gram / np.sqrt(had.sum(axis=0))[:, None]
    slope = gram @ weights + l2 * weights - gram + l1
    np.fill_diagonal(alike, -1)
    for item in range(0, 1200, 100):
        chosen = np.argsort(-alike[:, item], kind="stable")[: neighbours or 1199]
        told = weights[:, item] > 0
        assert set(np.flatnonzero(told)) <= set(chosen) and told.any()
        assert np.abs(slope[told, item]).max() < 0.02 and slope[chosen, item].min() > -0.02


def test_a_larger_l1_leaves_fewer_weights() -> None:
    data = drawn(7, 60, 30)
    counts = [SLIM(l1=l1).fit(data).weights_.nnz for l1 in (0.0, 2.0, 8.0)]
    assert counts[0] > counts[1] > counts[2]


def test_threads_change_no_bit() -> None:
    data, before = drawn(1, 100, 150), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = SLIM().fit(data).weights_
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one.toarray(), SLIM().fit(data).weights_.toarray())


def test_the_reason_has_the_largest_weight() -> None:
    model = SLIM(l1=0.0).fit(drawn(2, 30, 12))
    weights = model.weights_.toarray()
    queries = Queries.from_queries([Query(history=(Act(1), Act(5)))], model.catalogue_)
    shown = np.arange(12, dtype=np.int32)[None, :]
    best = np.where(weights[[1, 5]].max(axis=0) > 0, np.array([1, 5])[weights[[1, 5]].argmax(axis=0)], -1)
    assert model.explain(queries, shown).tolist() == [best.tolist()]


@pytest.mark.parametrize("setting", [{"l1": -1.0}, {"l1": 0.0, "l2": 0.0}, {"neighbours": -1}, {"l2": float("nan")}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="SLIM: expected"):
        SLIM(**setting).fit(checkerboard())  # type: ignore[arg-type]
