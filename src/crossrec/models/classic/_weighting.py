"""How much each row and column of a 0/1 matrix weighs in a similarity: cosine, tf-idf and BM25."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Floats

__all__ = ["weights_of"]


def weights_of(
    seen: sp.csr_array, weighting: str, popularity: float = 0.5, activity: float = 0.0
) -> tuple[Floats, Floats]:
    """Return how much each row and each column of a 0/1 matrix weighs: cell (r, c) becomes rows[r] · columns[c].

    Args:
        seen: [R, C] CSR of ones; columns are what is compared.
        weighting: "cosine", "tfidf" (idf = log(C / (1 + size of the row))), or "bm25" (k1 = 100, b = 0.8).
        popularity: Columns of "cosine" and "tfidf" are divided by their squared length to this power.
        activity: A row of n cells adds its share to a product of columns n^-activity times.

    Returns:
        Float32[R] and Float32[C]; with a popularity of 0.5 the columns of "cosine" and "tfidf" have length 1.

    Source: Robertson & Zaragoza 2009, equation 3.15, for "bm25"; on ones its saturation depends on the
    column alone, which is what lets a cell fall into two factors.
    """
    row_sizes, column_sizes = np.diff(seen.indptr), np.bincount(seen.indices, minlength=seen.shape[1])
    rows = np.ones(seen.shape[0])
    if weighting in ("tfidf", "bm25"):
        rows = np.maximum(np.log(seen.shape[1] / (1.0 + row_sizes)), 1e-6)
    rows *= np.maximum(row_sizes, 1) ** (-activity / 2)
    if weighting == "bm25":
        norm = 0.2 + 0.8 * column_sizes / max(float(column_sizes.mean()), 1e-12)
        columns = 101.0 / (100.0 * norm + 1.0)
    else:
        squares = np.bincount(seen.indices, weights=np.repeat(rows**2, row_sizes), minlength=seen.shape[1])
        columns = np.maximum(squares, 1e-12) ** -popularity
    return rows.astype(np.float32), columns.astype(np.float32)
