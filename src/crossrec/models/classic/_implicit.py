"""What the items of a history say of a user whatever their ratings: a ridge regression of vectors on histories."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Doubles, Offsets

__all__ = ["Implicit", "cell_products", "explained"]

_STEPS = 4


class Implicit(NamedTuple):
    """Pulls of the items, and how large they are expected to be.

    Args:
        vectors: Float64[I, D].
        prior: Float64[D] variance of each dimension.
    """

    vectors: Doubles
    prior: Doubles


def explained(shares: sp.csr_array, by_item: sp.csr_array, users: Doubles, start: Implicit, rest: Doubles) -> Implicit:
    """Improve the pulls, so that histories explain the users' vectors, by a few steps of conjugate gradients.

    Each dimension d is a ridge regression: minimise |users_d - shares y_d|² / rest_d + |y_d|² / prior_d.

    Args:
        shares: [U, I] CSR.
        by_item: The same, transposed.
        users: Float64[U, D].
        start: Where the pulls are.
        rest: Float64[D] variance of the vectors around what is explained.

    Returns:
        The pulls, and their variance re-estimated, the doubt about each pull counted.
    """
    penalty = rest / start.prior
    vectors = start.vectors.copy()
    left = by_item @ (users - shares @ vectors) - penalty * vectors
    way, length = left.copy(), np.sum(left**2, axis=0)
    for _ in range(_STEPS):
        image = by_item @ (shares @ way) + penalty * way
        stride = length / np.maximum(np.sum(way * image, axis=0), 1e-300)
        vectors += stride * way
        left -= stride * image
        after = np.sum(left**2, axis=0)
        way = left + after / np.maximum(length, 1e-300) * way
        length = after
    squares = np.bincount(shares.indices, weights=shares.data.astype(np.float64) ** 2, minlength=shares.shape[1])
    had = squares > 0
    doubts = 1 / (squares[had, None] / rest + 1 / start.prior)
    prior: Doubles = np.mean(vectors[had] ** 2 + doubts, axis=0)
    return Implicit(vectors, np.maximum(prior, 1e-8))


def cell_products(cells: sp.csr_array, users: Doubles, items: Doubles) -> Doubles:
    """Return the product of the two vectors of each stored cell, Float64[nnz].

    Args:
        cells: [U, I] CSR.
        users: Float64[U, D].
        items: Float64[I, D] or wider.
    """
    out = np.zeros(cells.nnz)
    _add_products(cells.indptr.astype(np.int64), cells.indices.astype(np.int32, copy=False), users, items, out)
    return out


@numba.njit(cache=True, parallel=True, nogil=True)
def _add_products(
    indptr: Offsets, codes: Codes, users: Doubles, items: Doubles, out: Doubles
) -> None:  # pragma: no cover - compiled
    for row in numba.prange(len(indptr) - 1):
        for at in range(indptr[row], indptr[row + 1]):
            for k in range(users.shape[1]):
                out[at] += users[row, k] * items[codes[at], k]
