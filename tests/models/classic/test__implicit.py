"""Pulls of items against a dense ridge regression."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossrec.models.classic._implicit import Implicit, cell_products, explained


@given(seed=st.integers(0, 10_000), users=st.integers(1, 15), items=st.integers(1, 10))
def test_enough_steps_solve_the_ridge_regression(seed: int, users: int, items: int) -> None:
    chance = np.random.default_rng(seed)
    dense = chance.random((users, items)) * (chance.random((users, items)) < 0.5)
    dense[0, 0] = 1.0
    vectors, prior, rest = chance.normal(size=(users, 3)), np.array([0.5, 1.0, 2.0]), np.array([0.3, 1.0, 0.7])
    shares, found = sp.csr_array(dense), Implicit(np.zeros((items, 3)), prior)
    for _ in range(60):
        found = Implicit(explained(shares, sp.csr_array(dense.T), vectors, found, rest).vectors, prior)
    for d in range(3):
        system = dense.T @ dense + rest[d] / prior[d] * np.eye(items)
        np.testing.assert_allclose(found.vectors[:, d], np.linalg.solve(system, dense.T @ vectors[:, d]), atol=1e-6)


def test_the_prior_counts_the_doubt_about_what_was_had() -> None:
    shares = sp.csr_array(np.array([[1.0, 0.0], [1.0, 0.0]]))
    start = Implicit(np.zeros((2, 1)), np.array([1.0]))
    found = explained(shares, sp.csr_array(shares.T), np.array([[0.6], [0.6]]), start, np.array([1.0]))
    np.testing.assert_allclose(found.vectors, [[0.4], [0.0]])
    np.testing.assert_allclose(found.prior, [0.4**2 + 1 / 3])


def test_products_are_those_of_the_stored_cells() -> None:
    cells = sp.csr_array(np.array([[0.0, 2.0], [1.0, 3.0]]))
    users, items = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.5, 9.0], [2.0, 1.0, 9.0]])
    assert cell_products(cells, users, items).tolist() == [4.0, 5.0, 10.0]
