"""SLIM against a slow elastic net, and its promises."""

from __future__ import annotations

import numba
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from crossrec.core.errors import InvalidInput, OutOfBudget
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Query
from crossrec.models import machine
from crossrec.models.boards import checkerboard
from crossrec.models.classic import slim
from crossrec.models.classic._descent import Together, gram_cells, weights_towards
from crossrec.models.classic._growth import grown
from crossrec.models.classic.slim import SLIM


def cells(seed: int, users: int = 40, items: int = 12) -> sp.csr_array:
    return sp.csr_array((np.random.default_rng(seed).random((users, items)) < 0.3).astype(np.float32))


def loss(weights: np.ndarray, seen: np.ndarray, item: int, l1: float, l2: float) -> float:
    """Equation 4 of the paper for one column, all weights being >= 0."""
    rest = seen[:, item] - seen @ weights
    return float(0.5 * rest @ rest + 0.5 * l2 * weights @ weights + l1 * weights.sum())


def solved_slowly(seen: np.ndarray, item: int, l1: float, l2: float) -> np.ndarray:
    """Minimise it under bounds with a general solver."""
    bounds = [(0, 0 if other == item else None) for other in range(seen.shape[1])]
    start = np.zeros(seen.shape[1])
    return minimize(loss, start, args=(seen, item, l1, l2), bounds=bounds, method="L-BFGS-B", tol=1e-12).x


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), l1=st.floats(0.0, 4), l2=st.floats(0.5, 20))
def test_weights_are_those_of_the_elastic_net(seed: int, l1: float, l2: float) -> None:
    seen = cells(seed)
    found = weights_towards(Together.of(seen), np.arange(12, dtype=np.int32), l1=l1, l2=l2, features=0).toarray()
    dense = seen.toarray().astype(np.float64)
    assert (found >= 0).all() and not np.diag(found).any()
    for item in range(12):
        slow = solved_slowly(dense, item, l1, l2)
        assert loss(found[item].astype(np.float64), dense, item, l1, l2) <= loss(slow, dense, item, l1, l2) + 1e-4
        np.testing.assert_allclose(found[item], slow, atol=5e-3)


def test_a_larger_penalty_leaves_fewer_weights() -> None:
    sizes = [SLIM(l1=l1).fit(checkerboard()).weights_.nnz for l1 in (0.1, 3.0, 9.9, 10.0)]
    assert sizes[0] >= sizes[1] >= sizes[2] > sizes[3] == 0  # two items of a kind have at most ten users in common


def test_a_table_and_single_cells_give_the_same() -> None:
    gram = Together.of(cells(5))
    assert gram.whole.shape == (12, 12)
    columns, nothing = np.arange(12, dtype=np.int32), np.zeros((0, 0), dtype=np.float32)
    table = weights_towards(gram, columns, l1=0.5, l2=2.0, features=0).toarray()
    single = weights_towards(gram._replace(whole=nothing), columns, l1=0.5, l2=2.0, features=0).toarray()
    assert table.any()
    np.testing.assert_allclose(table, single, atol=1e-6)


def test_features_bound_the_weights_towards_an_item_and_are_those_met_most_often() -> None:
    seen = cells(3, items=30)
    gram = Together.of(seen)
    few = weights_towards(gram, np.arange(30, dtype=np.int32), l1=0.0, l2=1.0, features=4)
    assert 0 < np.diff(few.indptr).max() <= 4
    together = seen.toarray().T @ seen.toarray()
    np.fill_diagonal(together, 0)
    for item in range(30):
        chosen = few.indices[few.indptr[item] : few.indptr[item + 1]]
        assert (together[item, chosen] >= np.sort(together[item])[-4]).all()
    every = weights_towards(gram, np.arange(30, dtype=np.int32), l1=0.0, l2=1.0, features=0)
    same = weights_towards(gram, np.arange(30, dtype=np.int32), l1=0.0, l2=1.0, features=29)
    np.testing.assert_array_equal(every.toarray(), same.toarray())


def rows_of(table: sp.csr_array) -> Interactions:
    cells = table.tocoo()
    return Interactions.from_frame(pl.DataFrame({"user_id": cells.row, "item_id": cells.col}))


def test_an_update_solves_for_what_has_changed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    old = sp.csr_array((np.random.default_rng(1).random((120, 60)) < 0.06).astype(np.float32))
    new = sp.csr_array((np.ones(3, np.float32), ([0, 1, 130], [5, 9, 61])), shape=(131, 62))
    solved = []

    def noted(gram: Together, columns: np.ndarray, **settings: float) -> sp.csr_array:
        solved.extend(columns.tolist())
        return weights_towards(gram, columns, **settings)  # type: ignore[arg-type]

    model = SLIM(l1=1.0).fit(rows_of(old))
    fresh = SLIM(l1=1.0).fit(grown(model.histories_, rows_of(new)).data).weights_.toarray()
    assert np.abs(fresh[:60, :60] - model.weights_.toarray()).max() > 0
    monkeypatch.setattr(slim, "weights_towards", noted)
    np.testing.assert_array_equal(model.update(rows_of(new)).weights_.toarray(), fresh)
    assert {5, 9, 61} <= set(model.catalogue_.ids.decode(np.array(solved))) and len(solved) < 30


def test_an_update_after_an_erasure_keeps_no_weight_that_was_learned_from_it() -> None:
    old = sp.csr_array((np.random.default_rng(1).random((120, 60)) < 0.06).astype(np.float32))
    new = rows_of(sp.csr_array((np.ones(1, np.float32), ([0], [5])), shape=(120, 60)))
    model = SLIM(l1=1.0).fit(rows_of(old))
    model.histories_ = model.histories_.forget(7)
    fresh = SLIM(l1=1.0).fit(grown(model.histories_, new).data).weights_.toarray()
    np.testing.assert_array_equal(model.update(new).weights_.toarray(), fresh)


def test_a_score_is_the_sum_of_the_weights_from_the_history() -> None:
    model = SLIM().fit(checkerboard())
    queries = model.histories_.acts[:0]
    queries = type(queries).from_queries([Query(history=(Act("i002"), Act("i007")))], model.catalogue_)
    weights = model.weights_.toarray()
    np.testing.assert_allclose(model.score(queries).values[0], weights[2] + weights[7], rtol=1e-6)


def test_threads_change_no_bit() -> None:
    board, before = checkerboard(), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = SLIM().fit(board).weights_
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one.toarray(), SLIM().fit(board).weights_.toarray())


def test_what_would_not_fit_is_refused_before_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gram_cells(checkerboard().csr()) == 24 * 24  # 24 users of 11 items each have 2,904 pairs
    monkeypatch.setattr(machine, "available_bytes", lambda: 1_000)
    with pytest.raises(OutOfBudget, match="SLIM over 24 items"):
        SLIM().fit(checkerboard())


@pytest.mark.parametrize("setting", [{"l1": -1.0}, {"l2": 0.0}, {"features": -1}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="SLIM: expected"):
        SLIM(**setting).fit(checkerboard())  # type: ignore[arg-type]
