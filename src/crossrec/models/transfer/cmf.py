"""Collective factorisation: one vector for each person, shared by all domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels
from crossrec.models.classic._factors import FromProducts, Products, Reach, similar_by_angle
from crossrec.models.recommender import as_queries
from crossrec.models.space import Range, Space
from crossrec.models.transfer._solving import check_factors, solved, whitened_items

__all__ = ["CMF"]


@dataclass
class CMF(FromProducts):
    """Factors of implicit feedback over the union of domains, in which a small domain may weigh as much as a large one.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items, >= 1.
        l2: Ridge penalty on all vectors, > 0.
        alpha: Confidence of a cell that was had is 1 + alpha · weight of its domain, alpha > 0.
        balance: The weight of a domain is (mean cells of a domain / its cells) to this power, in [0, 1]: 0 is ALS over
            the union, 1 gives all domains the same confidence in sum.
        seed: Fixes the vectors at the start.

    Source: Singh & Gordon 2008, "Relational learning via collective matrix factorization", two matrices that share
    the users, with squared loss. Departs in implicit feedback (Hu, Koren & Volinsky 2008), and in weights on the
    confidence of what was had, not on all cells of a domain.
    """

    factors: int = 64
    epochs: int = 15
    l2: float = 1.0
    alpha: float = 10.0
    balance: float = 0.5
    seed: int = 0
    space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True, whole=True),
        "l2": Range(0.01, 100, log=True),
        "alpha": Range(0.1, 100, log=True),
        "balance": Range(0.0, 1.0),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> CMF:  # noqa: ARG002
        """Sweep over users and items of all domains.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        check_factors("CMF", self.factors, self.epochs, self.l2, self.alpha)
        if not 0 <= self.balance <= 1:
            raise InvalidInput(f"CMF: expected balance in [0, 1], got {self.balance}")
        seen, domains = train.csr(), train.catalogue.domains
        cells = np.maximum(np.bincount(domains[seen.indices], minlength=len(train.catalogue.domain_ids)), 1)
        scale = (cells.mean() / cells) ** self.balance
        self.confidence_ = (self.alpha * scale[domains]).astype(np.float32)
        self.whitened_ = whitened_items(self._told(seen), self.factors, self.epochs, l2=self.l2, seed=self.seed)
        self.blocks_ = block_labels(seen)
        return self.remember(train)

    def products(self, queries: Queries) -> Products:
        """Solve each history's vector; see `FromProducts`."""
        rows = queries.csr()
        vectors, known = solved(self._told(rows), self.whitened_), np.diff(rows.indptr) > 0
        return Products(vectors[None], self.whitened_, known, reach=Reach(rows, self.blocks_))

    def embed(self, queries: Queries) -> Floats:
        """Return each history's vector; see `Embeds`."""
        return solved(self._told(self.aligned(queries).csr()), self.whitened_)

    def item_vectors(self) -> Floats:
        """Return the items' vectors; see `Embeds`."""
        as_queries(self, [])  # refuses before fit
        return self.whitened_

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_by_angle(self.catalogue_, items, self.whitened_, k)

    def _told(self, rows: sp.csr_array) -> sp.csr_array:
        """Return the confidence above 1 of each cell of histories."""
        return sp.csr_array((self.confidence_[rows.indices], rows.indices, rows.indptr), shape=rows.shape)
