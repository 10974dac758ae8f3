"""EMCDR: factors of each domain alone, and a mapping from one domain's user vectors to another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Recommendations, Scores
from crossrec.core.vocabulary import Id
from crossrec.models.classic._blocks import block_labels, silence_strangers
from crossrec.models.classic._factors import dense_scores, similar_by_angle
from crossrec.models.classic._gradients import confidences
from crossrec.models.recommender import FromScores
from crossrec.models.space import Range, Space
from crossrec.models.transfer._domains import cells_of_domain, counts_by_domain
from crossrec.models.transfer._solving import check_factors, solved, whitened_items

__all__ = ["EMCDR"]


@dataclass
class EMCDR(FromScores):
    """Whoever has a history in the target is answered from it alone; whoever has none, by their mapped vector.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items of each domain, >= 1.
        l2: Ridge penalty on all vectors, > 0.
        alpha: Confidence of a cell that was had is 1 + alpha, alpha > 0.
        ridge: Penalty on the mapping, as a share of the mean squared length of the source vectors' dimensions, > 0.
        seed: Fixes the vectors at the start.

    Source: Man et al. 2017, "Cross-domain recommendation: an embedding and mapping approach", the linear mapping.
    Departs in implicit feedback (ALS, Hu, Koren & Volinsky 2008) in place of ratings; in a closed form (ridge) for the
    mapping; in vectors solved from the history, so that nobody has a row in a table; and, with histories in several
    source domains, in the mean of the mapped vectors.
    """

    factors: int = 64
    epochs: int = 15
    l2: float = 1.0
    alpha: float = 10.0
    ridge: float = 0.1
    seed: int = 0
    space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True, whole=True),
        "l2": Range(0.01, 100, log=True),
        "alpha": Range(0.1, 100, log=True),
        "ridge": Range(0.001, 10, log=True),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> EMCDR:  # noqa: ARG002
        """Factorise each domain, and learn the mappings from the persons that are in two.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        check_factors("EMCDR", self.factors, self.epochs, self.l2, self.alpha)
        if not self.ridge > 0:
            raise InvalidInput(f"EMCDR: expected ridge > 0, got {self.ridge}")
        seen, domains, size = train.csr(), train.catalogue.domains, len(train.catalogue.domain_ids)
        self.whitened_ = np.zeros((len(train.catalogue), self.factors), dtype=np.float32)
        vectors = np.zeros((size, seen.shape[0], self.factors), dtype=np.float32)
        for code in range(size):
            inside = domains == code
            told = confidences(sp.csr_array(seen[:, inside]), self.alpha)
            found = whitened_items(told, self.factors, self.epochs, l2=self.l2, seed=self.seed)
            self.whitened_[inside], vectors[code] = found, solved(told, found)
        known = counts_by_domain(seen, domains, size) > 0
        self.maps_ = np.zeros((size, size, self.factors, self.factors), dtype=np.float32)
        for source, target in np.argwhere(~np.eye(size, dtype=np.bool_)).tolist():
            both = known[:, source] & known[:, target]
            self.maps_[source, target] = _mapping(vectors[source][both], vectors[target][both], self.ridge)
        self.blocks_ = block_labels(seen)
        return self.remember(train)

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Solve or map each history's vector in each domain, and multiply it with the domain's items."""
        rows, codes = self.aligned(queries).csr(), self.candidate_codes(candidates)
        domains = self.catalogue_.domains
        vectors, known = self._vectors(rows, domains)
        shown = np.arange(len(domains), dtype=np.int32) if codes is None else codes
        values = np.zeros((len(vectors[0]), len(shown)), dtype=np.float32)
        wanted = None if queries.domain is None or codes is not None else self.catalogue_.in_domain(queries.domain)
        for code in range(len(vectors)):
            columns = np.flatnonzero(domains[shown] == code)
            if len(columns) and (wanted is None or wanted[shown[columns[0]]]):
                values[:, columns] = dense_scores(vectors[code], self.whitened_, shown[columns])
        silence_strangers(values, rows, self.blocks_, codes)
        return Scores.above(values, known)

    def similar(self, items: Sequence[Id], k: int = 10) -> Recommendations:
        """Return the items of the same domain whose vectors point the same way; see `SimilarItems`."""
        self.aligned(self.histories_.acts[:0])
        catalogue, size = self.catalogue_, len(self.catalogue_.domain_ids)
        apart = np.zeros((len(catalogue), size * self.factors), dtype=np.float32)
        for code in range(size):  # each domain's vectors in dimensions of their own: two spaces have no angle
            inside = catalogue.domains == code
            apart[inside, code * self.factors : (code + 1) * self.factors] = self.whitened_[inside]
        return similar_by_angle(catalogue, items, apart, k)

    def _vectors(self, rows: sp.csr_array, domains: NDArray[np.int16]) -> tuple[Floats, NDArray[np.bool_]]:
        """Return Float32[domains, B, D] vectors of histories, and who has any history at all."""
        size = len(self.maps_)
        known = counts_by_domain(rows, domains, size) > 0
        own = np.stack(
            [
                solved(confidences(cells_of_domain(rows, domains, code), self.alpha), self.whitened_)
                for code in range(size)
            ]
        )
        vectors = own.copy()
        for target in range(size):
            missing = ~known[:, target]
            sources = known[missing].sum(axis=1)
            mapped = np.zeros_like(own[target][missing])
            for source in range(size):
                mapped += np.einsum("bd,de->be", own[source][missing], self.maps_[source, target])
            vectors[target][missing] = mapped / np.maximum(sources, 1)[:, None]
        return vectors, np.asarray(known.any(axis=1))


def _mapping(source: Floats, target: Floats, ridge: float) -> Floats:
    """Return Float32[D, D], the ridge regression of target vectors on source vectors; zero where nobody has both."""
    size = source.shape[1]
    if len(source) == 0:
        return np.zeros((size, size), dtype=np.float32)
    x, y = source.astype(np.float64), target.astype(np.float64)
    system = np.einsum("nd,ne->de", x, x)
    system[np.diag_indices(size)] += max(ridge * float(np.trace(system)) / size, 1e-9)
    found: Floats = np.linalg.solve(system, np.einsum("nd,ne->de", x, y)).astype(np.float32)
    return found
