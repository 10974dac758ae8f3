"""XSimGCL: vectors smoothed on the graph with noise at each step, and two of their layers held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.graph._item_graph import ItemGraph, Vectors, asked_for
from crossrec.models.graph._propagation import Graph
from crossrec.models.space import Range, Space
from crossrec.models.training.bags import Bags, sums_of

__all__ = ["XSimGCL"]

_MOST = 2_048
"""Items of a batch that are held against each other."""


@dataclass
class XSimGCL(ItemGraph):
    """LightGCN whose vectors are spread evenly: each must be told from all others, through noise and over layers.

    Args:
        factors: Numbers of a vector.
        layers: Steps on the graph, >= 2.
        dropout: Share of a history left out while learning, in [0, 1).
        noise: Length of the noise of each step, >= 0.
        contrast: Weight of telling vectors apart, >= 0.
        temperature: Of telling them apart, > 0; smaller looks more at the nearest.
        negatives: Items drawn for the softmax of a batch; 0 takes all.
        epochs: Rounds over the persons at most.
        batch_size: Persons learned from together; each batch costs all steps on the graph.
        learning_rate: Of Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        seed: Fixes the start and all that is drawn.

    Source: Yu et al. 2023, "XSimGCL: towards extremely simple graph contrastive learning for recommendation"
    (arXiv 2209.02544), section 3: noise of the same octant, last vectors that leave layer 0 out, and a contrast of the
    last vectors with those of the first layer. Departs as `lightgcn` does, in users without vectors and in the softmax.
    """

    space: ClassVar[Space] = {
        "factors": Range(32, 256, log=True, whole=True),
        "layers": Range(2, 5, whole=True),
        "dropout": Range(0, 0.8),
        "noise": Range(0.02, 0.5, log=True),
        "contrast": Range(0.01, 1, log=True),
        "temperature": Range(0.1, 0.4),
        "learning_rate": Range(1e-3, 0.03, log=True),
    }
    noise: float = 0.1
    contrast: float = 0.1
    temperature: float = 0.2

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> XSimGCL:
        """Learn the vectors of items.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did anything.
        """
        if self.layers < 2 or not min(self.noise, self.contrast) >= 0 or not self.temperature > 0:
            raise InvalidInput(
                "XSimGCL: expected layers >= 2, noise and contrast >= 0 and temperature > 0, got "
                f"{self.layers}, {self.noise}, {self.contrast}, {self.temperature}"
            )
        fitted: XSimGCL = self.learned(train, validation, self._loss)
        return fitted

    def walked(self, table: Tensor, graph: Graph) -> Vectors:
        """Return the means of the items' layers that users come from, and of their own but the first."""
        return _ends(self._steps(table, graph, 0.0), self.layers)

    def _steps(self, table: Tensor, graph: Graph, noise: float) -> list[Tensor]:
        """Return the items' layers of even number."""
        steps = [table]
        for _ in range(self.layers // 2):
            users = _moved(graph.users_from(steps[-1]), noise)
            steps.append(_moved(graph.items_from(users), noise))
        return steps

    def _loss(self, table: Tensor, graph: Graph, bags: Bags) -> Tensor:
        """Return the loss of a batch."""
        steps = self._steps(table, graph, self.noise)
        ends = _ends(steps, self.layers)
        users = _moved(sums_of(bags, ends.sources), self.noise)
        asked = asked_for(users, ends.targets, bags, self.negatives)
        if not self.contrast:
            return asked
        first = _moved(sums_of(bags, table), self.noise)
        items = torch.unique(bags.items)
        items = items[torch.randperm(len(items))[:_MOST]]
        apart = _told_apart(users, first, self.temperature)
        return asked + self.contrast * (apart + _told_apart(ends.targets[items], steps[1][items], self.temperature))


def _ends(steps: list[Tensor], layers: int) -> Vectors:
    """Return the means of the layers that the last vectors are made of."""
    sources = steps[: (layers + 1) // 2]
    return Vectors(torch.stack(sources).mean(dim=0), torch.stack(steps[1:]).mean(dim=0))


def _moved(vectors: Tensor, length: float) -> Tensor:
    """Move each vector by a random one of a length, in its own octant."""
    if not length:
        return vectors
    return vectors + length * torch.sign(vectors) * functional.normalize(torch.rand_like(vectors), dim=1)


def _told_apart(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """Return the mean cross-entropy of finding each vector's other view among those of all, by angle."""
    alike = functional.normalize(one, dim=1) @ functional.normalize(other, dim=1).T
    return functional.cross_entropy(alike / temperature, torch.arange(len(one)))
