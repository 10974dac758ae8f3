"""Coordinate descent for sparse, non-negative item-item weights on the Gram matrix of users and items."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats, Offsets

__all__ = ["Together", "gram_cells", "weights_towards"]

_SWEEPS, _ENOUGH, _FULL = 100, 1e-4, 0.25


def gram_cells(seen: sp.csr_array) -> int:
    """Return how many cells X'X has at most."""
    sizes = np.diff(seen.indptr).astype(np.int64)
    return min(int(np.sum(sizes * sizes)), seen.shape[1] ** 2)


class Together(NamedTuple):
    """How many users had both items, X'X.

    Args:
        indptr: Int64[I + 1].
        codes: Int32[nnz] columns, sorted in a row.
        cells: Float32[nnz].
        diagonal: Float32[I].
        whole: Float32[I, I] the same as one table where a quarter of it is filled or more, else [0, 0]: there a whole
            row is added faster than its cells one by one.
    """

    indptr: Offsets
    codes: Codes
    cells: Floats
    diagonal: Floats
    whole: Floats

    @classmethod
    def of(cls, seen: sp.csr_array) -> Together:
        """Count.

        Args:
            seen: X, [U, I] CSR of ones.
        """
        gram = sp.csr_array(sp.csr_array(seen.T) @ seen)
        gram.sort_indices()
        full = gram.nnz >= _FULL * gram.shape[0] ** 2
        whole = gram.toarray() if full else np.zeros((0, 0), dtype=np.float32)
        codes, cells = gram.indices.astype(np.int32, copy=False), gram.data.astype(np.float32)
        return cls(gram.indptr.astype(np.int64), codes, cells, gram.diagonal().astype(np.float32), whole)


def weights_towards(gram: Together, columns: Codes, *, l1: float, l2: float, features: int) -> sp.csr_array:
    """Return the weights that best make some items out of the others.

    The weights w towards item j are the minimum of |x_j - Xw|² / 2 + l2 / 2 |w|² + l1 |w|, none of them negative and
    w_j = 0. Weights start at 0 and what is left to explain of an item never grows beyond its cell of the Gram matrix,
    so an item of which that cell is no more than l1 has weight 0 and is never looked at.

    Args:
        gram: X'X.
        columns: Int32[C] the items j.
        l1: Penalty of the weights, >= 0.
        l2: Penalty of their squares, > 0.
        features: Only so many items with the largest cells may have a weight towards an item; 0 lets all.

    Returns:
        [C, I] CSR, a row for each j.
    """
    size = len(gram.diagonal)
    out = np.zeros((len(columns), size), dtype=np.float32)
    with numba.parallel_chunksize(1):  # popular items take longer
        _weights(*gram, columns, np.float32(l1), np.float32(l2), features or size, out)
    return sp.csr_array(out)


@numba.njit(cache=True, parallel=True, nogil=True)
def _weights(
    indptr: Offsets,
    codes: Codes,
    cells: Floats,
    diagonal: Floats,
    whole: Floats,
    columns: Codes,
    l1: np.float32,
    l2: np.float32,
    features: int,
    out: Floats,
) -> None:  # pragma: no cover - compiled
    for place in numba.prange(len(columns)):
        own = columns[place]
        start, stop = indptr[own], indptr[own + 1]
        left = np.zeros(len(diagonal), np.float32)
        for at in range(start, stop):
            left[codes[at]] = cells[at]
        chosen = _features(codes[start:stop], cells[start:stop], own, l1, features)
        _descend(indptr, codes, cells, diagonal, whole, chosen, left, l1, l2, out[place])


@numba.njit(cache=True, nogil=True)
def _features(codes: Codes, cells: Floats, own: int, l1: np.float32, features: int) -> Codes:  # pragma: no cover
    """Return the items that may have a weight, the largest cells first; of equal ones the lower code."""
    found = np.empty(len(codes), np.int64)
    count = 0
    for at in range(len(codes)):
        if codes[at] != own and cells[at] > l1:
            found[count] = at
            count += 1
    order = np.argsort(-cells[found[:count]], kind="mergesort")[:features]
    return codes[found[order]]


@numba.njit(cache=True, nogil=True)
def _descend(
    indptr: Offsets,
    codes: Codes,
    cells: Floats,
    diagonal: Floats,
    whole: Floats,
    chosen: Codes,
    left: Floats,
    l1: np.float32,
    l2: np.float32,
    weights: Floats,
) -> None:  # pragma: no cover - compiled
    """Improve one weight after the other until a sweep moves none by much; `left` is X'(x_j - Xw)."""
    for _ in range(_SWEEPS):
        largest = np.float32(0)
        for code in chosen:
            before = weights[code]
            after = (left[code] + diagonal[code] * before - l1) / (diagonal[code] + l2)
            after = max(after, np.float32(0))
            step = after - before
            if step != 0:
                weights[code] = after
                largest = max(largest, abs(step))
                if len(whole):
                    row = whole[code]
                    for at in range(len(left)):
                        left[at] -= step * row[at]
                    continue
                for at in range(indptr[code], indptr[code + 1]):
                    left[codes[at]] -= step * cells[at]
        if largest < _ENOUGH:
            break
