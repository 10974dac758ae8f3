"""EASE: a linear item-item model with a closed-form answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores, top_k
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import blocks_of
from crossrec.models.classic._growth import erased_since, grown_of
from crossrec.models.classic._inverse import WORKSPACE, change, invert
from crossrec.models.classic._neighbours import similar_items, strongest_reason
from crossrec.models.classic._sparse import dense_product, sum_of_rows
from crossrec.models.machine import require_memory
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space

__all__ = ["EASE"]

_PRUNE_ROWS = 2_048
_LONELY = 0.05
"""Share of items that nobody had up to which they are solved for with the others."""


@dataclass
class EASE(FromScores):
    """Embarrassingly shallow autoencoder for implicit feedback.

    Args:
        l2: Ridge penalty on the item-item weights, > 0.
        keep: Keep only this many of the largest weights towards each item, so that a large catalogue saves
            small; 0 keeps all.

    Source: Steck 2019 (arXiv 1905.03375), equation 8. Departs in float32 and an in-place inverse
    (LAPACK potrf + potri) instead of a general inverse: a half of the memory and several times as fast.
    """

    space: ClassVar[Space] = {"l2": Range(1, 10_000, log=True)}
    l2: float = 100.0
    keep: int = 0

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> EASE:  # noqa: ARG002
        """Solve for the item-item weights.

        Raises:
            InvalidInput: l2 <= 0 or keep < 0.
            OutOfBudget: The I × I matrix would not fit in the memory there is.
        """
        if not self.l2 > 0 or self.keep < 0:
            raise InvalidInput(f"EASE: expected l2 > 0 and keep >= 0, got l2={self.l2}, keep={self.keep}")
        seen = train.csr()
        # X'X is block diagonal, and so is its inverse: domains without common users cost the sum of their cubes.
        blocks = _few_lonely(blocks_of(seen), len(train.catalogue))
        size, largest = len(train.catalogue), max(map(len, blocks), default=0)
        whole = 0 if largest == size else size * size * 4
        held = size * self.keep * 8 if self.keep else whole
        require_memory(largest * largest * 4 * WORKSPACE + held, f"EASE over {size:,} items")
        self.diagonal_ = np.full(size, 1 / self.l2, dtype=np.float32)  # as it is for an item that nobody had
        self.weights_ = _assembled([(block, self._solved(seen, block)) for block in blocks], size, self.keep)
        self.learned_ = len(train)
        return self.remember(train)

    def update(self, new: Interactions) -> EASE:
        """Change the inverse by what is new, see `_inverse`; see `Updates`.

        With `keep`, where somebody was erased from the histories since, or where more people did something new than a
        quarter of the items, it is solved anew.
        """
        growth, weights = grown_of(self, new), self.weights_
        people, size = growth.after.shape
        if not isinstance(weights, np.ndarray) or 0 < self.keep < size or erased_since(self) or people > size // 4:
            return self.fit(growth.data)
        require_memory(size * size * 4 * 1.2, f"EASE over {size:,} items")
        known = len(self.diagonal_)
        diagonal = np.append(self.diagonal_, np.full(size - known, 1 / self.l2, dtype=np.float32))
        inverse = np.zeros((size, size), dtype=np.float32)
        np.multiply(weights, -self.diagonal_, out=inverse[:known, :known])
        inverse[np.diag_indices(size)] = diagonal
        change(inverse, growth.before, growth.after)
        self.diagonal_ = np.diag(inverse).copy()
        inverse /= -self.diagonal_
        np.fill_diagonal(inverse, 0.0)
        self.weights_, self.learned_ = inverse, len(growth.data)
        return self.remember(growth.data)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Multiply histories with the weights."""
        rows = self.aligned(queries).liked
        codes = self.candidate_codes(candidates)
        weights = self.weights_ if codes is None else self.weights_[:, codes]
        if sp.issparse(weights):
            return Scores.above(dense_product(rows, sp.csr_array(weights)), np.diff(rows.indptr) > 0)
        return Scores.above(sum_of_rows(rows, weights), np.diff(rows.indptr) > 0)

    def _solved(self, seen: sp.csr_array, block: Codes) -> Floats | sp.csr_array:
        """Solve for the weights among the items of one block."""
        inverse = _gram(sp.csr_array(seen[:, block]), self.l2)
        invert(inverse)
        weights = inverse.T  # symmetric, and in C order the row of a past item lies together: half of every score
        diagonal = np.diag(inverse).copy()
        self.diagonal_[block] = diagonal
        weights /= -diagonal
        np.fill_diagonal(weights, 0.0)
        return _pruned(weights, self.keep) if 0 < self.keep < len(block) else weights

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the k items with the largest weights from each item; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        rows = self.weights_[self.catalogue_.codes_of(items)]
        dense = rows.toarray() if sp.issparse(rows) else rows
        dense[dense <= 0] = -np.inf  # no weight, or one against, is no likeness
        return similar_items(self.catalogue_, items, dense, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item with the largest weight towards each item; see `Explains`."""
        return strongest_reason(self.aligned(queries), items, self.weights_)


def _few_lonely(blocks: list[Codes], size: int) -> list[Codes]:
    """Take items that nobody had into an only block where they are few: solving for them is less than moving all."""
    lonely = size - len(blocks[0]) if len(blocks) == 1 else 0
    return [np.arange(size, dtype=np.int32)] if 0 < lonely <= size * _LONELY else blocks


def _assembled(parts: list[tuple[Codes, Floats | sp.csr_array]], size: int, keep: int) -> Floats | sp.csr_array:
    """Put the blocks' weights into one [I, I] matrix: dense, or sparse where weights are pruned."""
    if not 0 < keep < size:
        if len(parts) == 1 and len(parts[0][0]) == size:
            return parts[0][1]
        dense = np.zeros((size, size), dtype=np.float32)
        for block, weights in parts:
            dense[np.ix_(block, block)] = weights if isinstance(weights, np.ndarray) else weights.toarray()
        return dense
    cells = [(block, sp.coo_array(weights)) for block, weights in parts]
    row = np.concatenate([block[part.coords[0]] for block, part in cells])
    column = np.concatenate([block[part.coords[1]] for block, part in cells])
    data = np.concatenate([part.data for _, part in cells])
    return sp.csr_array(sp.coo_array((data, (row, column)), shape=(size, size)))


def _gram(seen: sp.csr_array, l2: float) -> Floats:
    """Return X'X + l2 as a dense Fortran-ordered matrix, filled in slices."""
    size = seen.shape[1]
    gram = np.zeros((size, size), dtype=np.float32, order="F")
    transposed = sp.csr_array(seen.T)
    for start in range(0, size, _PRUNE_ROWS):
        part = transposed[start : start + _PRUNE_ROWS] @ seen
        gram[:, start : start + _PRUNE_ROWS] = part.toarray().T
    gram[np.diag_indices(size)] += np.float32(l2)
    return gram


def _pruned(weights: Floats, keep: int) -> sp.csr_array:
    """Keep the `keep` weights of each column that are largest in size, as a sparse matrix."""
    parts = []
    for start in range(0, weights.shape[1], _PRUNE_ROWS):
        columns = np.ascontiguousarray(weights[:, start : start + _PRUNE_ROWS].T)
        chosen, _ = top_k(np.abs(columns), keep)
        data = np.take_along_axis(columns, chosen.astype(np.int64), axis=1)
        indptr = np.arange(len(columns) + 1) * keep
        parts.append(sp.csr_array((data.ravel(), chosen.ravel(), indptr), shape=(len(columns), weights.shape[0])))
    return sp.csr_array(sp.vstack(parts).T)
