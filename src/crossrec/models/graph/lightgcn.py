"""LightGCN: vectors smoothed on the graph of users and items, without anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from crossrec.core.interactions import Interactions
from crossrec.models.graph._item_graph import ItemGraph, Vectors, asked_for
from crossrec.models.graph._propagation import Graph
from crossrec.models.space import Range, Space
from crossrec.models.training.bags import Bags, sums_of

__all__ = ["LightGCN"]


@dataclass
class LightGCN(ItemGraph):
    """Smooths vectors of items over the users who had them, and a history is the sum of its items' vectors.

    Args:
        factors: Numbers of a vector.
        layers: Steps on the graph that reach the last vectors, >= 1.
        dropout: Share of a history left out while learning, in [0, 1); 0 learns as published.
        negatives: Items drawn for the softmax of a batch; 0 takes all.
        epochs: Rounds over the persons at most.
        batch_size: Persons learned from together; each batch costs all steps on the graph.
        learning_rate: Of Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        seed: Fixes the start and all that is drawn.

    Source: He et al. 2020 (arXiv 2002.02126), section 3.1: e_u = sum of e_i / sqrt(n_u n_i) and back, the last vectors
    are the mean over layers. Departs in users, who have no vectors of their own (their layer 0 is 0, so that their
    layers 1, 3, … and the items' 0, 2, … are all there is) and are what they had, so a stranger is served like everyone
    else; and in the loss, a softmax over the catalogue for each person, where the paper has BPR.
    """

    space: ClassVar[Space] = {
        "factors": Range(32, 256, log=True, whole=True),
        "layers": Range(1, 5, whole=True),
        "dropout": Range(0, 0.8),
        "learning_rate": Range(1e-3, 0.03, log=True),
        "batch_size": Range(256, 4096, log=True, whole=True),
    }

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> LightGCN:
        """Learn the vectors of items.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did anything.
        """
        fitted: LightGCN = self.learned(train, validation, self._loss)
        return fitted

    def walked(self, table: Tensor, graph: Graph) -> Vectors:
        """Return the means of the items' layers that users of the last layer come from, and of all of theirs."""
        steps = [table]
        for _ in range(self.layers // 2):
            steps.append(graph.items_from(graph.users_from(steps[-1])))
        sources = steps[: (self.layers + 1) // 2]
        return Vectors(torch.stack(sources).mean(dim=0), torch.stack(steps).mean(dim=0))

    def _loss(self, table: Tensor, graph: Graph, bags: Bags) -> Tensor:
        """Return the loss of a batch."""
        found = self.walked(table, graph)
        return asked_for(sums_of(bags, found.sources), found.targets, bags, self.negatives)
