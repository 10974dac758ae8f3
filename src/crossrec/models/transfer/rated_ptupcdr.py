"""Rated PTUPCDR: a bridge of each person's own between the ratings of two domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from crossrec.core.arrays import Floats
from crossrec.core.interactions import Interactions
from crossrec.models.classic._ridge import less
from crossrec.models.space import Range, Space
from crossrec.models.transfer._domains import cells_kept
from crossrec.models.transfer._meta import Lesson
from crossrec.models.transfer._personal import Personal
from crossrec.models.transfer._rated_bridge import RatedBridge

__all__ = ["RatedPTUPCDR"]


@dataclass
class RatedPTUPCDR(Personal, RatedBridge):
    """Predicts ratings in a domain for whoever rated in another, over a bridge of their own.

    Args:
        factors: Dimensions of the vectors, >= 1.
        epochs: Sweeps over users and items of each domain, >= 1.
        ridge: Penalty on the linear mapping that all bridges start from, as in `rated_emcdr`, > 0.
        hidden: Units of the meta network's hidden layer, >= 1.
        rounds: Of the meta network over the persons at most, >= 0; 0 is the linear mapping.
        learning_rate: Of the meta network, > 0.
        patience: Rounds without a better result on a tenth of the persons, held out, before it stops; below 100 persons
            in both domains nobody is held out, and all rounds are gone.
        seed: Fixes the vectors and the network at the start, who is held out, and the order.

    Source: Zhu et al. 2022, "Personalized transfer of user preferences for cross-domain recommendation", with its
    loss, the squared error of the target's ratings. Attention is over the source items rated above the source's mean,
    where the published code takes those above 3; over all where there is none. Departs in biases, which are carried
    with the vectors; in the factors, which are those of `svd`; in bridges that start at the linear mapping; in early
    stop; and in vectors solved from the ratings in the query.
    """

    ridge: float = 1.0
    hidden: int = 50
    rounds: int = 50
    learning_rate: float = 0.001
    patience: int = 5
    small: ClassVar[Mapping[str, Any]] = {"rounds": 3}
    space: ClassVar[Space] = {
        "factors": Range(5, 100, log=True, whole=True),
        "ridge": Range(0.001, 100, log=True),
        "hidden": Range(10, 200, log=True, whole=True),
        "learning_rate": Range(1e-4, 0.03, log=True),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> RatedPTUPCDR:  # noqa: ARG002
        """Factorise each domain, and learn the bridges from the persons that rated in two.

        Raises:
            InvalidInput: A setting is out of its range, or nothing is rated.
        """
        self.learn_bridges(train)
        return self.remember(train)

    @property
    def shown(self) -> Floats:
        """Vectors and biases of the items; see `Personal`."""
        return self.items_

    def had_of(self, cells: sp.csr_array, source: int) -> sp.csr_array:
        """Return what was rated above the source's mean; see `Personal`."""
        return _liked(cells, float(self.means_[source]))

    def wanted_of(self, cells: sp.csr_array, target: int) -> sp.csr_array:
        """Return ratings less the target's mean; see `Personal`."""
        return less(cells, float(self.means_[target]))

    def loss(self, network: nn.Module, lesson: Lesson, items: Tensor) -> Tensor:
        """Return the mean squared error of the ratings in the target; see `Personal`."""
        found = network(lesson.vectors, lesson.had, items)
        row = torch.repeat_interleave(torch.arange(len(found)), lesson.wanted.sizes)
        mine, shown = found[row], items[lesson.wanted.items]
        told = (mine[:, :-1] * shown[:, :-1]).sum(1) + mine[:, -1] + shown[:, -1]
        return nn.functional.mse_loss(told, lesson.wanted.values)


def _liked(rated: sp.csr_array, mean: float) -> sp.csr_array:
    """Return the cells above the mean of each row that has any, and all cells of the others."""
    row = np.repeat(np.arange(rated.shape[0]), np.diff(rated.indptr))
    above = rated.data > mean
    return cells_kept(rated, above | (np.bincount(row, above, minlength=rated.shape[0]) == 0)[row])
