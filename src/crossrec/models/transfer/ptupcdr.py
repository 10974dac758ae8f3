"""PTUPCDR: a bridge between domains of each person's own, made by a network from what they had in the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from crossrec.core.arrays import Floats
from crossrec.core.interactions import Interactions
from crossrec.models.space import Range, Space
from crossrec.models.transfer._bridge import Bridge
from crossrec.models.transfer._meta import Lesson, share_found
from crossrec.models.transfer._personal import Personal

__all__ = ["PTUPCDR"]


@dataclass
class PTUPCDR(Personal, Bridge):
    """Whoever has a history in the target is answered from it alone; whoever has none, over a bridge of their own.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items of each domain, >= 1.
        l2: Ridge penalty on all vectors, > 0.
        alpha: Confidence of a cell that was had is 1 + alpha, alpha > 0.
        ridge: Penalty on the linear mapping that all bridges start from, as in EMCDR, > 0.
        hidden: Units of the meta network's hidden layer, >= 1.
        rounds: Of the meta network over the persons at most, >= 0; 0 is EMCDR with the linear mapping.
        learning_rate: Of the meta network, > 0.
        patience: Rounds without a better result on a tenth of the persons, held out, before it stops; below 100 persons
            in both domains nobody is held out, and all rounds are gone.
        seed: Fixes the vectors and the network at the start, who is held out, and the order.

    Source: Zhu et al. 2022, "Personalized transfer of user preferences for cross-domain recommendation": attention
    over the source items (equations 4 and 5), a meta network from their weighted sum to a matrix for each person
    (6 to 8), and the loss of what the bridged vector is for (10) in place of the distance to a vector. Departs in
    implicit feedback: the loss is that of ALS, over the whole target catalogue, each person's as a share of what
    their own vector there reaches; in bridges that start at the linear mapping of EMCDR; in early stop; in vectors
    solved from the history, so that nobody has a row in a table; and, with histories in several source domains, in
    the mean of the vectors.
    """

    ridge: float = 0.1
    hidden: int = 50
    rounds: int = 50
    learning_rate: float = 0.001
    patience: int = 5
    small: ClassVar[Mapping[str, Any]] = {"factors": 16, "rounds": 3}
    space: ClassVar[Space] = {
        "factors": Range(16, 128, log=True, whole=True),
        "l2": Range(0.01, 100, log=True),
        "alpha": Range(0.1, 100, log=True),
        "ridge": Range(0.001, 10, log=True),
        "hidden": Range(10, 200, log=True, whole=True),
        "learning_rate": Range(1e-4, 0.03, log=True),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> PTUPCDR:  # noqa: ARG002
        """Factorise each domain, and learn the bridges from the persons that are in two.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        self.learn_bridges(train)
        return self.remember(train)

    @property
    def shown(self) -> Floats:
        """Vectors of the items; see `Personal`."""
        return self.whitened_

    def loss(self, network: nn.Module, lesson: Lesson, items: Tensor) -> Tensor:
        """Return the loss of ALS as a share of what the persons' own vectors reach; see `Personal`."""
        return -share_found(network, lesson, items).mean()
