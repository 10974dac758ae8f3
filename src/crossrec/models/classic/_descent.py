"""Elastic nets without negative weights, one for each item, by coordinate descent on the counts of common persons."""

from __future__ import annotations

import numba
import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Bools, Codes, Floats, Offsets
from crossrec.models.progress import tracked

__all__ = ["item_weights"]

_SHARES = 64
_CELLS = 16_000_000
_NEAR = 1_024
"""Up to so many neighbours, the counts among them are laid out densely, as they are needed."""
_ROUNDS = 100
_ENOUGH = np.float32(1e-4)


def item_weights(seen: sp.csr_array, l1: float, l2: float, neighbours: int) -> sp.csr_array:
    """Minimise ½ |x_j - Xw|² + ½ l2 |w|² + l1 Σ w over w >= 0 with w_j = 0, for each item j.

    Args:
        seen: X, [U, I] CSR of ones with sorted indices.
        l1: Penalty on the sum of weights, >= 0.
        l2: Penalty on their squares, >= 0.
        neighbours: Weights may be on so many other items, those of the largest cosine with j; of equal ones the
            lower code. What shares no more than l1 persons with j has the weight 0 in any case.

    Returns:
        [I, I] CSR; w_j is column j.
    """
    gram = sp.csr_array(seen.T @ seen)
    gram.sort_indices()
    arrays = gram.indptr.astype(np.int64), gram.indices.astype(np.int32, copy=False), gram.data.astype(np.float32)
    sizes = gram.diagonal().astype(np.float32)
    size = seen.shape[1]
    width = max(1, min(neighbours, int(np.diff(gram.indptr).max(initial=0))))
    step = max(1, _CELLS // width)
    parts = []
    for start in tracked("items", range(0, size, step), size=step, total=size):
        columns = np.arange(start, min(size, start + step), dtype=np.int32)
        codes = np.full((len(columns), width), -1, dtype=np.int32)
        values = np.zeros((len(columns), width), dtype=np.float32)
        with numba.parallel_chunksize(1):
            _solve_columns(columns, *arrays, sizes, np.float32(l1), np.float32(l2), codes, values)
        kept = values > 0
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept.sum(axis=1))])
        parts.append(sp.csr_array((values[kept], codes[kept], indptr), shape=(len(columns), size)))
    found = sp.csr_array(sp.vstack(parts).T) if parts else sp.csr_array((size, size), dtype=np.float32)
    found.sort_indices()
    return found


@numba.njit(cache=True, parallel=True, nogil=True)
def _solve_columns(
    columns: Codes,
    indptr: Offsets,
    codes: Codes,
    counts: Floats,
    sizes: Floats,
    l1: np.float32,
    l2: np.float32,
    found: Codes,
    values: Floats,
) -> None:  # pragma: no cover - compiled
    """Solve for each column; `found` gets its neighbours and `values` their weights."""
    width = found.shape[1]
    near = width if width <= _NEAR else 0
    for share in numba.prange(_SHARES):
        place = np.full(len(sizes), -1, np.int32)
        among, laid = np.empty((near, near), np.float32), np.empty(near, np.bool_)
        for turn in range(share, len(columns), _SHARES):
            column = columns[turn]
            part = slice(indptr[column], indptr[column + 1])
            chosen = _candidates(column, codes[part], counts[part], sizes, l1, width)
            found[turn, : len(chosen)] = chosen
            left = np.empty(len(chosen), np.float32)
            for at in range(len(chosen)):
                place[chosen[at]] = at
            for at in range(indptr[column], indptr[column + 1]):
                if place[codes[at]] >= 0:
                    left[place[codes[at]]] = counts[at]
            _descend(values[turn], left, chosen, place, indptr, codes, counts, sizes, l1, l2, among, laid)
            for at in range(len(chosen)):
                place[chosen[at]] = -1


@numba.njit(cache=True, nogil=True)
def _candidates(
    column: int, codes: Codes, counts: Floats, sizes: Floats, l1: np.float32, width: int
) -> Codes:  # pragma: no cover - compiled
    """Return the items that share more than l1 persons with a column: the `width` of the largest cosine."""
    kept = (counts > l1) & (codes != column)
    items, alike = codes[kept], counts[kept] / np.sqrt(sizes[codes[kept]])
    if len(items) > width:
        items = items[np.argsort(-alike, kind="mergesort")[:width]]
    return items


@numba.njit(cache=True, nogil=True)
def _descend(
    weights: Floats,
    left: Floats,
    chosen: Codes,
    place: Codes,
    indptr: Offsets,
    codes: Codes,
    counts: Floats,
    sizes: Floats,
    l1: np.float32,
    l2: np.float32,
    among: Floats,
    laid: Bools,
) -> None:  # pragma: no cover - compiled
    """Go through the coordinates until none moves; `left` is what each has in common with what is unexplained.

    After a round through all, only those with a weight are gone through, until they stand still; then all again.
    """
    laid[:] = False
    everyone = True
    for _ in range(_ROUNDS):
        most = np.float32(0)
        for at in range(len(chosen)):
            before = weights[at]
            if before == 0 and (not everyone or left[at] <= l1):
                continue
            item = chosen[at]
            after = max(np.float32(0), (left[at] + sizes[item] * before - l1) / (sizes[item] + l2))
            moved = after - before
            if moved == 0:
                continue
            weights[at] = after
            most = max(most, abs(moved))
            if len(laid) == 0:
                for cell in range(indptr[item], indptr[item + 1]):
                    if place[codes[cell]] >= 0:
                        left[place[codes[cell]]] -= moved * counts[cell]
                continue
            line = among[at, : len(chosen)]
            if not laid[at]:
                laid[at] = True
                line[:] = 0
                for cell in range(indptr[item], indptr[item + 1]):
                    if place[codes[cell]] >= 0:
                        line[place[codes[cell]]] = counts[cell]
            for other in range(len(chosen)):
                left[other] -= moved * line[other]
        if most < _ENOUGH:
            if everyone:
                break
            everyone = True
        else:
            everyone = False
