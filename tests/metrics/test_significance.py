"""Bootstrap intervals with known answers."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.metrics.significance import bootstrap_difference, bootstrap_mean, bootstrap_means


@pytest.fixture
def chance() -> np.random.Generator:
    """Anew for each test: one stream for all would give each test other numbers in another order."""
    return np.random.default_rng(3)


def test_no_difference_is_zero_and_sure(chance: np.random.Generator) -> None:
    values = chance.normal(size=50)
    found = bootstrap_difference(values, values)
    assert (found.value, found.low, found.high, found.p, found.n) == (0, 0, 0, 1, 50)


def test_a_constant_difference_is_that_constant(chance: np.random.Generator) -> None:
    values = chance.integers(0, 9, size=50).astype(float)
    found = bootstrap_difference(values + 0.25, values)
    assert (found.value, found.low, found.high) == (0.25, 0.25, 0.25)
    assert found.p == pytest.approx(2 / 1001)
    assert bootstrap_difference(values, values + 0.25).p == found.p


def test_pairing_matters(chance: np.random.Generator) -> None:
    easy = chance.normal(scale=10, size=400)
    better = easy + chance.normal(loc=0.5, scale=1, size=400)
    found = bootstrap_difference(better, easy)
    assert found.low > 0.3
    assert found.high < 0.7
    assert found.p < 0.01
    swapped = bootstrap_difference(better, easy[::-1])
    assert swapped.low < 0 < swapped.high


def test_the_interval_is_near_the_normal_one(chance: np.random.Generator) -> None:
    values = chance.normal(loc=2, size=2000)
    found = bootstrap_mean(values, resamples=4000)
    error = values.std() / len(values) ** 0.5
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    narrow = bootstrap_mean(values, resamples=4000, level=0.5)
    assert narrow.high - narrow.low < 0.5 * (found.high - found.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says(chance: np.random.Generator) -> None:
    samples = chance.binomial(1, 0.3, size=(120, 200)).astype(float)
    covered = [found.low <= 0.3 <= found.high for found in bootstrap_means(samples, resamples=400)]
    assert 0.88 <= np.mean(covered) <= 0.995


def test_same_seed_same_draws_on_any_number_of_threads(chance: np.random.Generator) -> None:
    values = chance.normal(size=300)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = bootstrap_mean(values, seed=5)
    finally:
        numba.set_num_threads(before)
    assert bootstrap_mean(values, seed=5) == alone
    assert bootstrap_mean(values, seed=6) != alone


def test_missing_values_are_left_out_of_their_column() -> None:
    table = np.array([[1.0, np.nan], [1.0, 4.0], [np.nan, np.nan]])
    first, second = bootstrap_means(table)
    assert (first.value, first.n, second.value, second.n) == (1.0, 2, 4.0, 1)
    alone = bootstrap_mean(np.array([1.0, 4.0, np.nan]))
    assert alone == bootstrap_mean(np.array([1.0, 4.0]))


def test_nothing_has_no_interval() -> None:
    assert np.isnan(bootstrap_mean(np.array([np.nan])).value)
    found = bootstrap_mean(np.empty(0))
    assert found.n == 0
    assert np.isnan([found.value, found.low, found.high, found.p]).all()
    only_one = bootstrap_means(np.array([[1.0, np.nan]]))
    assert np.isnan(only_one[1].low)


def test_rows_of_a_person_are_drawn_together(chance: np.random.Generator) -> None:
    values = chance.normal(size=100)
    apart = bootstrap_mean(values)
    copied = np.repeat(values, 4)
    together = bootstrap_mean(copied, persons=np.repeat(np.arange(100), 4))
    assert together.low == pytest.approx(apart.low)
    assert together.high == pytest.approx(apart.high)
    assert together.n == 400
    wrong = bootstrap_mean(copied)
    assert wrong.high - wrong.low < 0.7 * (apart.high - apart.low)


def test_the_mean_is_over_rows_not_over_persons() -> None:
    found = bootstrap_mean(np.array([1.0, 1.0, 1.0, 5.0]), persons=np.array([7, 7, 7, 2]))
    assert found.value == 2.0
    assert (found.low, found.high) == (1.0, 5.0)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="resamples"):
        bootstrap_mean(np.ones(2), resamples=0)
    with pytest.raises(InvalidInput, match="level"):
        bootstrap_mean(np.ones(2), level=1.0)
    with pytest.raises(InvalidInput, match="persons"):
        bootstrap_mean(np.ones(2), persons=np.zeros(3, np.int64))
    with pytest.raises(InvalidInput, match="same rows"):
        bootstrap_difference(np.ones(2), np.ones(3))
