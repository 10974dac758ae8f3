"""Errors of predicted ratings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles
from crossrec.core.errors import InvalidInput

__all__ = ["mae", "rmse"]


def rmse(predicted: NDArray[np.floating], actual: NDArray[np.floating]) -> float:
    """Root of the mean squared error, in stars.

    Args:
        predicted: [N] predicted ratings.
        actual: [N] ratings given.

    Returns:
        A value >= 0; NaN for no ratings.

    Raises:
        InvalidInput: Lengths differ, or a value is not finite.

    >>> rmse(np.array([3.0, 5.0]), np.array([4.0, 4.0]))
    1.0
    """
    return float(np.sqrt(_mean(_errors(predicted, actual) ** 2)))


def mae(predicted: NDArray[np.floating], actual: NDArray[np.floating]) -> float:
    """Mean absolute error, in stars.

    Args:
        predicted: [N] predicted ratings.
        actual: [N] ratings given.

    Returns:
        A value >= 0; NaN for no ratings.

    Raises:
        InvalidInput: Lengths differ, or a value is not finite.

    >>> mae(np.array([3.0, 6.0]), np.array([4.0, 4.0]))
    1.5
    """
    return _mean(np.abs(_errors(predicted, actual)))


def _errors(predicted: NDArray[np.floating], actual: NDArray[np.floating]) -> Doubles:
    """Subtract in double precision, after a check."""
    if predicted.shape != actual.shape:
        raise InvalidInput(f"ratings: expected one prediction a rating, got {predicted.shape} for {actual.shape}")
    errors = predicted.astype(np.float64) - actual.astype(np.float64)
    if not np.isfinite(errors).all():
        row = int(np.argmin(np.isfinite(errors)))
        raise InvalidInput(f"ratings: expected finite values, got {predicted[row]} for {actual[row]} in row {row}")
    return errors


def _mean(values: Doubles) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
