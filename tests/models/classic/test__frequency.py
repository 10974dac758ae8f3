"""Half a sweep with a penalty for each row against dense normal equations."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossrec.models.classic._frequency import frequency_of, half_sweep_scaled, penalties
from crossrec.models.classic._gradients import Rows, confidences, half_sweep, vectors_at_random


@given(
    seed=st.integers(0, 10_000),
    users=st.integers(1, 12),
    items=st.integers(2, 15),
    factors=st.integers(1, 9),
    nu=st.floats(0.1, 2),
)
def test_enough_steps_solve_the_normal_equations(seed: int, users: int, items: int, factors: int, nu: float) -> None:
    chance, alpha, l2 = np.random.default_rng(seed), 6.0, 2.0
    seen = sp.csr_array((chance.random((users, items)) < 0.4).astype(np.float32))
    told, other = confidences(seen, alpha), chance.normal(size=(items, factors)).astype(np.float32)
    sizes = np.diff(seen.indptr)
    usual = float(np.mean(sizes + items / alpha))
    penalty = penalties(frequency_of(sizes, items, alpha), usual, l2, nu)
    found = half_sweep_scaled(vectors_at_random(users, factors, seed), other, Rows.of(told), penalty, steps=60)
    wide = other.astype(np.float64)
    for row, weights in enumerate(told.toarray()):
        own = l2 * ((sizes[row] + items / alpha) / usual) ** nu
        system = wide.T @ (wide * (1 + weights)[:, None]) + own * np.eye(factors)
        exact = np.linalg.solve(system, wide.T @ ((weights > 0) * (1 + weights)))
        np.testing.assert_allclose(found[row], exact, atol=5e-3 * max(1.0, np.abs(exact).max()))


def test_with_one_penalty_it_is_the_whitened_sweep() -> None:
    chance = np.random.default_rng(3)
    told = confidences(sp.csr_array((chance.random((30, 20)) < 0.3).astype(np.float32)), 8.0)
    own, other = vectors_at_random(30, 5, 1), chance.normal(size=(20, 5)).astype(np.float32)
    one = half_sweep(own, other, Rows.of(told), l2=1.5, steps=40)
    each = half_sweep_scaled(own, other, Rows.of(told), np.full(30, 1.5, dtype=np.float32), steps=40)
    np.testing.assert_allclose(one, each, atol=1e-3)
