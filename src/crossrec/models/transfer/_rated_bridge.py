"""RatedBridge: biased factors of each domain's ratings alone, and for newcomers a vector and bias carried over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Bools, Codes, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.models.classic._factors import FromProducts, Products
from crossrec.models.classic._rated import features_of, with_one
from crossrec.models.classic._ridge import Side, less, solve_side, swept
from crossrec.models.transfer._bridge import Shared, everywhere, shared_by
from crossrec.models.transfer._domains import cells_of_domain, counts_by_domain

__all__ = ["RatedBridge"]


@dataclass
class RatedBridge(FromProducts):
    """Whoever has rated in the target is predicted from that alone; whoever has not, by what is carried over.

    A rating is the domain's mean + bias of the user + bias of the item + product of their vectors. A model writes
    `carried`, and learns it from what `factorised` gives, in which vectors have the bias last and cells are ratings.
    With ratings in several source domains the mean of the vectors that they give counts.
    """

    exempt: ClassVar[Mapping[str, str]] = {
        "unrelated_history_gets_no_opinion": "an item's mean rating is known, whatever else the asker rated",
    }
    factors: int = 20
    epochs: int = 40
    seed: int = 0

    if TYPE_CHECKING:

        def carried(self, cells: sp.csr_array, vectors: Floats, source: int, target: int) -> Floats:
            """Return vectors in the target with the bias last, Float32[B, D + 1]; the model writes this.

            Args:
                cells: [B, I] CSR of ratings in the source; at least one each.
                vectors: Float32[B, D + 1] in the source.
                source: Code of a domain.
                target: Code of another.
            """
            ...

    def factorised(self, train: Interactions) -> Iterator[Shared]:
        """Factorise each domain's ratings, and give the persons of each ordered pair of domains.

        Raises:
            InvalidInput: A setting is out of its range, or nothing is rated.
        """
        name, rated = type(self).__name__, train.csr("ratings")
        if min(self.factors, self.epochs) < 1:
            raise InvalidInput(f"{name}: expected factors and epochs >= 1, got {self.factors} and {self.epochs}")
        if rated.nnz == 0:
            raise InvalidInput(f"{name} learns from ratings, and none of {len(train):,} rows has one; take emcdr")
        domains, size = train.catalogue.domains, len(train.catalogue.domain_ids)
        self.low_, self.high_ = float(rated.data.min()), float(rated.data.max())
        self.means_ = np.full(size, float(rated.data.mean(dtype=np.float64)))
        self.items_ = np.zeros((len(train.catalogue), self.factors + 1), dtype=np.float32)
        self.doubts_ = np.zeros_like(self.items_)
        self.priors_, self.noises_ = np.ones((size, self.factors + 1)), np.ones(size)
        for code in range(size):
            inside = domains == code
            own = sp.csr_array(rated[:, inside])
            if own.nnz:
                self.means_[code] = own.data.mean(dtype=np.float64)
                found = swept(less(own, self.means_[code]), self.factors, self.epochs, seed=self.seed)
                self.items_[inside], self.doubts_[inside] = found.items
                self.priors_[code], self.noises_[code] = found.prior, found.noise
        self.catalogue_ = train.catalogue
        known, _, vectors = self._solved(rated)
        yield from shared_by(known, vectors, rated)

    def products(self, queries: Queries) -> Products:
        """Return what gives predicted ratings, not cut at the ends of the scale so that lists stay in order."""
        vectors, known = self._everywhere(queries.csr("ratings"))
        return Products(vectors, self._features(), known, self.catalogue_.domains)

    def predict(self, queries: Queries, items: Codes) -> Floats:
        """Return one rating a query, within the range seen in training; see `Rates`."""
        vectors, _ = self._everywhere(self.aligned(queries).csr("ratings"))
        domains = np.append(self.catalogue_.domains, np.int16(0))[items]
        own = vectors[domains, np.arange(len(items))]
        values = np.einsum("bd,bd->b", own, self._features()[np.maximum(items, 0)])
        unknown = np.float32(self.means_.mean()) if len(self.means_) > 1 else own[:, -2] + np.float32(self.means_[0])
        return np.clip(np.where(items >= 0, values, unknown), self.low_, self.high_).astype(np.float32)

    def _features(self) -> Floats:
        """Return [vector, 1, bias + mean of the domain] of each item, Float32[I, D + 2]."""
        return features_of(self.items_, self.means_[self.catalogue_.domains])

    def _solved(self, rated: sp.csr_array) -> tuple[Bools, list[sp.csr_array], Floats]:
        """Return Bool[B, domains], is anything rated there; each domain's ratings; and Float32[domains, B, D + 1]."""
        domains, size = self.catalogue_.domains, len(self.means_)
        items = Side(self.items_.astype(np.float64), self.doubts_.astype(np.float64))
        cells = [cells_of_domain(rated, domains, code) for code in range(size)]
        found = [
            solve_side(less(part, float(self.means_[code])), items, self.priors_[code], self.noises_[code]).means
            for code, part in enumerate(cells)
        ]
        return counts_by_domain(rated, domains, size) > 0, cells, np.stack(found).astype(np.float32)

    def _everywhere(self, rated: sp.csr_array) -> tuple[Floats, Bools]:
        """Return Float32[domains, B, D + 2], [vector, bias, 1] solved or carried over; and who has rated anything."""
        known, cells, own = self._solved(rated)
        return with_one(everywhere(known, cells, own, self.carried)), np.asarray(known.any(axis=1))
