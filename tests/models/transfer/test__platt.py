"""Platt scaling: finds the line it was made with, and never turns an order round."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.core.clock import random
from crossrec.models.transfer._platt import platt


def test_the_line_that_outcomes_came_from_is_found() -> None:
    chance = random(0)
    logits = chance.normal(0, 2, 20_000)
    came = chance.random(20_000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))
    assert platt(logits, came, np.ones(20_000), (1.0, 0.0)) == pytest.approx((0.5, -1.0), abs=0.05)


def test_a_row_of_weight_ten_is_ten_rows() -> None:
    chance = random(1)
    logits = chance.normal(0, 1, 2_000)
    came = chance.random(2_000) < 0.3
    weights = np.where(came, 1.0, 10.0)
    rows = np.repeat(np.arange(2_000), weights.astype(int))
    found = platt(logits, came, weights, (1.0, 0.0))
    assert found == pytest.approx(platt(logits[rows], came[rows], np.ones(len(rows)), (1.0, 0.0)), abs=1e-3)


def test_outcomes_against_the_order_make_it_flat_and_few_change_nothing() -> None:
    chance = random(2)
    logits = chance.normal(0, 2, 1_000)
    came = chance.random(1_000) < 1 / (1 + np.exp(logits))
    assert platt(logits, came, np.ones(1_000), (1.0, 0.0))[0] == pytest.approx(0.05)
    assert platt(logits, np.arange(1_000) < 19, np.ones(1_000), (1.0, -2.0)) == (1.0, -2.0)
