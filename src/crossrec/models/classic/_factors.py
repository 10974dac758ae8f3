"""What factor models share: scores as products of vectors, and items alike by the angle between them."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from crossrec.core.arrays import Codes, Floats
from crossrec.core.catalogue import Catalogue
from crossrec.core.recommendations import Recommendations
from crossrec.core.vocabulary import Id
from crossrec.models.classic._neighbours import similar_items

__all__ = ["dense_scores", "similar_by_angle"]

_BLOCK = 1_024


def dense_scores(vectors: Floats, items: Floats, codes: Codes | None = None) -> Floats:
    """Return the products of query vectors and item vectors.

    Each cell adds its terms in one order, so it depends neither on the batch, nor on the candidates, nor on
    the threads; a BLAS product keeps none of the three.

    Args:
        vectors: Float32[B, D].
        items: Float32[I, D].
        codes: Int32[C] items to score; None is all.

    Returns:
        Float32[B, I], or [B, C].
    """
    chosen = items if codes is None else items[codes]
    out = np.zeros((len(vectors), len(chosen)), dtype=np.float32)
    _add_products(np.ascontiguousarray(vectors, dtype=np.float32), np.ascontiguousarray(chosen.T), out)
    return out


def similar_by_angle(catalogue: Catalogue, items: Sequence[Id], vectors: Floats, k: int) -> Recommendations:
    """Return the items whose vectors make the smallest angle with each item's.

    Args:
        catalogue: The items.
        items: B item ids.
        vectors: Float32[I, D].
        k: Length of the lists, >= 1.
    """
    lengths = np.sqrt(np.einsum("id,id->i", vectors, vectors))
    unit = vectors / np.maximum(lengths, 1e-12)[:, None]
    rows = dense_scores(unit[catalogue.codes_of(items)], unit)
    rows[:, lengths == 0] = -np.inf  # an item nobody had points nowhere
    return similar_items(catalogue, items, rows, k)


@numba.njit(cache=True, parallel=True, nogil=True, fastmath={"contract"})
def _add_products(vectors: Floats, columns: Floats, out: Floats) -> None:  # pragma: no cover - compiled
    """Add vectors @ columns to `out`, a block of items a turn, dimension after dimension.

    Two rows and four dimensions share what is loaded; the terms of a cell are added in the order of dimensions still.
    """
    size, dimensions, rows = columns.shape[1], columns.shape[0], len(vectors)
    fours, pairs = dimensions // 4 * 4, rows // 2 * 2
    for block in numba.prange((size + _BLOCK - 1) // _BLOCK):
        start, stop = block * _BLOCK, min(size, block * _BLOCK + _BLOCK)
        for row in range(0, pairs, 2):
            upper, lower = out[row, start:stop], out[row + 1, start:stop]
            for at in range(0, fours, 4):
                a, b, c, d = vectors[row, at], vectors[row, at + 1], vectors[row, at + 2], vectors[row, at + 3]
                next_row = vectors[row + 1]
                e, f, g, h = next_row[at], next_row[at + 1], next_row[at + 2], next_row[at + 3]
                first, second = columns[at, start:stop], columns[at + 1, start:stop]
                third, fourth = columns[at + 2, start:stop], columns[at + 3, start:stop]
                for place in range(stop - start):
                    p, q, r, s = first[place], second[place], third[place], fourth[place]
                    upper[place] = (((upper[place] + a * p) + b * q) + c * r) + d * s
                    lower[place] = (((lower[place] + e * p) + f * q) + g * r) + h * s
        for row in range(rows):
            line = out[row, start:stop]
            for at in range(fours if row < pairs else 0, dimensions):
                weight, terms = vectors[row, at], columns[at, start:stop]
                for place in range(stop - start):
                    line[place] += weight * terms[place]
