"""ALS against dense normal equations, and its promises."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numba
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, NotFitted
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Query
from crossrec.models.boards import checkerboard
from crossrec.models.classic._gradients import Rows, confidences, half_sweep, implicit_loss, vectors_at_random
from crossrec.models.classic.als import ALS


def cells(seed: int, users: int, items: int) -> sp.csr_array:
    chance = np.random.default_rng(seed)
    return sp.csr_array((chance.random((users, items)) < 0.3).astype(np.float32))


def solved_densely(other: np.ndarray, weights: np.ndarray, l2: float) -> np.ndarray:
    """Solve the normal equations of Hu et al. 2008, equation 4, for each row."""
    other, out = other.astype(np.float64), []
    for row in weights:
        told = (row > 0).astype(np.float64)
        system = other.T @ (other * (1 + row)[:, None]) + l2 * np.eye(other.shape[1])
        out.append(np.linalg.solve(system, other.T @ (told * (1 + row))))
    return np.array(out)


def dense_loss(users: np.ndarray, items: np.ndarray, weights: np.ndarray, l2: float) -> float:
    wanted = (weights > 0).astype(np.float64)
    errors = (1 + weights) * (wanted - users.astype(np.float64) @ items.astype(np.float64).T) ** 2
    return float(errors.sum() + l2 * ((users.astype(np.float64) ** 2).sum() + (items.astype(np.float64) ** 2).sum()))


@given(
    seed=st.integers(0, 10_000),
    users=st.integers(1, 12),
    items=st.integers(2, 15),
    factors=st.integers(1, 9),
    alpha=st.floats(0.5, 40),
    l2=st.floats(0.05, 20),
)
def test_enough_steps_solve_the_normal_equations(
    seed: int, users: int, items: int, factors: int, alpha: float, l2: float
) -> None:
    told = confidences(cells(seed, users, items), alpha)
    other = np.random.default_rng(seed).normal(size=(items, factors)).astype(np.float32)
    start = vectors_at_random(users, factors, seed)
    found = half_sweep(start, other, Rows.of(told), l2=l2, steps=60)
    exact = solved_densely(other, told.toarray(), l2)
    exact[np.diff(told.indptr) == 0] = 0
    np.testing.assert_allclose(found, exact, atol=5e-3 * max(1.0, np.abs(exact).max()))


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), l2=st.floats(0.1, 5))
def test_the_loss_is_that_of_all_cells_and_never_rises(seed: int, l2: float) -> None:
    told = confidences(cells(seed, 11, 13), 8.0)
    by_user, by_item = Rows.of(told), Rows.of(sp.csr_array(told.T.tocsr()))
    users, items = vectors_at_random(11, 4, seed), vectors_at_random(13, 4, seed + 1)
    losses = []
    for _ in range(6):
        users = half_sweep(users, items, by_user, l2=l2, steps=3)
        items = half_sweep(items, users, by_item, l2=l2, steps=3)
        losses.append(implicit_loss(users, items, told, l2))
        assert losses[-1] == pytest.approx(dense_loss(users, items, told.toarray(), l2), rel=1e-5)
    assert all(after <= before * (1 + 1e-4) for before, after in pairwise(losses))


def test_a_history_is_served_with_the_vector_that_its_user_had_in_training() -> None:
    board = checkerboard()
    model = ALS(factors=6, epochs=30, cg_steps=20).fit(board)
    weights = board.csr().toarray() * model.alpha
    users = solved_densely(model.items_, weights, model.l2)
    scores = model.score(model.histories_.queries(board.user_ids.series.to_list()))
    same = np.add.outer(np.arange(24), np.arange(24)) % 2 == 0
    np.testing.assert_allclose(scores.values, np.where(same, users @ model.items_.T, 0), atol=2e-3)


def test_threads_change_no_bit() -> None:
    board, before = checkerboard(), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = ALS(factors=7, epochs=4).fit(board)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one.items_, ALS(factors=7, epochs=4).fit(board).items_)


def test_another_seed_is_another_start() -> None:
    board = checkerboard()
    first, second = (ALS(factors=5, epochs=1, seed=seed).fit(board).items_ for seed in (0, 1))
    assert np.abs(first - second).max() > 1e-4


def test_weights_count_only_when_asked_for() -> None:
    frame = pl.DataFrame({"user_id": ["a", "a", "b", "b"], "item_id": ["x", "y", "x", "z"], "weight": [9.0, 1, 1, 1]})
    data = Interactions.from_frame(frame)
    flat = Interactions.from_frame(frame.with_columns(weight=pl.lit(1.0)))
    plain, weighed = ALS(factors=2, epochs=5), ALS(factors=2, epochs=5, by_weight=True)
    np.testing.assert_array_equal(replace(plain).fit(data).items_, replace(plain).fit(flat).items_)
    heavy, light = (replace(weighed).fit(part).items_ for part in (data, flat))
    assert np.abs(heavy - light).max() > 1e-3


def test_the_reason_is_the_largest_of_the_terms_that_add_up_to_the_score() -> None:
    model = ALS(factors=4, epochs=10).fit(checkerboard())
    history = [0, 2, 7]
    queries = model.histories_.acts[:0]
    queries = type(queries).from_queries(
        [Query(history=tuple(Act(f"i{code:03d}") for code in history)), Query()], model.catalogue_
    )
    shown = np.array([[4, 9, -1], [1, 2, 3]], dtype=np.int32)
    mine = model.items_[history].astype(np.float64)
    system = model.items_.astype(np.float64).T @ model.items_ + model.l2 * np.eye(4) + model.alpha * mine.T @ mine
    terms = (1 + model.alpha) * mine @ np.linalg.solve(system, model.items_.T)
    np.testing.assert_allclose(terms.sum(axis=0), model.score(queries).values[0], atol=1e-3)
    reasons = model.explain(queries, shown)
    assert reasons[0].tolist() == [history[int(terms[:, code].argmax())] for code in (4, 9)] + [-1]
    assert reasons[1].tolist() == [-1, -1, -1]


def test_similar_items_share_the_parity_and_leave_the_item_out() -> None:
    similar = ALS(factors=4).fit(checkerboard()).similar(["i003"], k=8).ids()[0]
    assert "i003" not in similar and len(similar) == 8
    assert all(int(str(item)[1:]) % 2 == 1 for item in similar)


@pytest.mark.parametrize("setting", [{"factors": 0}, {"epochs": 0}, {"l2": 0.0}, {"alpha": -1.0}, {"cg_steps": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="ALS: expected"):
        ALS(**setting).fit(checkerboard())  # type: ignore[arg-type]


@pytest.mark.parametrize("nu", [0.0, 0.5, 1.0])
def test_a_score_is_the_sum_of_its_explained_terms_with_any_penalty(nu: float) -> None:
    """A score is that of the history's normal equations, each history with the penalty of its frequency."""
    board = checkerboard()
    model = ALS(factors=6, epochs=4, l2=2.0, nu=nu).fit(board)
    seen, items = board.csr().toarray(), model.items_.astype(np.float64)
    sizes, alpha = seen.sum(axis=1), 10.0
    frequency = sizes + len(items) / alpha
    for user in (0, 5):
        penalty = 2.0 * (frequency[user] / frequency.mean()) ** nu
        system = items.T @ (items * (1 + alpha * seen[user])[:, None]) + penalty * np.eye(6)
        vector = np.linalg.solve(system, items.T @ (seen[user] * (1 + alpha)))
        found = model.score(model.histories_.queries([f"u{user:03d}"])).values[0]
        wanted = items @ vector * (model.blocks_ == model.blocks_[user % 2])
        np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_a_bundle_of_before_the_penalty_by_frequency_answers_as_it_did() -> None:
    model = ALS(epochs=3).fit(checkerboard())
    before = model.score(model.histories_.queries(["u003"])).values
    del model.spectrum_, model.usual_
    model.nu = 1.0  # whatever the default is today
    np.testing.assert_array_equal(model.score(model.histories_.queries(["u003"])).values, before)


def test_nu_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"expected nu in \[0, 2\], got -0.5"):
        ALS(nu=-0.5).fit(checkerboard())


def test_a_product_of_vectors_is_the_score() -> None:
    for nu in (0.0, 0.5):
        model = ALS(factors=4, nu=nu).fit(checkerboard())
        everyone = model.histories_.acts
        values = model.score(everyone).values
        joined = values != 0  # items that nobody joins with the history are silenced
        products = model.embed(everyone) @ model.item_vectors().T
        assert joined.any() and np.allclose(products[joined], values[joined], atol=1e-5)
    with pytest.raises(NotFitted):
        ALS().item_vectors()
