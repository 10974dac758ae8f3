"""How alike two sets of vectors of the same things are, whose axes have nothing to do with one another.

Row n of both is the same person. Kernel alignment, canonical correlation and Procrustes' rotation do not change when
either side is rotated, neighbours do not either; the plain cosine does, and says nothing between unaligned spaces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Doubles
from crossrec.core.errors import InvalidInput

__all__ = [
    "canonical_correlations",
    "cosines",
    "debiased_cka",
    "linear_cka",
    "nearest",
    "neighbour_overlaps",
    "procrustes_cosines",
    "shuffled_neighbours",
    "unit_rows",
]

_NOTHING = 1e-12


def linear_cka(x: Doubles, y: Doubles) -> float:
    """Return the linear centred kernel alignment of two sets of vectors, in [0, 1]; NaN where one does not vary.

    1 where one is the other rotated and stretched alike on all axes. It grows with D / N: read it beside what
    shuffled rows give.

    Args:
        x: Float64[N, D].
        y: Float64[N, E], row n being of the same person.

    Raises:
        InvalidInput: Different numbers of rows.

    Source: Kornblith et al. 2019, "Similarity of neural network representations revisited", equation 4 and section
    3: |Y'X|² / (|X'X| |Y'Y|), Frobenius norms of centred columns.

    >>> x = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [0.0, -2.0]])
    >>> round(linear_cka(x, 3 * x[:, ::-1]), 6)
    1.0
    """
    x, y = _centred(x, y)
    together = float(np.square(_gram(x, y)).sum())
    alone = float(np.linalg.norm(_gram(x, x)) * np.linalg.norm(_gram(y, y)))
    return together / alone if alone > _NOTHING else float("nan")


def debiased_cka(x: Doubles, y: Doubles) -> float:
    """Return the linear centred kernel alignment without the part that grows with D / N; NaN where one does not vary.

    1 where one is the other rotated and stretched alike on all axes, about 0 where they have nothing in common, and a
    little below 0 by chance.

    Args:
        x: Float64[N, D], N >= 4.
        y: Float64[N, E], row n being of the same person.

    Raises:
        InvalidInput: Different numbers of rows, or fewer than four.

    Source: Song et al. 2012, "Feature selection via dependence maximization", equation 5, in place of both sums of
    `linear_cka`, as Nguyen, Raghu & Kornblith 2021 do; computed from features, without a matrix of N².
    """
    x, y = _centred(x, y)
    if len(x) < 4:
        raise InvalidInput(f"debiased alignment: expected four rows or more, got {len(x)}")
    together, alone = _dependence(x, y), _dependence(x, x) * _dependence(y, y)
    return together / alone**0.5 if alone > _NOTHING else float("nan")


def canonical_correlations(x: Doubles, y: Doubles, ridge: float = 0.1, folds: int = 5) -> Doubles:
    """Return the canonical correlations of two sets of vectors, on rows that the directions were not learned on.

    Every direction counts alike, be there much along it or little. On the rows that they are learned on, directions
    correlate whatever the data are, and wholly where N <= D; so the rows are cut into folds, and those of a fold are
    laid along the directions of the others. The ridge keeps directions off axes with little along them.

    Args:
        x: Float64[N, D].
        y: Float64[N, E], row n being of the same person.
        ridge: Added to each side's covariance, as a share of its mean variance, >= 0.
        folds: Number of folds, >= 2; row n is in fold n modulo `folds`.

    Returns:
        Float64[min(D, E)] in [-1, 1], from the direction that was strongest where it was learned on; 0 for one along
        which a side does not vary, NaN for all where a side does not vary at all.

    Raises:
        InvalidInput: Different numbers of rows, ridge < 0 or folds < 2.

    Source: Hotelling 1936; all min(D, E) coefficients as in Raghu et al. 2017, "SVCCA"; the ridge after Vinod 1976,
    departs in scaling it by the mean variance, so that one value suits any length of the vectors, and in judging
    directions by other rows.
    """
    if not ridge >= 0 or folds < 2:
        raise InvalidInput(f"canonical correlation: expected ridge >= 0 and folds >= 2, got {ridge} and {folds}")
    x, y = _centred(x, y)
    fold, size = np.arange(len(x)) % folds, min(x.shape[1], y.shape[1])
    if not min(np.square(x).sum(), np.square(y).sum()) > _NOTHING:
        return np.full(size, np.nan)
    u, v = np.zeros((len(x), size)), np.zeros((len(x), size))
    whole = _gram(x, x), _gram(y, y), _gram(x, y)
    for one in range(folds):
        here = fold == one
        a, b, (of_x, of_y, between) = _beside_others(x, y, here, whole)
        forth, back = _whitening(of_x, ridge), _whitening(of_y, ridge)
        left, _, right = np.linalg.svd(forth.T @ between @ back, full_matrices=False)
        found = min(size, left.shape[1])
        u[here, :found] = np.einsum("nd,de->ne", a, forth @ left)[:, :found]
        v[here, :found] = np.einsum("nd,de->ne", b, back @ right.T)[:, :found]
    lengths = np.sqrt(np.square(u).sum(axis=0) * np.square(v).sum(axis=0))
    found = np.divide((u * v).sum(axis=0), lengths, out=np.zeros(size), where=lengths > _NOTHING)
    return np.asarray(np.clip(found, -1, 1))


def procrustes_cosines(x: Doubles, y: Doubles, folds: int = 5) -> Doubles:
    """Return the cosine of each row of `x`, rotated onto `y`, with its row of `y`; the rotation never saw the row.

    The rows are cut into folds, and the rotation for one fold is learned on the others: on the same rows it would fit
    D² numbers to chance, and look good where there is nothing. Both sides are centred by the others' means.

    Args:
        x: Float64[N, D].
        y: Float64[N, D], row n being of the same person.
        folds: Number of folds, >= 2; row n is in fold n modulo `folds`.

    Returns:
        Float64[N] in [-1, 1]; NaN for a row that is zero on either side.

    Raises:
        InvalidInput: Different shapes, or folds < 2.

    Source: Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem": with U S V' = X'Y the
    rotation is U V'. Departs in learning it on other rows than those it is judged by.
    """
    if x.shape != y.shape or folds < 2:
        raise InvalidInput(
            f"procrustes: expected the same shape twice and folds >= 2, got {x.shape}, {y.shape}, {folds}"
        )
    x, y = _centred(x, y)
    fold, found = np.arange(len(x)) % folds, np.zeros(len(x))
    whole = _gram(x, x), _gram(y, y), _gram(x, y)
    for one in range(folds):
        here = fold == one
        a, b, (_, _, between) = _beside_others(x, y, here, whole)
        left, _, right = np.linalg.svd(between)
        found[here] = cosines(np.einsum("nd,de->ne", a, left @ right), b)
    return found


def cosines(x: Doubles, y: Doubles) -> Doubles:
    """Return the cosine of each row of one with the same row of the other.

    Args:
        x: Float64[N, D].
        y: Float64[N, D].

    Returns:
        Float64[N] in [-1, 1]; NaN for a row that is zero on either side.

    >>> cosines(np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    array([ 1., nan])
    """
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    products = np.einsum("nd,nd->n", x, y)
    found = np.divide(products, lengths, out=np.full(len(x), np.nan), where=lengths > _NOTHING)
    return np.asarray(np.clip(found, -1, 1))


def unit_rows(x: NDArray[np.floating]) -> Doubles:
    """Bring each row to length 1; one of zeros stays as it is.

    Args:
        x: [N, D].

    Returns:
        Float64[N, D].

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    wide = x.astype(np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1), _NOTHING)[:, None])


def nearest(x: Doubles, k: int) -> NDArray[np.int64]:
    """Return the k rows that make the smallest angle with each row, Int64[N, k], itself left out.

    Args:
        x: Float64[N, D]; N² numbers are held.
        k: How many, in [1, N - 1].

    Raises:
        InvalidInput: k is out of range.
    """
    if not 1 <= k < len(x):
        raise InvalidInput(f"neighbours: expected k in [1, {len(x) - 1}], got {k}")
    unit = unit_rows(x)
    angles = np.round(unit @ unit.T, 12)  # so that the last digits of a product order nothing
    np.fill_diagonal(angles, -np.inf)
    return np.asarray(np.argsort(-angles, axis=1, kind="stable")[:, :k])


def neighbour_overlaps(x: NDArray[np.int64], y: NDArray[np.int64]) -> Doubles:
    """Return the Jaccard index of each row's neighbours on both sides, in [0, 1]; chance gives about k / 2N.

    Args:
        x: Int64[N, k] of `nearest`.
        y: Int64[N, k] likewise, row n being of the same person.

    Returns:
        Float64[N].

    >>> neighbour_overlaps(np.array([[1, 2], [0, 2]]), np.array([[2, 1], [0, 3]]))
    array([1.        , 0.33333333])
    """
    both = (x[:, :, None] == y[:, None, :]).sum(axis=(1, 2))
    return np.asarray(both / (x.shape[1] + y.shape[1] - both))


def shuffled_neighbours(near: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the neighbours as they are when row n becomes row `order[n]` of before.

    Args:
        near: Int64[N, k] of `nearest`.
        order: Int64[N] a permutation.
    """
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return np.asarray(place[near[order]])


def _centred(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    """Take each column's mean away."""
    if len(x) != len(y) or len(x) == 0:
        raise InvalidInput(
            f"alignment: expected the same number of rows twice, at least one, got {len(x)} and {len(y)}"
        )
    return x - x.mean(axis=0), y - y.mean(axis=0)


def _gram(x: Doubles, y: Doubles) -> Doubles:
    """Return X'Y by sums in one order, whatever the number of threads."""
    return np.asarray(np.einsum("nd,ne->de", x, y))


def _beside_others(
    x: Doubles, y: Doubles, here: Bools, whole: tuple[Doubles, Doubles, Doubles]
) -> tuple[Doubles, Doubles, tuple[Doubles, Doubles, Doubles]]:
    """Return chosen rows less the means of the others, and the centred X'X, Y'Y and X'Y of the others.

    Less the means of all rows, the chosen ones would know something of the others, and be a little like them by chance.
    """
    a, b, rest = x[here], y[here], max(1, int((~here).sum()))
    mean_x, mean_y = (x.sum(axis=0) - a.sum(axis=0)) / rest, (y.sum(axis=0) - b.sum(axis=0)) / rest
    pairs = ((a, a, mean_x, mean_x), (b, b, mean_y, mean_y), (a, b, mean_x, mean_y))
    of_x, of_y, between = (
        gram - _gram(one, other) - rest * np.outer(first, second)
        for gram, (one, other, first, second) in zip(whole, pairs, strict=True)
    )
    return a - mean_x, b - mean_y, (of_x, of_y, between)


def _dependence(x: Doubles, y: Doubles) -> float:
    """Return N (N - 3) times the unbiased criterion of independence of two linear kernels, whose diagonals are 0."""
    n, own_x, own_y = len(x), np.square(x).sum(axis=1), np.square(y).sum(axis=1)
    sums_x, sums_y = (_sums(x) - own_x, _sums(y) - own_y)
    traces = np.square(_gram(x, y)).sum() - (own_x * own_y).sum()
    means = sums_x.sum() * sums_y.sum() / ((n - 1) * (n - 2))
    return float(traces + means - 2 / (n - 2) * (sums_x * sums_y).sum())


def _sums(x: Doubles) -> Doubles:
    """Return Float64[N], the sum of each row's products with all rows."""
    return np.asarray(np.einsum("nd,d->n", x, x.sum(axis=0)))


def _whitening(gram: Doubles, ridge: float) -> Doubles:
    """Return Float64[D, R] whose columns take a covariance with its ridge to the identity, empty ones left out."""
    values, axes = np.linalg.eigh(gram)
    if not values[-1] > _NOTHING:
        return np.zeros((len(gram), 0))
    values = values + ridge * float(np.trace(gram)) / len(gram)
    keep = values > 1e-10 * values[-1]
    return np.asarray(axes[:, keep] / np.sqrt(values[keep]))
