"""Compiled loops over sparse rows, shared by the neighbour models. Sums run in a fixed order on any thread count."""

from __future__ import annotations

import numba
import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats, Offsets, narrow, threads_for
from crossrec.core.recommendations import top_k
from crossrec.models.classic._largest import BUCKETS, RUN, keep_largest, keep_of_line
from crossrec.models.classic._weighting import weights_of

_BLOCK = 2_048
_SHARES = 64
__all__ = ["dense_product", "largest_products", "nearest_columns", "sum_of_rows"]


def nearest_columns(
    seen: sp.csr_array, weighting: str, k: int, shrink: float, *, popularity: float = 0.5, activity: float = 0.0
) -> sp.csr_array:
    """Return the k columns most similar to each column: the largest cells of X'X off its diagonal.

    Args:
        seen: [R, C] CSR of ones with sorted indices.
        weighting: See `weights_of`.
        k: Neighbours kept of each column, >= 1.
        shrink: A similarity over n common rows is multiplied by n / (n + shrink).
        popularity: See `weights_of`.
        activity: Likewise.

    Returns:
        [C, C] CSR: row c holds the neighbours of column c. Equal ones: lower code first.
    """
    row_weights, column_weights = weights_of(seen, weighting, popularity, activity)
    if shrink > 0:  # rare: the full product, column by column, with its counts
        return _shrunk(seen, row_weights, column_weights, min(k, max(seen.shape[1] - 1, 1)), shrink)
    return largest_products(seen, row_weights**2, column_weights, k)


def largest_products(seen: sp.csr_array, row_weights: Floats, column_weights: Floats, k: int) -> sp.csr_array:
    """Return the k largest cells in each row of CX'RXC off its diagonal, R and C being diagonal.

    Args:
        seen: X, [R, C] CSR of ones with sorted indices.
        row_weights: Float32[R], > 0.
        column_weights: Float32[C], > 0.
        k: Cells kept of each row, >= 1.

    Returns:
        [C, C] CSR. Of equal cells the lower code is kept.
    """
    size = seen.shape[1]
    k = min(k, max(size - 1, 1))
    codes, values = np.full((size, k), -1, np.int32), np.zeros((size, k), np.float32)
    by_column = seen.tocsc()
    arrays = (by_column.indptr.astype(np.int64), by_column.indices.astype(np.int32, copy=False))
    rows = (seen.indptr.astype(np.int64), seen.indices.astype(np.int32, copy=False))
    order = np.argsort(-np.diff(by_column.indptr), kind="stable").astype(np.int32)
    with numba.parallel_chunksize(1):  # who is done takes the next share, also when a core is busy with other work
        _nearest_columns(*arrays, *rows, row_weights, column_weights, order, codes, values, _SHARES)
    return _to_csr(codes, values, size)


def _to_csr(codes: Codes, values: Floats, size: int) -> sp.csr_array:
    """Drop empty places."""
    filled = codes >= 0
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(filled.sum(axis=1))])
    return sp.csr_array((values[filled], codes[filled], narrow(indptr)), shape=(size, size))


def _shrunk(seen: sp.csr_array, rows: Floats, columns: Floats, k: int, shrink: float) -> sp.csr_array:
    """Do `nearest_columns` with shrinkage, in slices of columns."""
    size = seen.shape[1]
    scaled = sp.csr_array((np.repeat(rows**2, np.diff(seen.indptr)), seen.indices, seen.indptr), shape=seen.shape)
    transposed = sp.csr_array(seen.T)
    codes, values = np.full((size, k), -1, np.int32), np.zeros((size, k), np.float32)
    step = max(1, 16_000_000 // max(1, size))
    for start in range(0, size, step):
        part = transposed[start : start + step]
        common, product = dense_product(part, seen), dense_product(part, scaled)
        product *= columns[None, :] * columns[start : start + step, None] * (common / (common + np.float32(shrink)))
        product[product <= 0] = -np.inf
        own = np.arange(start, start + part.shape[0], dtype=np.int32)
        codes[own], values[own] = top_k(product, k, seen=(np.arange(len(own) + 1, dtype=np.int64), own))
    return _to_csr(codes, values, size)


def dense_product(left: sp.csr_array, right: sp.csr_array, columns: Codes | None = None) -> Floats:
    """Return left @ right as a dense Float32[B, C], adding each row's terms in order.

    Args:
        left: [B, R].
        right: [R, C].
        columns: Int32 columns of the product, each once, that are worked out and returned alone; None is all.
    """
    of_right = right.indptr, *_parts(right)[1:]  # its row pointers in either type: no copy
    if columns is None:
        out = np.zeros((left.shape[0], right.shape[1]), dtype=np.float32)
        with threads_for(0 if len(out) == 1 else out.size):
            _dense_product(*_parts(left), *of_right, out)
        return out
    places = np.full(right.shape[1], -1, dtype=np.int32)
    places[columns] = np.arange(len(columns), dtype=np.int32)
    out = np.zeros((left.shape[0], len(columns)), dtype=np.float32)
    with threads_for(0 if len(out) == 1 else out.size):
        _part_of_product(*_parts(left), *of_right, places, out)
    return out


def sum_of_rows(left: sp.csr_array, right: Floats) -> Floats:
    """Return left @ right for a dense Float32[R, C] in C order, adding each row's terms in order."""
    out = np.zeros((left.shape[0], right.shape[1]), dtype=np.float32)
    with threads_for(left.nnz * right.shape[1]):
        _sum_of_rows(*_parts(left), np.ascontiguousarray(right), out)
    return out


def _parts(matrix: sp.csr_array) -> tuple[Offsets, Codes, Floats]:
    """Return the arrays of a CSR matrix in the types the compiled loops are made for."""
    return (
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data.astype(np.float32, copy=False),
    )


@numba.njit(cache=True, parallel=True, nogil=True)
def _dense_product(
    indptr: Offsets, codes: Codes, data: Floats, starts: Offsets | Codes, columns: Codes, weights: Floats, out: Floats
) -> None:  # pragma: no cover - compiled
    for row in numba.prange(len(indptr) - 1):
        line = out[row]
        for at in range(indptr[row], indptr[row + 1]):
            factor = data[at]
            for place in range(starts[codes[at]], starts[codes[at] + 1]):
                line[columns[place]] += factor * weights[place]


@numba.njit(cache=True, parallel=True, nogil=True)
def _part_of_product(
    indptr: Offsets,
    codes: Codes,
    data: Floats,
    starts: Offsets | Codes,
    columns: Codes,
    weights: Floats,
    places: Codes,
    out: Floats,
) -> None:  # pragma: no cover - compiled
    """Do `_dense_product` for the columns that have a place, >= 0, in `out`."""
    for row in numba.prange(len(indptr) - 1):
        line = out[row]
        for at in range(indptr[row], indptr[row + 1]):
            factor = data[at]
            for cell in range(starts[codes[at]], starts[codes[at] + 1]):
                place = places[columns[cell]]
                if place >= 0:
                    line[place] += factor * weights[cell]


@numba.njit(cache=True, parallel=True, nogil=True)
def _sum_of_rows(
    indptr: Offsets, codes: Codes, data: Floats, right: Floats, out: Floats
) -> None:  # pragma: no cover - compiled
    """A block of columns a turn, so that a single row keeps all threads busy too."""
    width = out.shape[1]
    for block in numba.prange((width + _BLOCK - 1) // _BLOCK):
        start, stop = block * _BLOCK, min(width, block * _BLOCK + _BLOCK)
        for row in range(len(indptr) - 1):
            line = out[row, start:stop]
            for at in range(indptr[row], indptr[row + 1]):
                factor, terms = data[at], right[codes[at], start:stop]
                for place in range(stop - start):
                    line[place] += factor * terms[place]


@numba.njit(cache=True, parallel=True, nogil=True)
def _nearest_columns(
    c_indptr: Offsets,
    c_rows: Codes,
    r_indptr: Offsets,
    r_columns: Codes,
    row_weights: Floats,
    column_weights: Floats,
    order: Codes,
    codes: Codes,
    values: Floats,
    shares: int,
) -> None:  # pragma: no cover - compiled
    """One column a turn: add up its products in a dense line, keep the largest, wipe what was touched."""
    size = len(column_weights)
    for share in numba.prange(shares):
        line, found = np.zeros(size, np.float32), np.empty(size + 1, np.int32)
        sums, counts = np.empty(size, np.float32), np.zeros(BUCKETS + 1, np.int32)
        line_bits, keys = line.view(np.uint32), np.empty(size, np.uint64)
        maxima = np.empty((size + RUN - 1) // RUN, np.float32)
        for turn in range(share, len(order), shares):
            column = order[turn]
            work, touched = 0, 0
            for at in range(c_indptr[column], c_indptr[column + 1]):
                work += r_indptr[c_rows[at] + 1] - r_indptr[c_rows[at]]
            # Much work touches most of the line: looking at all of it is then cheaper than noting what was touched.
            noting = work < size // 8
            for at in range(c_indptr[column], c_indptr[column + 1]):
                row = c_rows[at]
                weight = row_weights[row]
                if noting:
                    for place in range(r_indptr[row], r_indptr[row + 1]):
                        other = r_columns[place]
                        found[touched] = other
                        touched += line[other] == 0.0
                        line[other] += weight
                else:
                    for place in range(r_indptr[row], r_indptr[row + 1]):
                        line[r_columns[place]] += weight
            line[column] = 0.0
            if not noting:
                keep_of_line(line, line_bits, column_weights, column, maxima, keys, codes[column], values[column])
                continue
            kept = 0
            for at in range(touched):
                other = found[at]
                if other != column:
                    found[kept] = other
                    sums[kept] = line[other] * column_weights[other] * column_weights[column]
                    kept += 1
                line[other] = 0.0
            keep_largest(found[:kept], sums[:kept], counts, codes[column], values[column])
