"""What the choice of items says of a user's vector before any rating: one vector an item, added up.

The mean of a user's vector is z = (sum of y_j over the n items of the history) / sqrt(n). Given the users' vectors v,
each dimension of y is the ridge solution of |v - Ay|² / prior + |y|² / spread, where A holds 1 / sqrt(n).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Doubles
from crossrec.models.classic._ridge import Side

__all__ = ["lean", "shares"]


def shares(seen: sp.csr_array) -> sp.csr_array:
    """Return A: each cell of a row of n items is 1 / sqrt(n), so that squares of a row add up to 1.

    Args:
        seen: [B, I] CSR of ones.
    """
    sizes = np.diff(seen.indptr)
    cells = np.repeat(np.maximum(sizes, 1) ** -0.5, sizes).astype(np.float32)
    return sp.csr_array((cells, seen.indices, seen.indptr), shape=seen.shape)


def lean(of: sp.csr_array, wanted: Doubles, prior: Doubles, spread: Doubles, start: Doubles, *, steps: int) -> Side:
    """Improve the items' vectors y by conjugate gradients, each dimension for itself, and say how sure they are.

    Args:
        of: A, [U, I].
        wanted: Float64[U, D + 1], the users' vectors.
        prior: Float64[D + 1] variance of a user's vector around its mean.
        spread: Float64[D + 1] variance of y before anything is seen.
        start: Float64[I, D + 1] where to begin.
        steps: Conjugate gradient steps.

    Returns:
        Means, and the variances of each number alone.
    """
    over, penalty = sp.csr_array(of.T), prior / spread
    squares = np.bincount(of.indices, weights=of.data.astype(np.float64) ** 2, minlength=of.shape[1])
    diagonal = squares[:, None] + penalty
    means = start.copy()
    left = over @ (wanted - of @ means) - penalty * means
    way = left / diagonal
    rest = np.sum(left * way, axis=0)
    for _ in range(steps):
        image = over @ (of @ way) + penalty * way
        length = rest / np.maximum(np.sum(way * image, axis=0), _NOTHING)
        means += length * way
        left -= length * image
        near = left / diagonal
        after = np.sum(left * near, axis=0)
        way = near + after / np.maximum(rest, _NOTHING) * way
        rest = after
    return Side(means, prior / diagonal)


_NOTHING = 1e-30
