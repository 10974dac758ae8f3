"""Blocks: groups of items that share no user, between which no model can know anything."""

from __future__ import annotations

import numba
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from crossrec.core.arrays import Codes, Floats, Offsets

__all__ = ["block_labels", "blocks_of", "labels_in_reach", "silence_strangers"]


def block_labels(seen: sp.csr_array) -> Codes:
    """Return Int32[I], the block of each item: two items are in one where a chain of users joins them.

    Args:
        seen: [U, I] CSR of what each user had.
    """
    graph = sp.block_array([[None, seen], [sp.csr_array(seen.T), None]], format="csr")
    _, labels = connected_components(graph, directed=False)
    _, found = np.unique(labels[seen.shape[0] :], return_inverse=True)
    return found.astype(np.int32)


def blocks_of(seen: sp.csr_array) -> list[Codes]:
    """Return the codes of each block, rising; items that nobody had are in none."""
    labels = block_labels(seen)
    had = np.flatnonzero(np.bincount(seen.indices, minlength=seen.shape[1])).astype(np.int32)
    order = np.argsort(labels[had], kind="stable")
    return np.split(had[order], np.flatnonzero(np.diff(labels[had][order])) + 1) if len(had) else []


def silence_strangers(values: Floats, rows: sp.csr_array, labels: Codes, codes: Codes | None = None) -> None:
    """Set the scores of items outside the blocks of a history to 0, in place.

    Args:
        values: Float32[B, I], or [B, C].
        rows: [B, I] CSR of the histories.
        labels: Int32[I], see `block_labels`.
        codes: Int32[C] items that were scored; None is all.
    """
    if len(labels) == 0 or int(labels.max()) == 0:
        return
    known = np.zeros((rows.shape[0], int(labels.max()) + 1), dtype=np.bool_)
    known[np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), labels[rows.indices]] = True
    columns = labels if codes is None else labels[codes]
    for line, mine in zip(values, known, strict=True):  # a line at a time: no second large array
        line[~mine[columns]] = 0


def labels_in_reach(rows: sp.csr_array, labels: Codes) -> tuple[Offsets, Codes]:
    """Return the blocks that each history has items of, each once, as CSR: Int64[B + 1] and Int32[…].

    Args:
        rows: [B, I] CSR of the histories.
        labels: Int32[I], see `block_labels`.
    """
    counts, found = _distinct(rows.indptr.astype(np.int64), labels[rows.indices])
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), found


@numba.njit(cache=True, nogil=True)
def _distinct(indptr: Offsets, labels: Codes) -> tuple[Offsets, Codes]:  # pragma: no cover - compiled
    """Return Int64[B], how many different labels each row has, and these; rows have few."""
    counts, found, end = np.zeros(len(indptr) - 1, np.int64), np.empty_like(labels), 0
    for row in range(len(counts)):
        begin = end
        for label in labels[indptr[row] : indptr[row + 1]]:
            new = True
            for other in found[begin:end]:
                if other == label:
                    new = False
                    break
            if new:
                found[end] = label
                end += 1
        counts[row] = end - begin
    return counts, found[:end].copy()
