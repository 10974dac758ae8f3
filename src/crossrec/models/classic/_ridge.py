"""Half a sweep of biased matrix factorisation: a ridge solution for each row, with its uncertainty."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Doubles, Floats, Offsets, threads_for
from crossrec.core.clock import random
from crossrec.models.progress import tracked

__all__ = ["HELD", "Side", "Swept", "expected_error", "less", "prior_of", "solve_side", "swept"]

HELD = 10
"""Sweeps before variances are re-estimated: dimensions that have not found their way yet would pass for noise."""
_AT_ONCE, _CHUNK = 4, 64
"""Rows of a system's sum that are added in one turn, and rows of ratings that one thread takes at a time."""


class Side(NamedTuple):
    """Vectors of users or of items with a bias in the last column, and how sure they are.

    Args:
        means: Float64[R, D + 1].
        variances: Float64[R, D + 1], > 0.
    """

    means: Doubles
    variances: Doubles


class Swept(NamedTuple):
    """What sweeps over users and items end with.

    Args:
        items: The items.
        prior: Float64[D + 1] variance of each dimension of a user, and of the bias, before any rating is seen.
        noise: Variance of a rating around its prediction.
    """

    items: Side
    prior: Doubles
    noise: float


def swept(centred: sp.csr_array, factors: int, epochs: int, *, seed: int) -> Swept:
    """Fit both sides and the variances in turn.

    Args:
        centred: [U, I] CSR of ratings less their mean, at least one.
        factors: D, >= 1.
        epochs: Sweeps over users and items, >= 1.
        seed: Fixes the vectors at the start.
    """
    by_item = sp.csr_array(centred.T.tocsr())
    size, chance = factors + 1, random(seed)
    start = chance.normal(0.0, 0.1, (by_item.shape[0], size))
    start[:, -1] = 0.0
    items = Side(start, np.zeros_like(start))
    spread = float(np.var(centred.data)) or 1.0
    noise, of_users, of_items = spread, np.full(size, 1.0), np.full(size, 0.1)
    of_users[-1], of_items[-1] = 0.2 * spread, 0.3 * spread
    for epoch in tracked("epochs", range(epochs)):
        users = solve_side(centred, items, of_users, noise)
        items = solve_side(by_item, users, of_items, noise)
        if epoch < min(HELD, epochs // 2):
            continue
        of_users, of_items = prior_of(users, centred), prior_of(items, by_item)
        noise = max(expected_error(centred, users, items), 1e-4 * spread)
    return Swept(items, of_users, noise)


def solve_side(ratings: sp.csr_array, other: Side, prior: Doubles, noise: float, centre: Doubles | None = None) -> Side:
    """Solve every row's vector and bias, the other side being fixed.

    Args:
        ratings: [R, C] CSR of ratings less their mean.
        other: The other side, C rows.
        prior: Float64[D + 1] variance of each dimension, and of the bias, before any rating is seen.
        noise: Variance of a rating around its prediction, > 0.
        centre: Float64[R, D + 1] mean of each row before any rating is seen; None is 0.

    Returns:
        Means and variances; a row without ratings has the prior's.
    """
    shape = (ratings.shape[0], len(prior))
    means, variances = np.zeros(shape) if centre is None else centre.copy(), np.empty(shape)
    parts = ratings.indptr.astype(np.int64), ratings.indices.astype(np.int32, copy=False)
    told = ratings.data.astype(np.float64)
    work = 0 if len(means) == 1 else len(told) * len(prior) ** 2
    with threads_for(work), numba.parallel_chunksize(_CHUNK):  # rows are skewed: who is done takes the next chunk
        _solve_rows(*parts, told, other.means, other.variances, prior, noise, means, variances)
    return Side(means, variances)


def expected_error(ratings: sp.csr_array, users: Side, items: Side) -> float:
    """Return the mean squared error that is to be expected, the uncertainty of both sides counted.

    Args:
        ratings: [U, I] CSR of ratings less their mean.
        users: U rows.
        items: I rows.
    """
    errors = np.zeros(ratings.shape[0])
    parts = ratings.indptr.astype(np.int64), ratings.indices.astype(np.int32, copy=False)
    _add_errors(*parts, ratings.data.astype(np.float64), *users, *items, errors)
    return float(errors.sum() / max(1, ratings.nnz))


def less(rated: sp.csr_array, amount: float | Floats) -> sp.csr_array:
    """Subtract a number, or one a cell, from every rating; a rating that becomes 0 stays a stored zero."""
    return sp.csr_array(
        (rated.data - np.asarray(amount, dtype=np.float32), rated.indices, rated.indptr), shape=rated.shape
    )


def prior_of(side: Side, ratings: sp.csr_array) -> Doubles:
    """Re-estimate the prior, Float64[D + 1], from the rows that have ratings."""
    rows = np.diff(ratings.indptr) > 0
    found: Doubles = np.mean(side.means[rows] ** 2 + side.variances[rows], axis=0)
    return np.maximum(found, 1e-8)


@numba.njit(cache=True, parallel=True, nogil=True)
def _solve_rows(
    indptr: Offsets,
    codes: Codes,
    ratings: Doubles,
    vectors: Doubles,
    doubts: Doubles,
    prior: Doubles,
    noise: float,
    means: Doubles,
    variances: Doubles,
) -> None:  # pragma: no cover - compiled
    """Solve (1 / prior + (F'F + doubts) / noise) x = F'r / noise + centre / prior; F has a 1 in the bias's place.

    `means` holds the centres when it begins.
    """
    size = len(prior)
    for row in numba.prange(len(indptr) - 1):
        system, right, doubt = np.zeros((size, size)), np.zeros(size), np.zeros(size)
        start, stop = indptr[row], indptr[row + 1]
        features = np.zeros((-(-(stop - start) // _AT_ONCE) * _AT_ONCE, size))
        for at in range(start, stop):
            feature, item, unsure = features[at - start], vectors[codes[at]], doubts[codes[at]]
            feature[:] = item
            feature[size - 1] = 1.0
            rest = ratings[at] - item[size - 1]
            for i in range(size):
                right[i] += feature[i] * rest
                doubt[i] += unsure[i]
        doubt[size - 1] = 0.0
        _add_squares(features, system)
        for i in range(size):
            line = system[i, i:]
            for j in range(len(line)):
                line[j] /= noise
            right[i] = right[i] / noise + means[row, i] / prior[i]
            line[0] += doubt[i] / noise + 1.0 / prior[i]
            variances[row, i] = 1.0 / line[0]
        _solve_in_place(system, right)
        means[row] = right


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _add_squares(features: Doubles, system: Doubles) -> None:  # pragma: no cover - compiled
    """Add F'F to the upper triangle, four rows of F a turn, so that each load and store of the sum serves four.

    Rows are cut before they are walked: from a start that it does not know, the compiler makes no wide steps.
    """
    for at in range(0, len(features), _AT_ONCE):
        for i in range(len(system)):
            line, first, second = system[i, i:], features[at, i:], features[at + 1, i:]
            third, fourth = features[at + 2, i:], features[at + 3, i:]
            a, b, c, d = first[0], second[0], third[0], fourth[0]
            for j in range(len(line)):
                line[j] += a * first[j] + b * second[j] + c * third[j] + d * fourth[j]


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _solve_in_place(system: Doubles, right: Doubles) -> None:  # pragma: no cover - compiled
    """Solve a positive definite system, of which the upper triangle is read, by Cholesky; four rows a turn too."""
    size = len(right)
    for i in range(size):
        line, fours = system[i, i:], i // _AT_ONCE * _AT_ONCE
        for k in range(0, fours, _AT_ONCE):
            first, second, third, fourth = system[k, i:], system[k + 1, i:], system[k + 2, i:], system[k + 3, i:]
            a, b, c, d = first[0], second[0], third[0], fourth[0]
            for j in range(len(line)):
                line[j] -= a * first[j] + b * second[j] + c * third[j] + d * fourth[j]
        for k in range(fours, i):
            above = system[k, i:]
            a = above[0]
            for j in range(len(line)):
                line[j] -= a * above[j]
        root = 1.0 / np.sqrt(line[0])
        for j in range(len(line)):
            line[j] *= root
    for i in range(size):
        line, rest = system[i, i:], right[i:]
        rest[0] /= line[0]
        for j in range(1, len(line)):
            rest[j] -= line[j] * rest[0]
    for i in range(size - 1, -1, -1):
        line, rest = system[i, i:], right[i:]
        total = rest[0]
        for j in range(1, len(line)):
            total -= line[j] * rest[j]
        rest[0] = total / line[0]


@numba.njit(cache=True, parallel=True, nogil=True)
def _add_errors(
    indptr: Offsets,
    codes: Codes,
    ratings: Doubles,
    users: Doubles,
    user_doubts: Doubles,
    items: Doubles,
    item_doubts: Doubles,
    errors: Doubles,
) -> None:  # pragma: no cover - compiled
    """Sum squared errors and the variance of the prediction, user by user."""
    last = users.shape[1] - 1
    for row in numba.prange(len(indptr) - 1):
        total = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            code = codes[at]
            rest = ratings[at] - users[row, last] - items[code, last]
            doubt = user_doubts[row, last] + item_doubts[code, last]
            for k in range(last):
                p, q, s, t = users[row, k], items[code, k], user_doubts[row, k], item_doubts[code, k]
                rest -= p * q
                doubt += s * t + p * p * t + q * q * s
            total += rest * rest + doubt
        errors[row] = total
