"""Histories by domain: how many items of each, and the items of one alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Floats
from crossrec.core.catalogue import Catalogue
from crossrec.core.recommendations import Recommendations
from crossrec.core.vocabulary import Id
from crossrec.models.classic._factors import similar_by_angle

__all__ = ["cells_kept", "cells_of_domain", "counts_by_domain", "scaled_cells", "similar_within"]


def counts_by_domain(rows: sp.csr_array, domains: NDArray[np.int16], size: int) -> NDArray[np.int64]:
    """Return Int64[B, D], the number of items of each domain in each history.

    Args:
        rows: [B, I] CSR of histories.
        domains: Int16[I] domain of each item.
        size: D.
    """
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    cells = np.bincount(row * size + domains[rows.indices], minlength=rows.shape[0] * size)
    return np.asarray(cells.reshape(rows.shape[0], size), dtype=np.int64)


def cells_of_domain(rows: sp.csr_array, domains: NDArray[np.int16], code: int) -> sp.csr_array:
    """Return the same [B, I] rows with the items of one domain alone."""
    return cells_kept(rows, domains[rows.indices] == code)


def cells_kept(rows: sp.csr_array, keep: Bools) -> sp.csr_array:
    """Return the same [B, I] rows with some of their cells, told by Bool[cells]."""
    before = np.concatenate([[0], np.cumsum(keep)])
    return sp.csr_array((rows.data[keep], rows.indices[keep], before[rows.indptr]), shape=rows.shape)


def scaled_cells(rows: sp.csr_array, domains: NDArray[np.int16], size: int, activity: float) -> sp.csr_array:
    """Divide each cell by the number of items its row has in the cell's domain, to the power activity / 2.

    Args:
        rows: [B, I] CSR of histories.
        domains: Int16[I] domain of each item.
        size: Number of domains.
        activity: 0 changes nothing; 1 gives each person's part in each domain the same length.
    """
    if activity == 0:
        return rows
    counts = counts_by_domain(rows, domains, size)
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    factors: Floats = (counts[row, domains[rows.indices]] ** (-activity / 2)).astype(np.float32)
    return sp.csr_array((rows.data * factors, rows.indices, rows.indptr), shape=rows.shape)


def similar_within(catalogue: Catalogue, items: Sequence[Id], vectors: Floats, k: int) -> Recommendations:
    """Return the items of the same domain whose vectors make the smallest angle with each item's.

    Args:
        catalogue: The items.
        items: B item ids.
        vectors: Float32[I, D], those of each domain in a space of its own.
        k: Length of the lists, >= 1.
    """
    size, width = len(catalogue.domain_ids), vectors.shape[1]
    apart = np.zeros((len(catalogue), size * width), dtype=np.float32)
    for code in range(size):  # each domain's vectors in dimensions of their own: two spaces have no angle
        inside = catalogue.domains == code
        apart[inside, code * width : (code + 1) * width] = vectors[inside]
    return similar_by_angle(catalogue, items, apart, k)
