"""Half a sweep of implicit ALS by conjugate gradients in whitened space, and the loss it lowers.

With the Gram matrix G = Y'Y + l2 = LL', the normal equations of a user are (G + Y'WY) x = Y'(1 + w). Written for
v = L'x and the whitened items Z = Y inv(L'), they are (1 + Z'WZ) v = Z'(1 + w): the D × D product that every step
of every row would pay is gone, replaced by two dense products for all rows at once, and the conditioning is better.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Floats, Offsets, threads_for
from crossrec.core.clock import random
from crossrec.models.classic._whitening import product, whiten

__all__ = [
    "Rows",
    "add_image",
    "confidences",
    "half_sweep",
    "implicit_loss",
    "solve_rows",
    "vectors_at_random",
]

_CHUNKS = 128
_ONE = np.float32(1)
_NOTHING = np.float32(1e-20)


class Rows(NamedTuple):
    """A sparse matrix of confidence weights, cut into chunks of like work.

    Args:
        indptr: Int64[R + 1].
        codes: Int32[nnz] columns.
        weights: Float32[nnz], confidence above 1.
        bounds: Int64[C + 1] rows at which chunks start and end.
    """

    indptr: Offsets
    codes: Codes
    weights: Floats
    bounds: Offsets

    @classmethod
    def of(cls, confidence: sp.csr_array) -> Rows:
        """Lay a CSR matrix of weights out for the compiled loops."""
        indptr = confidence.indptr.astype(np.int64)
        work = indptr + 4 * np.arange(len(indptr))  # a short row costs a little too
        bounds = np.searchsorted(work, np.linspace(0, work[-1], _CHUNKS + 1))
        bounds[0], bounds[-1] = 0, len(indptr) - 1
        codes = confidence.indices.astype(np.int32, copy=False)
        return cls(indptr, codes, confidence.data.astype(np.float32, copy=False), np.unique(bounds).astype(np.int64))


def half_sweep(own: Floats, other: Floats, rows: Rows, *, l2: float, steps: int) -> Floats:
    """Improve one side's vectors, the other's being fixed; starts from where they are.

    Args:
        own: Float32[R, D] vectors to improve.
        other: Float32[C, D] vectors of the other side.
        rows: Confidence weights, [R, C].
        l2: Ridge penalty, > 0.
        steps: Conjugate gradient steps of each row.

    Returns:
        Float32[R, D]; zero for a row without cells.
    """
    there = whiten(other, l2)
    vectors = product(own, there.forth)
    solve_rows(vectors, there.vectors, rows, steps=steps)
    return product(vectors, there.back)


def solve_rows(vectors: Floats, whitened: Floats, rows: Rows, *, steps: int) -> None:
    """Run conjugate gradients on each row, in place, in whitened space; a row's answer depends on that row alone."""
    work = 0 if len(vectors) == 1 else len(rows.codes) * vectors.shape[1] * steps
    with threads_for(work), numba.parallel_chunksize(1):  # rows are skewed: who is done takes the next chunk
        _solve_rows(vectors, whitened, rows.indptr, rows.codes, rows.weights, rows.bounds, steps)


def implicit_loss(users: Floats, items: Floats, confidence: sp.csr_array, l2: float) -> float:
    """Return the loss of Hu et al. 2008, equation 3, over all cells of the matrix.

    Args:
        users: Float32[U, D].
        items: Float32[I, D].
        confidence: [U, I] CSR of alpha times strength: confidence above 1.
        l2: Ridge penalty.
    """
    of_users, of_items = users.astype(np.float64), items.astype(np.float64)
    everywhere = float(np.sum((of_users.T @ of_users) * (of_items.T @ of_items)))
    rows = np.repeat(np.arange(confidence.shape[0]), np.diff(confidence.indptr))
    told = 0.0
    for start in range(0, len(rows), 1_000_000):
        part = slice(start, start + 1_000_000)
        scores = np.einsum("nd,nd->n", of_users[rows[part]], of_items[confidence.indices[part]])
        told += float(np.sum((1.0 + confidence.data[part]) * (1.0 - scores) ** 2 - scores**2))
    return everywhere + told + l2 * float(np.sum(of_users**2) + np.sum(of_items**2))


@numba.njit(cache=True, parallel=True, nogil=True)
def _solve_rows(
    vectors: Floats,
    items: Floats,
    indptr: Offsets,
    codes: Codes,
    weights: Floats,
    bounds: Offsets,
    steps: int,
) -> None:  # pragma: no cover - compiled
    size = vectors.shape[1]
    for chunk in numba.prange(len(bounds) - 1):
        left, way, image = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
        for row in range(bounds[chunk], bounds[chunk + 1]):
            start, stop = indptr[row], indptr[row + 1]
            vector = vectors[row]
            if start == stop:
                vector[:] = 0
            else:
                _solve_row(vector, items, codes[start:stop], weights[start:stop], left, way, image, steps)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _solve_row(
    vector: Floats,
    items: Floats,
    codes: Codes,
    weights: Floats,
    left: Floats,
    way: Floats,
    image: Floats,
    steps: int,
) -> None:  # pragma: no cover - compiled
    """Conjugate gradients on (1 + Z'WZ) v = Z'(1 + w), from v as it is; `left` is what remains of the right side."""
    left[:] = -vector
    add_image(items, codes, weights, vector, left, np.float32(-1), _ONE)
    way[:] = left
    rest = _squared(left)
    enough = max(_NOTHING, rest * np.float32(1e-12))
    for _ in range(steps):
        if rest <= enough:
            break
        image[:] = way
        add_image(items, codes, weights, way, image, _ONE, np.float32(0))
        length = rest / _dot(way, image)
        for at in range(len(vector)):
            vector[at] += length * way[at]
            left[at] -= length * image[at]
        after = _squared(left)
        for at in range(len(vector)):
            way[at] = left[at] + after / rest * way[at]
        rest = after


@numba.njit(cache=True, nogil=True, fastmath=True)
def add_image(
    items: Floats, codes: Codes, weights: Floats, vector: Floats, out: Floats, sign: np.float32, told: np.float32
) -> None:  # pragma: no cover - compiled
    """Add Z'(told (1 + w) + sign W Z v) to `out`; four items a turn, so that each load of v and `out` serves four."""
    size, count = len(vector), len(codes)
    zero = np.float32(0)
    for at in range(0, count - 3, 4):
        a, b, c, d = items[codes[at]], items[codes[at + 1]], items[codes[at + 2]], items[codes[at + 3]]
        sa, sb, sc, sd = zero, zero, zero, zero
        for k in range(size):
            value = vector[k]
            sa += a[k] * value
            sb += b[k] * value
            sc += c[k] * value
            sd += d[k] * value
        wa, wb, wc, wd = weights[at], weights[at + 1], weights[at + 2], weights[at + 3]
        sa, sb = told * (_ONE + wa) + sign * wa * sa, told * (_ONE + wb) + sign * wb * sb
        sc, sd = told * (_ONE + wc) + sign * wc * sc, told * (_ONE + wd) + sign * wd * sd
        for k in range(size):
            out[k] += sa * a[k] + sb * b[k] + sc * c[k] + sd * d[k]
    for at in range(count - count % 4, count):
        a, w = items[codes[at]], weights[at]
        s = told * (_ONE + w) + sign * w * _dot(a, vector)
        for k in range(size):
            out[k] += s * a[k]


@numba.njit(cache=True, nogil=True, fastmath=True)
def _dot(a: Floats, b: Floats) -> np.float32:  # pragma: no cover - compiled
    total = np.float32(0)
    for at in range(len(a)):
        total += a[at] * b[at]
    return total


@numba.njit(cache=True, nogil=True, fastmath=True)
def _squared(a: Floats) -> np.float32:  # pragma: no cover - compiled
    return _dot(a, a)


def confidences(matrix: sp.csr_array, alpha: float) -> sp.csr_array:
    """Return alpha times the strength of each cell."""
    data = matrix.data * np.float32(alpha)
    return sp.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def vectors_at_random(rows: int, factors: int, seed: int) -> NDArray[np.float32]:
    """Draw small vectors, the same for the same seed."""
    return (random(seed).standard_normal((rows, factors), dtype=np.float32) * np.float32(0.01)).astype(np.float32)
