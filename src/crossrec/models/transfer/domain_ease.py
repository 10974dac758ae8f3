"""EASE over several domains: other domains' items count by a weight, and each person's domains by their size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import blocks_of
from crossrec.models.classic._inverse import WORKSPACE, invert
from crossrec.models.classic._neighbours import similar_items, strongest_reason
from crossrec.models.classic._sparse import sum_of_rows
from crossrec.models.machine import require_memory
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space
from crossrec.models.transfer._domains import scaled_cells

__all__ = ["DomainEASE"]

_ROWS = 2_048


@dataclass
class DomainEASE(FromScores):
    """Linear item-item weights in closed form, solved for each target domain with the others as helpers.

    For the items of a target domain, the columns of all other domains are multiplied by `weight`: a penalty
    1 / weight² times as large on what is learned from them. Weight 0 is EASE on each domain alone, the control;
    weight 1 is EASE over the union.

    Args:
        l2: Ridge penalty on the item-item weights, > 0.
        weight: Of the other domains, in [0, 1].
        activity: A person's n items of a domain count n to the power -activity in what goes together, in [0, 2].

    Source: Steck 2019 (arXiv 1905.03375), equation 8, with columns scaled by domain. Departs in both scalings.
    Domains without common users share no block of the Gram matrix and are solved apart.
    """

    l2: float = 100.0
    weight: float = 1.0
    activity: float = 0.0
    space: ClassVar[Space] = {
        "l2": Range(1, 10_000, log=True),
        "weight": Range(0.0, 1.0),
        "activity": Range(0.0, 1.0),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> DomainEASE:  # noqa: ARG002
        """Solve for the weights towards each domain's items.

        Raises:
            InvalidInput: A setting is out of its range.
            OutOfBudget: The I × I matrix would not fit in the memory there is.
        """
        if not self.l2 > 0 or not 0 <= self.weight <= 1 or not 0 <= self.activity <= 2:
            raise InvalidInput(
                "DomainEASE: expected l2 > 0, weight in [0, 1] and activity in [0, 2], got "
                f"{self.l2}, {self.weight} and {self.activity}"
            )
        domains, size = train.catalogue.domains, len(train.catalogue)
        seen = scaled_cells(train.csr(), domains, len(train.catalogue.domain_ids), self.activity)
        blocks = blocks_of(seen)
        largest = max(map(len, blocks), default=0)
        require_memory(largest * largest * 4 * (WORKSPACE + 1) + size * size * 4, f"DomainEASE over {size:,} items")
        self.weights_ = np.zeros((size, size), dtype=np.float32)
        for block in blocks:
            self._solve(sp.csr_array(seen[:, block]), block, domains[block])
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Multiply histories with the weights."""
        catalogue, codes = self.catalogue_, self.candidate_codes(candidates)
        rows = self.aligned(queries).csr()
        rows = scaled_cells(rows, catalogue.domains, len(catalogue.domain_ids), self.activity)
        weights = self.weights_ if codes is None else self.weights_[:, codes]
        return Scores.above(sum_of_rows(rows, weights), np.diff(rows.indptr) > 0)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the k items with the largest weights from each item; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        rows = self.weights_[self.catalogue_.codes_of(items)]
        rows[rows <= 0] = -np.inf  # no weight, or one against, is no likeness
        return similar_items(self.catalogue_, items, rows, k)

    def explain(self, queries: Queries, items: Codes) -> Codes:
        """Return the past item with the largest weight towards each item; see `Explains`."""
        return strongest_reason(self.aligned(queries), items, self.weights_)

    def _solve(self, seen: sp.csr_array, block: Codes, domains: NDArray[np.int16]) -> None:
        """Fill in the weights among the items of one block, target domain after target domain."""
        gram = _gram(seen)
        targets = np.unique(domains)
        if self.weight == 1 or len(targets) == 1:
            self.weights_[np.ix_(block, block)] = _weights(gram, self.l2)
            return
        for target in targets:
            inside = domains == target
            if self.weight == 0:
                own = block[inside]
                self.weights_[np.ix_(own, own)] = _weights(gram[np.ix_(inside, inside)], self.l2)
                continue
            scale = np.where(inside, np.float32(1), np.float32(self.weight))
            found = _weights(gram * scale[:, None] * scale[None, :], self.l2)
            self.weights_[np.ix_(block, block[inside])] = scale[:, None] * found[:, inside]


def _gram(seen: sp.csr_array) -> Floats:
    """Return X'X as a dense Float32[I, I], filled in slices."""
    size = seen.shape[1]
    gram = np.zeros((size, size), dtype=np.float32)
    transposed = sp.csr_array(seen.T)
    for start in range(0, size, _ROWS):
        gram[start : start + _ROWS] = (transposed[start : start + _ROWS] @ seen).toarray()
    return gram


def _weights(gram: Floats, l2: float) -> Floats:
    """Return EASE's weights of a Gram matrix, [from, to], which is overwritten on the way."""
    gram[np.diag_indices(len(gram))] += np.float32(l2)
    invert(gram)
    weights: Floats = gram / -np.diag(gram)[None, :]
    np.fill_diagonal(weights, 0.0)
    return weights
