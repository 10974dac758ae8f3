"""The expected calibration error: known values, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.metrics.calibration import expected_calibration_error


def test_bins_are_weighed_by_their_share() -> None:
    chances = np.array([0.1, 0.1, 0.1, 0.8])
    came = np.array([False, False, True, True])
    assert expected_calibration_error(chances, came) == pytest.approx((3 * abs(1 / 3 - 0.1) + 0.2) / 4)
    assert expected_calibration_error(chances, came, bins=1) == pytest.approx(abs(1.1 - 2) / 4)
    twice = expected_calibration_error(chances, came, weights=np.array([1.0, 1.0, 1.0, 6.0]))
    assert twice == pytest.approx((3 * abs(1 / 3 - 0.1) + 6 * 0.2) / 9)


def test_true_chances_have_little_and_overconfident_ones_much() -> None:
    true = random(0).random(20_000)
    came = random(1).random(20_000) < true
    odds = np.log(true / (1 - true))
    assert expected_calibration_error(true, came) < 0.02
    assert expected_calibration_error(1 / (1 + np.exp(-3 * odds)), came) > 0.1


def test_ends_are_chances_and_no_rows_are_no_number() -> None:
    assert expected_calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0
    assert np.isnan(expected_calibration_error(np.zeros(0), np.zeros(0, dtype=bool)))


@pytest.mark.parametrize(
    "wrong",
    [{"chances": np.array([1.1])}, {"chances": np.array([np.nan])}, {"bins": 0}, {"happened": np.ones(2, bool)}],
)
def test_what_is_no_chance_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="calibration: expected"):
        expected_calibration_error(**{"chances": np.array([0.5]), "happened": np.array([True]), **wrong})
