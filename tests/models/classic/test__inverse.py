from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.models.classic._inverse import change, invert


@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 1000))
def test_in_parts_or_at_once_it_is_the_inverse(size: int, largest: int, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(size + 5, size)).astype(np.float32)
    matrix = np.asfortranarray(rows.T @ rows + np.eye(size, dtype=np.float32))
    expected = np.linalg.inv(matrix.astype(np.float64))
    invert(matrix, largest)
    np.testing.assert_allclose(matrix, expected, atol=2e-4 * np.abs(expected).max())
    np.testing.assert_allclose(matrix, matrix.T, atol=2e-5 * np.abs(expected).max())


def test_a_view_is_filled_too() -> None:
    whole = np.zeros((8, 8), dtype=np.float32)
    whole[2:6, 2:6] = 2 * np.eye(4)
    invert(whole[2:6, 2:6])
    np.testing.assert_allclose(whole[2:6, 2:6], 0.5 * np.eye(4), atol=1e-6)
    assert np.count_nonzero(whole) == 4


@pytest.mark.parametrize("largest", [10, 1])
def test_a_matrix_that_is_not_positive_definite_is_refused(largest: int) -> None:
    with pytest.raises(InvalidInput, match="raise l2"):
        invert(np.asfortranarray([[1.0, 2.0], [2.0, 1.0]], dtype=np.float32), largest)


def test_a_changed_inverse_is_that_of_the_changed_matrix() -> None:
    chance = np.random.default_rng(0)
    before, more = ((chance.random((12, 50)) < 0.2).astype(np.float32) for _ in range(2))
    before[3] = 0  # someone new
    after = np.maximum(before, more)
    rest = (chance.random((200, 50)) < 0.1).astype(np.float32)
    gram = rest.T @ rest + before.T @ before + 5 * np.eye(50, dtype=np.float32)
    found = np.linalg.inv(gram.astype(np.float64)).astype(np.float32)
    change(found, sp.csr_array(before), sp.csr_array(after))
    exact = np.linalg.inv((gram - before.T @ before + after.T @ after).astype(np.float64))
    np.testing.assert_allclose(found, exact, atol=2e-6)


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_inverse_that_only_learns_keeps_its_order_and_symmetry(order: str) -> None:
    chance = np.random.default_rng(1)
    rest, after = ((chance.random((count, 150)) < 0.1).astype(np.float32) for count in (300, 20))
    gram = rest.T @ rest + 5 * np.eye(150, dtype=np.float32)
    found = np.array(np.linalg.inv(gram.astype(np.float64)), dtype=np.float32, order=order)  # type: ignore[call-overload]
    change(found, sp.csr_array((20, 150), dtype=np.float32), sp.csr_array(after))
    np.testing.assert_allclose(found, np.linalg.inv((gram + after.T @ after).astype(np.float64)), atol=2e-6)
    np.testing.assert_array_equal(found, found.T)
