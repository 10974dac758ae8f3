"""Compiled loops over sparse rows, shared by the neighbour models. Sums run in a fixed order on any thread count."""

from __future__ import annotations

import numba
import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats, Offsets

__all__ = ["dense_product", "largest_products", "weighted"]


def weighted(matrix: sp.csr_array, weighting: str) -> sp.csr_array:
    """Weigh the cells of a matrix whose columns are to be compared; rows are documents, columns terms' owners.

    Args:
        matrix: [R, C] CSR of float32 counts.
        weighting: "cosine" leaves the cells; "tfidf" is sqrt(x) · log(C / size of the row); "bm25" has
            k1 = 100 and b = 0.8.

    Returns:
        [R, C] CSR; the columns of "cosine" and "tfidf" have length 1.

    Source: implicit's `nearest_neighbours` weightings, on Robertson & Zaragoza 2009, equation 3.15.
    """
    made = matrix.copy()
    made.data = made.data.astype(np.float32)
    row_sizes = np.diff(made.indptr)
    idf = np.log(matrix.shape[1] / (1.0 + row_sizes), dtype=np.float64)
    if weighting == "bm25":
        column_sums = np.bincount(made.indices, weights=made.data, minlength=made.shape[1])
        norm = 0.2 + 0.8 * column_sums / max(column_sums.mean(), 1e-12)
        made.data = (made.data * 101.0 / (100.0 * norm[made.indices] + made.data)).astype(np.float32)
    if weighting == "tfidf":
        made.data = np.sqrt(made.data)
    if weighting in ("tfidf", "bm25"):
        made.data *= np.repeat(np.maximum(idf, 1e-6), row_sizes).astype(np.float32)
    if weighting in ("cosine", "tfidf"):
        lengths = np.sqrt(np.bincount(made.indices, weights=made.data.astype(np.float64) ** 2, minlength=made.shape[1]))
        made.data /= np.maximum(lengths, 1e-12)[made.indices].astype(np.float32)
    return made


def largest_products(matrix: sp.csr_array, k: int, shrink: float) -> sp.csr_array:
    """Return the k largest products of each column with the others, X'X without its diagonal.

    Args:
        matrix: [R, C] CSR with sorted indices, float32.
        k: Neighbours kept of each column.
        shrink: A product over n common rows is multiplied by n / (n + shrink).

    Returns:
        [C, C] CSR with sorted indices: row c holds the neighbours of column c. Equal products: lower code first.
    """
    columns = sp.csr_array(matrix.T)
    size = matrix.shape[1]
    k = min(k, max(size - 1, 1))
    codes, values = np.full((size, k), -1, np.int32), np.zeros((size, k), np.float32)
    by_size = np.argsort(-np.diff(columns.indptr), kind="stable").astype(np.int32)
    threads = numba.get_num_threads()
    work = (
        np.zeros((threads, size), np.float32),
        np.zeros((threads, size), np.int32),
        np.zeros((threads, size), np.int32),
    )
    _largest_products(*_parts(columns), *_parts(matrix), by_size, np.float32(shrink), *work, codes, values)
    filled = codes >= 0
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(filled.sum(axis=1))])
    made = sp.csr_array((values[filled], codes[filled], indptr), shape=(size, size))
    made.sort_indices()
    return made


def dense_product(left: sp.csr_array, right: sp.csr_array) -> Floats:
    """Return left @ right as a dense Float32[B, C], adding each row's terms in order."""
    out = np.zeros((left.shape[0], right.shape[1]), dtype=np.float32)
    _dense_product(*_parts(left), *_parts(right), out)
    return out


def _parts(matrix: sp.csr_array) -> tuple[Offsets, Codes, Floats]:
    """Return the arrays of a CSR matrix in the types the compiled loops are made for."""
    return (
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data.astype(np.float32, copy=False),
    )


@numba.njit(cache=True, parallel=True, nogil=True)
def _dense_product(
    indptr: Offsets, codes: Codes, data: Floats, starts: Offsets, columns: Codes, weights: Floats, out: Floats
) -> None:  # pragma: no cover - compiled
    for row in numba.prange(len(indptr) - 1):
        line = out[row]
        for at in range(indptr[row], indptr[row + 1]):
            factor = data[at]
            for place in range(starts[codes[at]], starts[codes[at] + 1]):
                line[columns[place]] += factor * weights[place]


@numba.njit(cache=True, parallel=True, nogil=True, fastmath={"contract"})
def _largest_products(
    c_indptr: Offsets,
    c_rows: Codes,
    c_data: Floats,
    r_indptr: Offsets,
    r_columns: Codes,
    r_data: Floats,
    order: Codes,
    shrink: np.float32,
    sums: Floats,
    counts: Codes,
    touched: Codes,
    out_codes: Codes,
    out_values: Floats,
) -> None:  # pragma: no cover - compiled
    """One column a turn: add up its products in a dense line, keep the largest, wipe what was touched."""
    threads = sums.shape[0]
    for thread in numba.prange(threads):
        line, seen, found = sums[thread], counts[thread], touched[thread]
        for turn in range(thread, len(order), threads):
            column = order[turn]
            size = 0
            for at in range(c_indptr[column], c_indptr[column + 1]):
                factor = c_data[at]
                row = c_rows[at]
                for place in range(r_indptr[row], r_indptr[row + 1]):
                    other = r_columns[place]
                    if seen[other] == 0:
                        found[size] = other
                        size += 1
                    seen[other] += 1
                    line[other] += factor * r_data[place]
            if shrink > 0:
                for at in range(size):
                    line[found[at]] *= seen[found[at]] / (seen[found[at]] + shrink)
            line[column] = -np.inf
            _keep_largest(line, found[:size], out_codes[column], out_values[column])
            for at in range(size):
                line[found[at]] = 0.0
                seen[found[at]] = 0
            line[column] = 0.0


@numba.njit(cache=True)
def _keep_largest(line: Floats, found: Codes, codes: Codes, values: Floats) -> None:  # pragma: no cover - compiled
    """Fill codes and values with the largest positive cells of a line; a heap whose root is the worst."""
    k, size = len(codes), 0
    for code in found:
        value = line[code]
        if not value > 0.0:
            continue
        if size == k and not (value > values[0] or (value == values[0] and code < codes[0])):
            continue
        place = 0
        if size < k:
            place = size
            size += 1
            while place > 0:
                parent = (place - 1) // 2
                if values[parent] < value or (values[parent] == value and codes[parent] > code):
                    break
                codes[place], values[place] = codes[parent], values[parent]
                place = parent
        else:
            while True:
                child = 2 * place + 1
                if child >= k:
                    break
                right = child + 1
                if right < k and (
                    values[right] < values[child] or (values[right] == values[child] and codes[right] > codes[child])
                ):
                    child = right
                if not (values[child] < value or (values[child] == value and codes[child] > code)):
                    break
                codes[place], values[place] = codes[child], values[child]
                place = child
        codes[place], values[place] = code, value
