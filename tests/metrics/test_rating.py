"""RMSE and MAE."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.metrics.rating import mae, rmse


def test_by_hand() -> None:
    predicted, actual = np.array([1, 2, 5], np.float32), np.array([2, 2, 2], np.float32)
    assert rmse(predicted, actual) == pytest.approx((10 / 3) ** 0.5)
    assert mae(predicted, actual) == pytest.approx(4 / 3)


@pytest.mark.parametrize("error", [rmse, mae])
def test_no_ratings_have_no_error(error: Callable[[np.ndarray, np.ndarray], float]) -> None:
    assert np.isnan(error(np.empty(0), np.empty(0)))


@pytest.mark.parametrize("error", [rmse, mae])
def test_bad_values_are_named(error: Callable[[np.ndarray, np.ndarray], float]) -> None:
    with pytest.raises(InvalidInput, match="row 1"):
        error(np.array([1.0, np.nan]), np.array([1.0, 2.0]))
    with pytest.raises(InvalidInput, match="one prediction a rating"):
        error(np.array([1.0]), np.array([1.0, 2.0]))
