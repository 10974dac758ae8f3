"""EMCDR: factors of each domain alone, and a mapping from one domain's user vectors to another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crossrec.core.interactions import Interactions
from crossrec.models.space import Choice, Range, Space
from crossrec.models.transfer._bridge import Bridge
from crossrec.models.transfer._mapping import Mapped

__all__ = ["EMCDR"]


@dataclass
class EMCDR(Mapped, Bridge):
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
        self.learn_maps(train, self.factors)
        return self.remember(train)
