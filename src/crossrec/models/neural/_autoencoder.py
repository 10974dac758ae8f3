"""FromBags: what models share that tell all items' chances from the bag of a history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional

from crossrec.core.arrays import Codes, Floats
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.ranking import Scorer
from crossrec.models.space import refuse_outside
from crossrec.models.training.bags import Bags, bags_of, shuffled, sums_of
from crossrec.models.training.exam import held_out
from crossrec.models.training.export import Exported, of_history
from crossrec.models.training.network import FromNetwork
from crossrec.models.training.trainer import Course

__all__ = ["Entry", "FromBags", "shares_of", "unlikeliness"]

_COPIES = 3
"""Scores of a batch, their exponentials and their gradients."""


@dataclass
class FromBags(FromNetwork):
    """Scores items by a last layer over a vector of each history; see the models for what the settings mean.

    The network of a model has `vectors`, from bags of histories to Float32[B, W], and `exit`, the last layer.
    """

    dropout: float = 0.5
    epochs: int = 200
    batch_size: int = 500
    learning_rate: float = 1e-3
    patience: int = 20
    seed: int = 0

    def score(self, queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
        """Tell how likely each item is from the middle of each history, without noise."""
        rows, codes = self.aligned(queries).csr(), self.candidate_codes(candidates)
        return Scores(_scored(self.network, rows, codes), np.diff(rows.indptr) > 0)

    def exported(self) -> Exported:
        """Return the network with one input: the history, 1 for each item that was had."""
        return of_history(_Asked(self.network), len(self.catalogue_))

    def learned(
        self,
        train: Interactions,
        validation: Interactions | None,
        loss: Callable[[Any, Any], Tensor],
        round_of: Callable[[int], Any],
    ) -> Any:
        """Train by the settings; see `FromNetwork.taught`.

        Args:
            train: What is learned from.
            validation: What the exam is made of.
            loss: The loss of a network on pairs of bags and what their round is about.
            round_of: What an epoch is about.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did anything.
        """
        name = type(self).__name__
        refuse_outside(self, least={"batch_size": 1})
        part, exam = held_out(train, validation, seed=self.seed)
        seen = part.csr()
        persons = np.flatnonzero(np.diff(seen.indptr))
        if not len(persons):
            raise InvalidInput(f"{name} learns from histories, and nobody in the data did anything")

        def batches(epoch: int) -> Iterable[tuple[Bags, Any]]:
            for rows in shuffled(persons, self.batch_size, seed=self.seed, epoch=epoch):
                yield bags_of(sp.csr_array(seen[rows])), round_of(epoch)

        course = Course(self.epochs, self.learning_rate, patience=self.patience, seed=self.seed)
        return self.taught(
            part,
            exam,
            course,
            loss=loss,
            batches=batches,
            scorer=_scorer,
            all_of_it=train,
            batch_bytes=_COPIES * 4 * min(self.batch_size, len(persons)) * len(train.catalogue),
        )


def shares_of(bags: Bags, dropout: float, *, training: bool) -> Tensor:
    """Return Float32[nnz] that make each history one of length 1, some left out while learning."""
    shares = torch.repeat_interleave(bags.sizes.to(torch.float32).rsqrt(), bags.sizes)
    return functional.dropout(shares, dropout, training)


class Entry(nn.EmbeddingBag):
    """The first layer: the sum of the vectors of a history's items, over the root of their number.

    Args:
        items: Items of the catalogue.
        width: Numbers of a vector.
    """

    def __init__(self, items: int, width: int) -> None:
        super().__init__(items, width, mode="sum")

    def of(self, histories: Bags | Tensor, dropout: float) -> Tensor:
        """Return Float32[B, W].

        Args:
            histories: Bags, or Float32[B, I] that holds 1 for each item that was had.
            dropout: Share of a history left out, in [0, 1).
        """
        if isinstance(histories, Tensor):
            shares = histories * histories.sum(dim=1, keepdim=True).clamp(min=1).rsqrt()
            return functional.dropout(shares, dropout, dropout > 0) @ self.weight
        shares = shares_of(histories, dropout, training=dropout > 0)
        found: Tensor = self(histories.items, histories.starts, per_sample_weights=shares)
        return found


class _Asked(nn.Module):
    """A network as others ask it: from Float32[B, I] of 0 and 1 to Float32[B, I] scores."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, history: Tensor) -> Tensor:
        found: Tensor = self.network.exit(self.network.vectors(history))
        return found


def unlikeliness(vectors: Tensor, weight: Tensor, bias: Tensor, bags: Bags) -> Tensor:
    """Return Float32[B], minus the sum of the logarithms of the chances of each history's items.

    Args:
        vectors: Float32[B, W].
        weight: Float32[I, W] of the last layer.
        bias: Float32[I] likewise.
        bags: The histories.
    """
    everything = torch.logsumexp(functional.linear(vectors, weight, bias), dim=1) * bags.sizes
    own = sums_of(bags, weight, weighed=False)
    lean = sums_of(bags, bias[:, None], weighed=False)[:, 0]
    return everything - (vectors * own).sum(dim=1) - lean


def _scorer(network: Any) -> Scorer:
    """Return the scores of a network that is still learning."""

    def score(queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:  # noqa: ARG001 - all are asked
        rows = queries.csr()
        return Scores(_scored(network, rows, None), np.diff(rows.indptr) > 0)

    return score


def _scored(network: Any, rows: sp.csr_array, codes: Codes | None) -> Floats:
    """Return Float32[B, I], or [B, C]: logarithms of chances, but for a number of each row."""
    last: nn.Linear = network.exit
    with torch.inference_mode():
        weight: Tensor = last.weight
        bias: Tensor = last.bias
        if codes is not None:
            chosen = torch.from_numpy(codes.astype(np.int64))
            weight, bias = weight[chosen], bias[chosen]
        found: Floats = functional.linear(network.vectors(bags_of(rows)), weight, bias).numpy()
    return found
