"""Rated EMCDR: factors of each domain's ratings, and a mapping from one domain's users to another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.space import Choice, Range, Space
from crossrec.models.transfer._mapping import Hidden, linear_map, mlp_map
from crossrec.models.transfer._rated_bridge import RatedBridge

__all__ = ["RatedEMCDR"]


@dataclass
class RatedEMCDR(RatedBridge):
    """Predicts ratings in a domain for whoever rated in another, by their mapped vector and bias.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items of each domain, >= 1.
        mapping: "linear", or "mlp": one hidden layer of twice the dimensions, tanh.
        ridge: Penalty on the mapping, as a share of the mean squared length of the source vectors' dimensions, > 0.
        seed: Fixes the vectors, and the network, at the start.

    Source: Man et al. 2017, "Cross-domain recommendation: an embedding and mapping approach". Departs in biases, which
    are mapped with the vectors; in the factors, which are those of `svd`; in how the mappings are found, as in
    `emcdr`; and in vectors solved from the ratings in the query.
    """

    mapping: str = "linear"
    ridge: float = 1.0
    space: ClassVar[Space] = {
        "factors": Range(5, 100, log=True, whole=True),
        "mapping": Choice(("linear", "mlp")),
        "ridge": Range(0.001, 100, log=True),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> RatedEMCDR:  # noqa: ARG002
        """Factorise each domain, and learn the mappings from the persons that rated in two.

        Raises:
            InvalidInput: A setting is out of its range, or nothing is rated.
        """
        if not self.ridge > 0 or self.mapping not in ("linear", "mlp"):
            raise InvalidInput(
                f"RatedEMCDR: expected ridge > 0 and mapping linear or mlp, got {self.ridge}, {self.mapping}"
            )
        size, ends = len(train.catalogue.domain_ids), self.factors + 1
        inside, outside = (ends, 0) if self.mapping == "linear" else (2 * ends + 1, ends + 1)
        self.hidden_ = np.zeros((size, size, outside, 2 * ends), dtype=np.float32)
        self.maps_ = np.zeros((size, size, inside, ends), dtype=np.float32)
        for pair in self.factorised(train):
            at = pair.source, pair.target
            if self.mapping == "linear":
                self.maps_[at] = linear_map(pair.vectors, pair.wanted, self.ridge)
            else:
                self.hidden_[at], self.maps_[at] = mlp_map(pair.vectors, pair.wanted, self.ridge, seed=self.seed)
        return self.remember(train)

    def carried(self, cells: sp.csr_array, vectors: Floats, source: int, target: int) -> Floats:  # noqa: ARG002
        """Return the mapped vectors and biases; see `RatedBridge`."""
        if self.mapping == "mlp":
            return Hidden(self.hidden_[source, target], self.maps_[source, target])(vectors)
        found: Floats = np.einsum("bd,de->be", vectors, self.maps_[source, target])
        return found
