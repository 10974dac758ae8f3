"""EMCDR: factors of each domain alone, and a mapping from one domain's user vectors to another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.space import Choice, Range, Space
from crossrec.models.transfer._bridge import Bridge
from crossrec.models.transfer._mapping import Hidden, linear_map, mlp_map

__all__ = ["EMCDR"]


@dataclass
class EMCDR(Bridge):
    """Whoever has a history in the target is answered from it alone; whoever has none, by their mapped vector.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items of each domain, >= 1.
        l2: Ridge penalty on all vectors, > 0.
        alpha: Confidence of a cell that was had is 1 + alpha, alpha > 0.
        mapping: "linear", or "mlp": one hidden layer of 2 · factors, tanh.
        ridge: Penalty on the mapping, as a share of the mean squared length of the source vectors' dimensions, > 0.
        seed: Fixes the vectors, and the network, at the start.

    Source: Man et al. 2017, "Cross-domain recommendation: an embedding and mapping approach", both mappings.
    Departs in implicit feedback (ALS, Hu, Koren & Volinsky 2008) in place of ratings; in a closed form (ridge) for the
    linear mapping, and L-BFGS for the network; in vectors solved from the history, so that nobody has a row in a
    table; and, with histories in several source domains, in the mean of the mapped vectors.
    """

    mapping: str = "linear"
    ridge: float = 0.1
    space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True, whole=True),
        "l2": Range(0.01, 100, log=True),
        "alpha": Range(0.1, 100, log=True),
        "mapping": Choice(("linear", "mlp")),
        "ridge": Range(0.001, 10, log=True),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> EMCDR:  # noqa: ARG002
        """Factorise each domain, and learn the mappings from the persons that are in two.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        if not self.ridge > 0 or self.mapping not in ("linear", "mlp"):
            raise InvalidInput(f"EMCDR: expected ridge > 0 and mapping linear or mlp, got {self.ridge}, {self.mapping}")
        size, width = len(train.catalogue.domain_ids), 2 * self.factors
        inside, outside = (self.factors, 0) if self.mapping == "linear" else (width + 1, self.factors + 1)
        self.hidden_ = np.zeros((size, size, outside, width), dtype=np.float32)
        self.maps_ = np.zeros((size, size, inside, self.factors), dtype=np.float32)
        for pair in self.factorised(train):
            at = pair.source, pair.target
            if self.mapping == "linear":
                self.maps_[at] = linear_map(pair.vectors, pair.wanted, self.ridge)
            else:
                self.hidden_[at], self.maps_[at] = mlp_map(pair.vectors, pair.wanted, self.ridge, seed=self.seed)
        return self.remember(train)

    def carried(self, cells: sp.csr_array, vectors: Floats, source: int, target: int) -> Floats:  # noqa: ARG002
        """Return the mapped vectors; see `Bridge`."""
        if self.mapping == "mlp":
            return Hidden(self.hidden_[source, target], self.maps_[source, target])(vectors)
        found: Floats = np.einsum("bd,de->be", vectors, self.maps_[source, target])
        return found
