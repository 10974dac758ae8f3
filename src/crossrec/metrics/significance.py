"""How sure: bootstrap intervals, permutation tests and Holm's correction; it is persons that are drawn or flipped."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles
from crossrec.core.errors import InvalidInput

__all__ = [
    "Interval",
    "bootstrap_difference",
    "bootstrap_draws",
    "bootstrap_mean",
    "bootstrap_means",
    "holm",
    "interval_of",
    "permutation_p_values",
]


@dataclass(frozen=True)
class Interval:
    """A mean, how many values it is of, and where it could as well be.

    Args:
        value: The mean; NaN of no values.
        n: Number of values in the mean.
        low: Lower end of the interval.
        high: Upper end.
        p: Two-sided p value of "the mean is 0".
    """

    value: float
    n: int
    low: float
    high: float
    p: float


def bootstrap_mean(
    values: Doubles,
    *,
    persons: NDArray[np.integer] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Give the percentile bootstrap interval of one mean; see `bootstrap_means`.

    >>> bootstrap_mean(np.array([2.0, 2.0, np.nan]))
    Interval(value=2.0, n=2, low=2.0, high=2.0, p=0.001998001998001998)
    """
    return bootstrap_means(values[:, None], persons=persons, resamples=resamples, seed=seed, level=level)[0]


def bootstrap_difference(
    a: Doubles,
    b: Doubles,
    *,
    persons: NDArray[np.integer] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Give the paired bootstrap interval of mean(a - b), row by row of the same question.

    A row in which either value is NaN is left out.

    >>> bootstrap_difference(np.array([1.0, 3.0]), np.array([0.5, 2.5])).value
    0.5
    """
    if a.shape != b.shape:
        raise InvalidInput(f"paired bootstrap: expected the same rows in both, got {a.shape} and {b.shape}")
    return bootstrap_mean(a - b, persons=persons, resamples=resamples, seed=seed, level=level)


def bootstrap_means(
    values: Doubles,
    *,
    persons: NDArray[np.integer] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> list[Interval]:
    """Give the percentile bootstrap interval of the mean of each column.

    Persons are drawn with replacement, each with all of its rows, the same persons for all columns.
    Memory is that of the result, [resamples, M]; the answer does not depend on the number of threads.

    Args:
        values: [N, M]; NaN entries are left out of their column.
        persons: [N] whose row it is, any integers >= 0; None is one person a row.
        resamples: Number of draws R, >= 1.
        seed: Same seed, same draws.
        level: Share of the draws inside the interval, in (0, 1).

    Returns:
        M intervals. p is 2 (1 + the smaller of the number of draws <= 0 and of those >= 0) / (R + 1), at
        most 1; so the smallest p there can be is 2 / (R + 1).

    Raises:
        InvalidInput: resamples < 1, level not in (0, 1), or lengths differ.

    Source: Efron & Tibshirani 1993, sections 13.3 (percentile interval) and 16.4.
    """
    if not 0 < level < 1:
        raise InvalidInput(f"bootstrap: expected 0 < level < 1, got {level}")
    draws = bootstrap_draws(values, persons=persons, resamples=resamples, seed=seed)
    n = (~np.isnan(values)).sum(axis=0)
    totals = np.nansum(values, axis=0)
    means = np.divide(totals, n, out=np.full(len(n), np.nan), where=n > 0)
    return [interval_of(float(means[m]), int(n[m]), draws[:, m], level=level) for m in range(values.shape[1])]


def bootstrap_draws(
    values: Doubles, *, persons: NDArray[np.integer] | None = None, resamples: int = 1000, seed: int = 0
) -> Doubles:
    """Return the means of each column in draws of persons, for figures that are made of several means: ratios.

    Args:
        values: [N, M]; NaN entries are left out of their column.
        persons: [N] whose row it is, as in `bootstrap_means`.
        resamples: Number of draws R, >= 1.
        seed: Same seed, same draws; the same persons in all columns of a draw.

    Returns:
        [R, M]; NaN where no value of a column was drawn.

    Raises:
        InvalidInput: resamples < 1, or lengths differ.
    """
    if resamples < 1:
        raise InvalidInput(f"bootstrap: expected resamples >= 1, got {resamples}")
    sums, counts = _by_person(values, persons)
    draws = np.full((resamples, values.shape[1]), np.nan)
    if len(sums):
        _resample(sums, counts, np.uint64(seed), draws)
    return draws


def interval_of(value: float, n: int, draws: Doubles, *, level: float = 0.95) -> Interval:
    """Read the interval and p of a mean off its draws; a draw without a single value is left out.

    Args:
        value: The mean.
        n: Number of values in it.
        draws: [R] one column of `bootstrap_draws`.
        level: As in `bootstrap_means`.
    """
    draws = draws[~np.isnan(draws)]
    if n == 0 or len(draws) == 0:
        return Interval(float("nan"), n, float("nan"), float("nan"), float("nan"))
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return Interval(value, n, float(low), float(high), min(1.0, 2 * (tail + 1) / (len(draws) + 1)))


def permutation_p_values(
    differences: Doubles, *, persons: NDArray[np.integer] | None = None, resamples: int = 1000, seed: int = 0
) -> Doubles:
    """Give p of "it makes no difference which of two models a value is from" for each column of paired differences.

    If that is so, each person's difference could as well have the other sign. The signs of persons are flipped at
    random, all rows of a person together and the same for all columns; p says how often the sum is then as far from
    0 as it is. Where a table has no more ways to set signs than draws are asked for, each way is taken once.

    Args:
        differences: [N, M] value of a minus value of b; NaN entries are left out of their column.
        persons: [N] whose row it is, any integers >= 0; None is one person a row.
        resamples: Number of draws R, >= 1.
        seed: Same seed, same draws, on any number of threads.

    Returns:
        [M] two-sided p: (1 + draws as far from 0) / (R + 1), or exactly the share of all ways; NaN of no values.

    Raises:
        InvalidInput: resamples < 1, or lengths differ.

    Source: Fisher 1935, section 21; Smucker et al. 2007 compare it with the bootstrap for rankings; Phipson & Smyth
    2010 for the 1 in the fraction.

    Three persons and each better by 1: of eight ways to set the signs two are as far from 0:

    >>> permutation_p_values(np.ones((3, 1)))
    array([0.25])
    """
    if resamples < 1:
        raise InvalidInput(f"permutation: expected resamples >= 1, got {resamples}")
    sums, counts = _by_person(differences, persons)
    exact = 2 ** min(len(sums), 62) <= resamples
    draws = np.zeros((2 ** len(sums) if exact else resamples, sums.shape[1]))
    _flip(sums, np.uint64(seed), exact, draws)
    rounding = 1e-12 * np.abs(sums).sum(axis=0)
    extreme = (np.abs(draws) >= np.abs(sums.sum(axis=0)) - rounding).sum(axis=0)
    p_values = extreme / len(draws) if exact else (extreme + 1) / (len(draws) + 1)
    return np.asarray(np.where(counts.any(axis=0), p_values, np.nan))


def holm(p_values: Doubles) -> Doubles:
    """Correct p values for their number, so that a false "differs" among all of them is as rare as p says.

    Args:
        p_values: [M], NaN entries stay and are not counted.

    Returns:
        [M] in the same order: the i-th smallest (from 0) times M - i, never less than that of a smaller one, at
        most 1.

    Source: Holm 1979.

    Thrice .01, twice .03, once .04, which is raised to what the second has:

    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p_values)  # NaN goes last
    count = int((~np.isnan(p_values)).sum())
    rising = order[:count]
    corrected = np.full(len(p_values), np.nan)
    corrected[rising] = np.minimum(np.maximum.accumulate(p_values[rising] * np.arange(count, 0, -1)), 1.0)
    return corrected


def _by_person(values: Doubles, persons: NDArray[np.integer] | None) -> tuple[Doubles, Doubles]:
    """Add the rows of each person up: [C, M] sums and [C, M] counts; persons without a value are left out."""
    if persons is not None and len(persons) != len(values):
        raise InvalidInput(f"persons: expected one a row ({len(values)}), got {len(persons)}")
    known = ~np.isnan(values)
    sums, counts = np.where(known, values, 0.0), known.astype(np.float64)
    if persons is not None:
        _, codes = np.unique(persons, return_inverse=True)
        size = int(codes.max()) + 1 if len(codes) else 0
        sums = _added(codes, sums, size)
        counts = _added(codes, counts, size)
    used = counts.any(axis=1)
    return np.ascontiguousarray(sums[used]), np.ascontiguousarray(counts[used])


def _added(codes: NDArray[np.integer], values: Doubles, size: int) -> Doubles:
    """Add rows of the same code up."""
    columns = [np.bincount(codes, weights=values[:, m], minlength=size) for m in range(values.shape[1])]
    return np.stack(columns, axis=1) if columns else np.zeros((size, 0))


@numba.njit(cache=True, parallel=True, nogil=True)
def _resample(sums: Doubles, counts: Doubles, seed: np.uint64, draws: Doubles) -> None:  # pragma: no cover - compiled
    """Draw as many persons as there are, with replacement, and take the mean of all of their values.

    Each draw has its own SplitMix64 stream (Steele et al. 2014), started from the seed and its number.
    """
    size, width = sums.shape
    for draw in numba.prange(draws.shape[0]):
        total, count = np.zeros(width), np.zeros(width)
        state = _mixed(_mixed(seed) + np.uint64(draw))
        for _ in range(size):
            state += np.uint64(0x9E3779B97F4A7C15)
            person = ((_mixed(state) >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32)
            for column in range(width):
                total[column] += sums[person, column]
                count[column] += counts[person, column]
        for column in range(width):
            if count[column] > 0:
                draws[draw, column] = total[column] / count[column]


@numba.njit(cache=True, parallel=True, nogil=True)
def _flip(sums: Doubles, seed: np.uint64, exact: bool, draws: Doubles) -> None:  # pragma: no cover - compiled
    """Add persons up with random signs, from streams as in `_resample`; exact takes the bits of the draw's number."""
    size, width = sums.shape
    for draw in numba.prange(draws.shape[0]):
        total = np.zeros(width)
        state, bits = _mixed(_mixed(seed) + np.uint64(draw)), np.uint64(draw)
        for person in range(size):
            if not exact and person % 64 == 0:
                state += np.uint64(0x9E3779B97F4A7C15)
                bits = _mixed(state)
            sign = 1.0 if (bits >> np.uint64(person % 64)) & np.uint64(1) else -1.0
            for column in range(width):
                total[column] += sign * sums[person, column]
        draws[draw] = total


@numba.njit(cache=True, inline="always")
def _mixed(state: np.uint64) -> np.uint64:  # pragma: no cover - compiled
    """Scramble 64 bits."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
