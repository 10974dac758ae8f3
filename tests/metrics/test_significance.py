"""Bootstrap intervals, permutation tests and corrected p values with known answers."""

from __future__ import annotations

from itertools import product

import numba
import numpy as np
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.metrics.significance import (
    bootstrap_difference,
    bootstrap_draws,
    bootstrap_mean,
    bootstrap_means,
    holm,
    permutation_p_values,
)


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
    with pytest.raises(InvalidInput, match="resamples"):
        permutation_p_values(np.ones((2, 1)), resamples=0)
    with pytest.raises(InvalidInput, match="persons"):
        permutation_p_values(np.ones((2, 1)), persons=np.zeros(3, np.int64))


def test_few_persons_are_permuted_in_every_way(chance: np.random.Generator) -> None:
    differences = chance.integers(-2, 4, size=(6, 3)).astype(float)
    every = np.array(list(product((-1, 1), repeat=6))) @ differences
    expected = (np.abs(every) >= np.abs(differences.sum(axis=0))).mean(axis=0)
    assert permutation_p_values(differences) == pytest.approx(expected)
    assert permutation_p_values(differences, seed=9) == pytest.approx(expected)


def test_drawn_signs_come_near_to_every_way(chance: np.random.Generator) -> None:
    differences = chance.normal(loc=0.5, size=(10, 4))
    exact = permutation_p_values(differences, resamples=1024)
    drawn = np.mean([permutation_p_values(differences, resamples=1000, seed=seed) for seed in range(30)], axis=0)
    assert drawn == pytest.approx(exact, abs=0.01)
    assert (drawn != exact).any()


def test_p_is_evenly_spread_where_nothing_differs(chance: np.random.Generator) -> None:
    found = permutation_p_values(chance.normal(size=(100, 400)), resamples=400)
    assert 0.02 < (found <= 0.05).mean() < 0.09
    assert 0.4 < found.mean() < 0.6


def test_the_smallest_p_is_one_in_all_draws() -> None:
    assert permutation_p_values(np.ones((200, 1)), resamples=999).tolist() == [0.001]
    assert permutation_p_values(np.zeros((200, 1))).tolist() == [1.0]


def test_the_rows_of_a_person_get_one_sign(chance: np.random.Generator) -> None:
    differences = chance.normal(loc=0.1, size=(80, 1))
    together = permutation_p_values(np.repeat(differences, 4, axis=0), persons=np.repeat(np.arange(80), 4))
    assert together == pytest.approx(permutation_p_values(differences))
    assert permutation_p_values(np.repeat(differences, 4, axis=0)) < together


def test_permutations_leave_missing_values_out() -> None:
    table = np.array([[1.0, np.nan, np.nan], [1.0, 4.0, np.nan], [1.0, np.nan, np.nan]])
    found = permutation_p_values(table)
    assert found[:2].tolist() == [0.25, 1.0]
    assert np.isnan(found[2])
    assert np.isnan(permutation_p_values(np.empty((0, 2)))).all()


def test_permutations_are_the_same_on_any_number_of_threads(chance: np.random.Generator) -> None:
    differences = chance.normal(loc=0.1, size=(300, 2))
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = permutation_p_values(differences, seed=5)
    finally:
        numba.set_num_threads(before)
    assert (permutation_p_values(differences, seed=5) == alone).all()


def test_holm_by_hand() -> None:
    assert holm(np.array([0.5, 0.01, 0.02, 0.9])) == pytest.approx([1.0, 0.04, 0.06, 1.0])
    assert holm(np.array([0.02, np.nan, 0.01])) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)
    assert holm(np.empty(0)).tolist() == []


def test_holm_keeps_a_false_alarm_as_rare_as_it_says(chance: np.random.Generator) -> None:
    tables = chance.random((2000, 10))
    alarms = [(holm(row) <= 0.05).any() for row in tables]
    assert 0.03 < np.mean(alarms) < 0.07
    assert np.mean((tables <= 0.05).any(axis=1)) > 0.3


def test_draws_are_of_the_same_persons_in_all_columns() -> None:
    values = np.random.default_rng(0).uniform(size=(30, 1)) * [1.0, 2.0, np.nan]
    draws = bootstrap_draws(values, resamples=50)
    assert draws[:, 1] == pytest.approx(2 * draws[:, 0]) and np.isnan(draws[:, 2]).all()
    low, high = np.quantile(draws[:, 0], [0.025, 0.975])
    found = bootstrap_mean(values[:, 0], resamples=50)
    assert (found.low, found.high) == (low, high)
    with pytest.raises(InvalidInput, match="resamples >= 1, got 0"):
        bootstrap_draws(values, resamples=0)
