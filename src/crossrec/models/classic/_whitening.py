"""One side's vectors in the space where their Gram matrix is the identity, and the dense products of that.

None of it calls BLAS: its threads and those of the compiled loops wake one another up, which at these sizes costs
more than the work (16 ms against 6 for the Gram matrix and its factor at 128 factors), and its sums may depend on
how many there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from crossrec.core.arrays import Doubles, Floats

__all__ = ["Whitened", "gram_of", "product", "whiten"]

_PARTS = 128


class Whitened(NamedTuple):
    """One side's vectors in the space where their Gram matrix plus l2 is the identity.

    Args:
        vectors: Float32[I, D], Z = Y inv(L').
        forth: Float32[D, D], L: takes the other side's vectors there.
        back: Float32[D, D], inv(L): brings them back.
    """

    vectors: Floats
    forth: Floats
    back: Floats


def whiten(vectors: Floats, l2: float) -> Whitened:
    """Whiten one side's vectors.

    Args:
        vectors: Float32[I, D].
        l2: Ridge penalty, > 0.
    """
    gram = gram_of(vectors)
    # Rounding of float32 sums must not make the matrix indefinite when l2 is tiny beside it.
    gram[np.diag_indices_from(gram)] += l2 + 1e-6 * np.trace(gram) / len(gram)
    forth, back = _factored(gram)
    single = back.astype(np.float32)
    return Whitened(product(vectors, single.T), forth.astype(np.float32), single)


def gram_of(vectors: Floats) -> Doubles:
    """Return Y'Y in float64, from float32 sums over parts that do not depend on the threads."""
    size, parts = vectors.shape[1], max(1, min(_PARTS, len(vectors) // 64))
    sums = np.zeros((parts, size, size), dtype=np.float32)
    _add_grams(vectors, sums)
    gram: Doubles = sums.sum(axis=0, dtype=np.float64)
    return np.tril(gram) + np.tril(gram, -1).T


def product(vectors: Floats, matrix: Floats) -> Floats:
    """Return vectors @ matrix, Float32[R, D]."""
    out = np.zeros((len(vectors), matrix.shape[1]), dtype=np.float32)
    _add_product(vectors, np.ascontiguousarray(matrix, dtype=np.float32), out)
    return out


@numba.njit(cache=True, parallel=True, nogil=True, fastmath=True)
def _add_grams(vectors: Floats, sums: Floats) -> None:  # pragma: no cover - compiled
    """Add the outer products of each part's rows to the part's lower triangle, four rows a turn."""
    rows, size = vectors.shape
    for part in numba.prange(len(sums)):
        start, stop = part * rows // len(sums), (part + 1) * rows // len(sums)
        gram = sums[part]
        for row in range(start, stop - (stop - start) % 4, 4):
            a, b, c, d = vectors[row], vectors[row + 1], vectors[row + 2], vectors[row + 3]
            for i in range(size):
                ai, bi, ci, di = a[i], b[i], c[i], d[i]
                for j in range(i + 1):
                    gram[i, j] += ai * a[j] + bi * b[j] + ci * c[j] + di * d[j]
        for row in range(stop - (stop - start) % 4, stop):
            a = vectors[row]
            for i in range(size):
                for j in range(i + 1):
                    gram[i, j] += a[i] * a[j]


@numba.njit(cache=True, parallel=True, nogil=True, fastmath=True)
def _add_product(vectors: Floats, matrix: Floats, out: Floats) -> None:  # pragma: no cover - compiled
    """Add vectors @ matrix to `out`; four rows a turn share each load of the matrix, the last rows go one by one."""
    rows, size = vectors.shape
    for turn in numba.prange((rows + 3) // 4):
        row = 4 * turn
        if row + 4 <= rows:
            a, b, c, d = out[row], out[row + 1], out[row + 2], out[row + 3]
            for k in range(0, size - 1, 2):
                line, next_line = matrix[k], matrix[k + 1]
                a0, b0, c0, d0 = vectors[row, k], vectors[row + 1, k], vectors[row + 2, k], vectors[row + 3, k]
                k1 = k + 1
                a1, b1, c1, d1 = vectors[row, k1], vectors[row + 1, k1], vectors[row + 2, k1], vectors[row + 3, k1]
                for j in range(out.shape[1]):
                    m0, m1 = line[j], next_line[j]
                    a[j] += a0 * m0 + a1 * m1
                    b[j] += b0 * m0 + b1 * m1
                    c[j] += c0 * m0 + c1 * m1
                    d[j] += d0 * m0 + d1 * m1
            if size % 2:
                line = matrix[size - 1]
                for at in range(row, row + 4):
                    for j in range(out.shape[1]):
                        out[at, j] += vectors[at, size - 1] * line[j]
        else:
            for at in range(row, rows):
                for k in range(size):
                    for j in range(out.shape[1]):
                        out[at, j] += vectors[at, k] * matrix[k, j]


@numba.njit(cache=True, nogil=True)
def _factored(gram: Doubles) -> tuple[Doubles, Doubles]:  # pragma: no cover - compiled
    """Return the Cholesky factor L of a positive definite matrix, and inv(L); both lower triangular."""
    size = len(gram)
    forth, back = np.zeros_like(gram), np.zeros_like(gram)
    for row in range(size):
        for column in range(row + 1):
            rest = gram[row, column]
            for k in range(column):
                rest -= forth[row, k] * forth[column, k]
            if column < row:
                forth[row, column] = rest / forth[column, column]
            elif rest > 0:
                forth[row, row] = np.sqrt(rest)
            else:
                raise ValueError("the Gram matrix is not positive definite")
    for row in range(size):
        for k in range(row):
            for column in range(k + 1):
                back[row, column] -= forth[row, k] * back[k, column]
        back[row, :row] /= forth[row, row]
        back[row, row] = 1 / forth[row, row]
    return forth, back
