"""The inverse of a symmetric positive definite matrix, in its own memory."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from crossrec.core.arrays import Floats
from crossrec.core.errors import InvalidInput
from crossrec.models.classic._sparse import sum_of_rows

__all__ = ["WORKSPACE", "change", "invert"]

WORKSPACE = 1.6
"""Memory at the peak, in sizes of the matrix, its own among them."""
_LARGEST = 20_000
"""Beyond this a matrix is parted in two: SciPy's OpenBLAS crashed on its in-place inverse at 40,981 rows."""
_ROWS = 2_048


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

    Source: Woodbury's identity, Golub & Van Loan 2013, equation 2.1.4, with the rows of A and B and their signs.
    """
    rows = sp.csr_array(sp.vstack([after, before[np.diff(before.indptr) > 0]]))
    signs = np.where(np.arange(rows.shape[0]) < after.shape[0], 1.0, -1.0)
    across = sum_of_rows(rows, inverse)
    core = (rows @ across.T.astype(np.float64)).T + np.diag(signs)
    solved = np.linalg.solve(core, across.astype(np.float64)).astype(np.float32)
    _subtract_product(inverse, np.ascontiguousarray(across.T), solved)


def _by_lapack(matrix: Floats) -> None:
    """Invert with potrf and potri, in place where the matrix is in Fortran order."""
    factor, info = lapack.spotrf(matrix, lower=1, overwrite_a=1, clean=0)
    if info:
        raise InvalidInput(f"EASE: X'X + l2 is not positive definite in float32 (minor {info}); raise l2")
    inverse, info = lapack.spotri(factor, lower=1, overwrite_c=1)
    if info:
        raise InvalidInput(f"EASE: the factor has a zero on its diagonal ({info}); raise l2")
    for start in range(0, len(inverse), _ROWS):  # copy the lower triangle up, block by block
        stop = start + _ROWS
        block = inverse[start:stop, start:stop]
        inverse[start:stop, start:stop] = np.tril(block) + np.tril(block, -1).T
        inverse[start:stop, stop:] = inverse[stop:, start:stop].T
    if inverse.ctypes.data != matrix.ctypes.data:
        matrix[:] = inverse


def _subtract_product(target: Floats, left: Floats, right: Floats) -> None:
    """Subtract left @ right from a target, some rows at a time."""
    for start in range(0, len(target), _ROWS):
        target[start : start + _ROWS] -= left[start : start + _ROWS] @ right
