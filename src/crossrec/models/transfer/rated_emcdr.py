"""Rated EMCDR: factors of each domain's ratings, and a mapping from one domain's users to another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossrec.core.interactions import Interactions
from crossrec.models.space import Choice, Range, Space
from crossrec.models.transfer._mapping import Mapped
from crossrec.models.transfer._rated_bridge import RatedBridge

__all__ = ["RatedEMCDR"]


@dataclass
class RatedEMCDR(Mapped, RatedBridge):
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
        self.learn_maps(train, self.factors + 1)
        return self.remember(train)
