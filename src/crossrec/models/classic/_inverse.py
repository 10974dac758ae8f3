"""The inverse of a symmetric positive definite matrix, in its own memory."""

from __future__ import annotations

import numba
import numpy as np
import scipy.sparse as sp
from scipy.linalg import blas, cholesky, lapack, solve_triangular

from crossrec.core.arrays import Floats
from crossrec.core.errors import InvalidInput
from crossrec.models.classic._sparse import sum_of_rows

__all__ = ["WORKSPACE", "change", "invert"]

WORKSPACE = 1.6
"""Memory at the peak, in sizes of the matrix, its own among them."""
_LARGEST = 20_000
"""Beyond this a matrix is parted in two: SciPy's OpenBLAS crashed on its in-place inverse at 40,981 rows."""
_ROWS = 2_048
_TILE = 64


def invert(matrix: Floats, largest: int = _LARGEST) -> None:
    """Replace a symmetric positive definite matrix by its inverse; both triangles are filled.

    Args:
        matrix: Float32[I, I], any order or a view.
        largest: Up to this many rows LAPACK does it (potrf, potri).

    Raises:
        InvalidInput: It is not positive definite in float32.

    Source: above `largest` by the Schur complement, Golub & Van Loan 2013, section 3.2: with W = A21 A11^-1 and
    Q = (A22 - W A12)^-1 the parts of the inverse are A11^-1 + W'QW, -QW and Q.
    """
    size = len(matrix)
    if size <= largest:
        _by_lapack(matrix)
        return
    half = size // 2
    upper, lower, cross = matrix[:half, :half], matrix[half:, half:], matrix[half:, :half]
    invert(upper, largest)
    across = cross @ upper
    _subtract_product(lower, across, cross.T)
    invert(lower, largest)
    cross[:] = lower @ across
    cross *= -1
    _subtract_product(upper, across.T, cross)
    matrix[:half, half:] = cross.T


def change(inverse: Floats, before: sp.csr_array, after: sp.csr_array) -> None:
    """Make the inverse of G of that of G - B'B + A'A, in place.

    Args:
        inverse: Float32[I, I], symmetric.
        before: B, [V, I] CSR.
        after: A, [V, I] CSR.

    Source: Woodbury's identity, Golub & Van Loan 2013, equation 2.1.4, with the rows of A and B and their signs. Where
    nothing goes, I + A P A' has a Cholesky root, and one triangle is half of the work.
    """
    gone = before[np.diff(before.indptr) > 0]
    if gone.shape[0] == 0:
        _learn(inverse, after)
        return
    rows = sp.csr_array(sp.vstack([after, gone]))
    signs = np.where(np.arange(rows.shape[0]) < after.shape[0], 1.0, -1.0)
    across = sum_of_rows(rows, inverse)
    core = (rows @ across.T.astype(np.float64)).T + np.diag(signs)
    solved = np.linalg.solve(core, across.astype(np.float64)).astype(np.float32)
    _subtract_product(inverse, np.ascontiguousarray(across.T), solved)


def _learn(inverse: Floats, rows: sp.csr_array) -> None:
    """Make the inverse P of G of that of G + A'A: P - Z'Z, where LZ = AP and LL' = I + APA'."""
    across = sum_of_rows(rows, inverse)
    core = (rows @ across.T.astype(np.float64)).T
    core[np.diag_indices(len(core))] += 1
    root = cholesky(core, lower=True, overwrite_a=True, check_finite=False)
    solved = solve_triangular(root.astype(np.float32), across, lower=True, check_finite=False)
    changed = blas.ssyrk(-1.0, np.asfortranarray(solved), 1.0, inverse.T, trans=1, lower=1, overwrite_c=1).T
    _copy_across(changed)
    if changed.ctypes.data != inverse.ctypes.data:  # it was in no order that LAPACK writes to
        inverse[:] = changed


@numba.njit(cache=True, parallel=True, nogil=True)
def _copy_across(matrix: Floats) -> None:  # pragma: no cover - compiled
    """Fill the lower triangle of Float32[I, I] in C order from the upper one, a tile at a time."""
    size, tiles = len(matrix), (len(matrix) + _TILE - 1) // _TILE
    for tile in numba.prange(tiles):
        for other in range(tile, tiles):
            for row in range(tile * _TILE, min(size, tile * _TILE + _TILE)):
                for column in range(max(row + 1, other * _TILE), min(size, other * _TILE + _TILE)):
                    matrix[column, row] = matrix[row, column]


def _by_lapack(matrix: Floats) -> None:
    """Invert with potrf and potri, in place where the matrix is in Fortran order."""
    factor, info = lapack.spotrf(matrix, lower=1, overwrite_a=1, clean=0)
    if info:
        raise InvalidInput(f"EASE: X'X + l2 is not positive definite in float32 (minor {info}); raise l2")
    inverse, info = lapack.spotri(factor, lower=1, overwrite_c=1)
    if info:
        raise InvalidInput(f"EASE: the factor has a zero on its diagonal ({info}); raise l2")
    _copy_across(inverse.T)  # its lower triangle is filled, in Fortran order
    if inverse.ctypes.data != matrix.ctypes.data:
        matrix[:] = inverse


def _subtract_product(target: Floats, left: Floats, right: Floats) -> None:
    """Subtract left @ right from a target, some rows at a time."""
    for start in range(0, len(target), _ROWS):
        target[start : start + _ROWS] -= left[start : start + _ROWS] @ right
