"""How alike two sets of vectors of the same things are, whose axes have nothing to do with one another.

Row n of both is the same person. Kernel alignment, canonical correlation and Procrustes' rotation do not change when
either side is rotated, neighbours do not either; the plain cosine does, and says nothing between unaligned spaces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles
from crossrec.core.errors import InvalidInput

__all__ = [
    "canonical_correlation",
    "cosines",
    "linear_cka",
    "nearest",
    "neighbour_overlap",
    "procrustes_cosines",
    "shuffled_neighbours",
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


def canonical_correlation(x: Doubles, y: Doubles, ridge: float = 0.1) -> float:
    """Return the mean of the canonical correlations of two sets of vectors, in [0, 1]; NaN where one does not vary.

    Every direction counts alike, be there much along it or little; the ridge takes from those with little. Without it
    and with few rows, everything correlates with everything: with N <= D the answer is 1 for any data.

    Args:
        x: Float64[N, D].
        y: Float64[N, E], row n being of the same person.
        ridge: Added to each side's covariance, as a share of its mean variance, >= 0.

    Raises:
        InvalidInput: Different numbers of rows, or ridge < 0.

    Source: Hotelling 1936; the mean of min(D, E) coefficients as in Raghu et al. 2017, "SVCCA"; the ridge after Vinod
    1976, departs in scaling it by the mean variance, so that one value suits any length of the vectors.

    >>> x = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> round(canonical_correlation(x, x @ np.array([[2.0, 1.0], [0.0, 3.0]]), ridge=0), 6)
    1.0
    """
    if not ridge >= 0:
        raise InvalidInput(f"canonical correlation: expected ridge >= 0, got {ridge}")
    x, y = _centred(x, y)
    forth, back = _whitening(_gram(x, x), ridge), _whitening(_gram(y, y), ridge)
    if forth.shape[1] == 0 or back.shape[1] == 0:
        return float("nan")
    found = np.linalg.svd(forth.T @ _gram(x, y) @ back, compute_uv=False)
    return float(np.clip(found, 0, 1).sum() / min(x.shape[1], y.shape[1]))


def procrustes_cosines(x: Doubles, y: Doubles, folds: int = 5) -> Doubles:
    """Return the cosine of each row of `x`, rotated onto `y`, with its row of `y`; the rotation never saw the row.

    The rows are cut into folds, and the rotation for one fold is learned on the others: on the same rows it would fit
    D² numbers to chance, and look good where there is nothing. Both sides are centred first.

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
    fold, turned = np.arange(len(x)) % folds, np.zeros_like(x)
    whole = _gram(x, y)
    for one in range(folds):
        rows = fold == one
        left, _, right = np.linalg.svd(whole - _gram(x[rows], y[rows]))
        turned[rows] = np.einsum("nd,de->ne", x[rows], left @ right)
    return cosines(turned, y)


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
    unit = x / np.maximum(np.linalg.norm(x, axis=1), _NOTHING)[:, None]
    angles = np.round(unit @ unit.T, 12)  # so that the last digits of a product order nothing
    np.fill_diagonal(angles, -np.inf)
    return np.asarray(np.argsort(-angles, axis=1, kind="stable")[:, :k])


def neighbour_overlap(x: NDArray[np.int64], y: NDArray[np.int64]) -> float:
    """Return the mean Jaccard index of each row's neighbours on both sides, in [0, 1]; chance gives about k / 2N.

    Args:
        x: Int64[N, k] of `nearest`.
        y: Int64[N, k] likewise, row n being of the same person.

    >>> neighbour_overlap(np.array([[1, 2], [0, 2]]), np.array([[2, 1], [0, 3]]))
    0.6666666666666666
    """
    both = (x[:, :, None] == y[:, None, :]).sum(axis=(1, 2))
    return float((both / (x.shape[1] + y.shape[1] - both)).mean())


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


def _whitening(gram: Doubles, ridge: float) -> Doubles:
    """Return Float64[D, R] whose columns take a covariance with its ridge to the identity, empty ones left out."""
    values, axes = np.linalg.eigh(gram)
    if not values[-1] > _NOTHING:
        return np.zeros((len(gram), 0))
    values = values + ridge * float(np.trace(gram)) / len(gram)
    keep = values > 1e-10 * values[-1]
    return np.asarray(axes[:, keep] / np.sqrt(values[keep]))
