"""Half a sweep of implicit ALS where each row has a penalty of its own, by how much it is about.

Whitening (see `_gradients`) needs one penalty for all rows. Here the other side is turned to the axes of its Gram
matrix G = QEQ' instead: with Z = YQ the normal equations of a row are (E + p + Z'WZ) x = Z'(1 + w), p being the row's
penalty. What stands before Z'WZ is diagonal, and conjugate gradients run in the space scaled by its root.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from crossrec.core.arrays import Codes, Doubles, Floats, Offsets, threads_for
from crossrec.models.classic._gradients import Rows, add_image
from crossrec.models.classic._whitening import gram_of, product

__all__ = ["Turned", "frequency_of", "half_sweep_scaled", "penalties", "solve_scaled", "turn"]

_ONE, _ZERO = np.float32(1), np.float32(0)
_NOTHING = np.float32(1e-20)


class Turned(NamedTuple):
    """One side's vectors on the axes of their Gram matrix.

    Args:
        vectors: Float32[I, D], Z = YQ.
        spectrum: Float32[D], the diagonal of E.
        axes: Float32[D, D], Q.
    """

    vectors: Floats
    spectrum: Floats
    axes: Floats


def turn(vectors: Floats) -> Turned:
    """Turn vectors, Float32[I, D], to the axes of their Gram matrix."""
    spectrum, axes = np.linalg.eigh(gram_of(vectors))
    # Rounding of float32 sums must not leave a negative number beside a tiny penalty.
    lifted = np.maximum(spectrum, 0) + 1e-6 * max(float(spectrum.mean()), 1e-12)
    single = axes.astype(np.float32)
    return Turned(product(vectors, single), lifted.astype(np.float32), single)


def frequency_of(sizes: Offsets, others: int, alpha: float) -> Doubles:
    """Return what a row is about: its cells, and all cells of a row at their lower weight.

    Args:
        sizes: Int64[R] cells that were had.
        others: Number of columns.
        alpha: A cell that was had weighs 1 + alpha.
    """
    found: Doubles = sizes.astype(np.float64) + others / alpha
    return found


def penalties(frequency: Doubles, usual: float, l2: float, nu: float) -> Floats:
    """Return the penalty of each row, Float32[R]: l2 for one of the usual frequency."""
    return (l2 * (frequency / max(usual, 1e-12)) ** nu).astype(np.float32)


def half_sweep_scaled(own: Floats, other: Floats, rows: Rows, penalty: Floats, *, steps: int) -> Floats:
    """Improve one side's vectors, the other's being fixed; starts from where they are.

    Args:
        own: Float32[R, D] vectors to improve.
        other: Float32[C, D] vectors of the other side.
        rows: Confidence weights, [R, C].
        penalty: Float32[R], > 0.
        steps: Conjugate gradient steps of each row.

    Returns:
        Float32[R, D]; zero for a row without cells.
    """
    there = turn(other)
    vectors = product(own, there.axes)
    solve_scaled(vectors, there, rows, penalty, steps=steps)
    return product(vectors, there.axes.T)


def solve_scaled(vectors: Floats, there: Turned, rows: Rows, penalty: Floats, *, steps: int) -> None:
    """Run conjugate gradients on each row, in place, on the turned axes; a row's answer depends on that row alone."""
    work = 0 if len(vectors) == 1 else len(rows.codes) * vectors.shape[1] * steps
    with threads_for(work), numba.parallel_chunksize(1):
        _solve_rows(
            vectors, there.vectors, there.spectrum, rows.indptr, rows.codes, rows.weights, rows.bounds, penalty, steps
        )


@numba.njit(cache=True, parallel=True, nogil=True)
def _solve_rows(
    vectors: Floats,
    items: Floats,
    spectrum: Floats,
    indptr: Offsets,
    codes: Codes,
    weights: Floats,
    bounds: Offsets,
    penalty: Floats,
    steps: int,
) -> None:  # pragma: no cover - compiled
    size = vectors.shape[1]
    for chunk in numba.prange(len(bounds) - 1):
        left, way, image = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
        root, step = np.empty(size, np.float32), np.empty(size, np.float32)
        for row in range(bounds[chunk], bounds[chunk + 1]):
            start, stop = indptr[row], indptr[row + 1]
            vector = vectors[row]
            if start == stop:
                vector[:] = 0
                continue
            for k in range(size):
                root[k] = _ONE / np.sqrt(spectrum[k] + penalty[row])
                vector[k] /= root[k]
            _solve_row(vector, items, codes[start:stop], weights[start:stop], root, left, way, image, step, steps)
            for k in range(size):
                vector[k] *= root[k]


@numba.njit(cache=True, nogil=True, fastmath=True)
def _solve_row(
    vector: Floats,
    items: Floats,
    codes: Codes,
    weights: Floats,
    root: Floats,
    left: Floats,
    way: Floats,
    image: Floats,
    step: Floats,
    steps: int,
) -> None:  # pragma: no cover - compiled
    """Conjugate gradients on (1 + rZ'WZr) v = rZ'(1 + w), from v as it is; `left` is what remains of the right side."""
    size = len(vector)
    for k in range(size):
        step[k] = root[k] * vector[k]
        image[k] = _ZERO
    add_image(items, codes, weights, step, image, np.float32(-1), _ONE)
    rest = _ZERO
    for k in range(size):
        left[k] = root[k] * image[k] - vector[k]
        way[k] = left[k]
        rest += left[k] * left[k]
    enough = max(_NOTHING, rest * np.float32(1e-12))
    for _ in range(steps):
        if rest <= enough:
            break
        for k in range(size):
            step[k] = root[k] * way[k]
            image[k] = _ZERO
        add_image(items, codes, weights, step, image, _ONE, _ZERO)
        along = _ZERO
        for k in range(size):
            image[k] = way[k] + root[k] * image[k]
            along += way[k] * image[k]
        length, after = rest / along, _ZERO
        for k in range(size):
            vector[k] += length * way[k]
            left[k] -= length * image[k]
            after += left[k] * left[k]
        for k in range(size):
            way[k] = left[k] + after / rest * way[k]
        rest = after
