"""Bridge: factors of each domain alone, and for whoever has nothing in the target a vector carried over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Floats
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels
from crossrec.models.classic._factors import FromProducts, Products, Reach
from crossrec.models.classic._gradients import confidences
from crossrec.models.transfer._domains import cells_of_domain, counts_by_domain, similar_within
from crossrec.models.transfer._solving import check_factors, solved, whitened_items

__all__ = ["Bridge", "Shared", "everywhere", "shared_by"]


class Shared(NamedTuple):
    """The N persons who have something in both of two domains.

    Args:
        source: Code of the domain carried from.
        target: Code of the domain carried to.
        vectors: Float32[N, D] in the source.
        wanted: Float32[N, D] in the target.
        cells: [N, I] CSR of confidence above 1 of all they had, in every domain.
    """

    source: int
    target: int
    vectors: Floats
    wanted: Floats
    cells: sp.csr_array


@dataclass
class Bridge(FromProducts):
    """Whoever has a history in the target is answered from it alone; whoever has none, by a vector carried over.

    A model writes `carried`, and learns it from what `factorised` gives. With histories in several source domains the
    mean of the vectors that they give counts.
    """

    factors: int = 64
    epochs: int = 15
    l2: float = 1.0
    alpha: float = 10.0
    seed: int = 0

    if TYPE_CHECKING:

        def carried(self, cells: sp.csr_array, vectors: Floats, source: int, target: int) -> Floats:
            """Return vectors in the target, Float32[B, D]; the model writes this.

            Args:
                cells: [B, I] CSR of what was had in the source; at least one item each.
                vectors: Float32[B, D] in the source.
                source: Code of a domain.
                target: Code of another.
            """
            ...

    def factorised(self, train: Interactions) -> Iterator[Shared]:
        """Factorise each domain, and give the persons of each ordered pair of domains, also where there are none.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        check_factors(type(self).__name__, self.factors, self.epochs, self.l2, self.alpha)
        seen, domains, size = train.csr(), train.catalogue.domains, len(train.catalogue.domain_ids)
        told = confidences(seen, self.alpha)
        self.whitened_ = np.zeros((len(train.catalogue), self.factors), dtype=np.float32)
        vectors = np.zeros((size, seen.shape[0], self.factors), dtype=np.float32)
        for code in range(size):
            inside = domains == code
            own = sp.csr_array(told[:, inside])
            found = whitened_items(own, self.factors, self.epochs, l2=self.l2, seed=self.seed)
            self.whitened_[inside], vectors[code] = found, solved(own, found)
        self.blocks_ = block_labels(seen)
        known = counts_by_domain(seen, domains, size) > 0
        yield from shared_by(known, vectors, told)

    def products(self, queries: Queries) -> Products:
        """Solve each history's vector in each domain, or carry it over; see `FromProducts`."""
        rows, parts = queries.csr(), self.catalogue_.domains
        vectors, known = self._vectors(rows, parts)
        if queries.domain is not None:
            parts = np.where(self.catalogue_.in_domain(queries.domain), parts, np.int16(-1))
        return Products(vectors, self.whitened_, known, parts, Reach(rows, self.blocks_))

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items of the same domain whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        return similar_within(self.catalogue_, items, self.whitened_, k)

    def _vectors(self, rows: sp.csr_array, domains: NDArray[np.int16]) -> tuple[Floats, NDArray[np.bool_]]:
        """Return Float32[domains, B, D] vectors of histories, and who has any history at all."""
        size = len(self.catalogue_.domain_ids)
        known = counts_by_domain(rows, domains, size) > 0
        cells = [cells_of_domain(confidences(rows, self.alpha), domains, code) for code in range(size)]
        own = np.stack([solved(part, self.whitened_) for part in cells])
        return everywhere(known, cells, own, self.carried), np.asarray(known.any(axis=1))


def shared_by(known: Bools, vectors: Floats, cells: sp.csr_array) -> Iterator[Shared]:
    """Give the persons of each ordered pair of K domains, also where there are none.

    Args:
        known: Bool[U, K], has a person anything there.
        vectors: Float32[K, U, D].
        cells: [U, I] CSR of all they had.
    """
    for source, target in np.argwhere(~np.eye(len(vectors), dtype=np.bool_)).tolist():
        both = np.flatnonzero(known[:, source] & known[:, target])
        yield Shared(source, target, vectors[source][both], vectors[target][both], sp.csr_array(cells[both]))


def everywhere(
    known: Bools,
    cells: Sequence[sp.csr_array],
    own: Floats,
    carried: Callable[[sp.csr_array, Floats, int, int], Floats],
) -> Floats:
    """Return Float32[K, B, D], own vectors, and where there is none the mean of those carried over.

    Args:
        known: Bool[B, K], is there anything in a domain.
        cells: [B, I] CSR of each domain.
        own: Float32[K, B, D], zero where there is nothing.
        carried: See `Bridge`.
    """
    vectors = own.copy()
    for target in range(len(own)):
        for source in range(len(own)):
            asked = np.flatnonzero(known[:, source] & ~known[:, target])
            if len(asked):
                found = carried(sp.csr_array(cells[source][asked]), own[source][asked], source, target)
                vectors[target][asked] += found / known[asked].sum(axis=1, keepdims=True)
    return vectors
