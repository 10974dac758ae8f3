"""EveryPrefix: what models share that predict each item of a history from those before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from crossrec.core.errors import unknown_name
from crossrec.core.interactions import Interactions
from crossrec.models.sequence._next_item import NextItem
from crossrec.models.sequence._sequences import Sequences, rounds
from crossrec.models.space import Choice, Space
from crossrec.models.training.exam import held_out
from crossrec.models.training.losses import generalised_bce, sampled_softmax, softmax

__all__ = ["EveryPrefix", "pairs_of"]

LOSSES = ("softmax", "sampled", "gbce")


@dataclass
class EveryPrefix(NextItem):
    """Learns from every prefix of a history in one pass; see the models for what the settings mean."""

    space: ClassVar[Space] = {**NextItem.space, "loss": Choice(LOSSES)}
    loss: str = "softmax"

    def from_prefixes(self, train: Interactions, validation: Interactions | None) -> Any:
        """Learn from the order of each person's items, and return this model.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did two things.
            NotFound: No such loss.
        """
        self.check_settings()
        part, exam = held_out(train, validation, seed=self.seed)
        whole = self.histories_to_learn(part, self.longest + 1)
        filler = len(train.catalogue)

        def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
            for rows in rounds(whole.lengths - 1, self.batch_size, seed=self.seed, epoch=epoch):
                yield pairs_of(whole, rows, filler)

        room = self.batch_bytes(whole.lengths - 1, 1.0, self.numbers_of_a_target(filler))
        return self.learned(part, exam, self.loss_of, batches, all_of_it=train, batch_bytes=room)

    def check_settings(self) -> None:
        """Refuse settings out of their range, and a loss that there is not.

        Raises:
            InvalidInput: One is.
            NotFound: No such loss.
        """
        super().check_settings()
        if self.loss not in LOSSES:
            raise unknown_name("loss", self.loss, LOSSES)

    def numbers_of_a_target(self, items: int) -> int:
        """Return the numbers that the loss keeps for each target; see `batch_bytes`."""
        sampled = self.kept_of_a_target(items)
        return {"softmax": self.width, "sampled": sampled, "gbce": self.negatives * self.width}[self.loss]

    def loss_of(self, network: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the loss of all places of a batch."""
        items, targets = batch
        here = targets >= 0
        return self.loss_among(network(items, here.sum(1))[here], targets[here], network.table.weight[:-1])

    def loss_among(self, vectors: Tensor, wanted: Tensor, table: Tensor) -> Tensor:
        """Return the mean loss of T places.

        Args:
            vectors: Float32[T, D].
            wanted: Int64[T] rows of the table.
            table: Float32[I, D], the items to tell them from.
        """
        if self.loss == "softmax":
            return softmax(vectors, wanted, table)
        if self.loss == "sampled":
            return sampled_softmax(vectors, wanted, table, self.negatives)
        return generalised_bce(vectors, wanted, table, self.negatives)


def pairs_of(whole: Sequences, rows: np.ndarray[Any, np.dtype[np.int64]], filler: int) -> tuple[Tensor, Tensor]:
    """Return Int64[B, L] items but the last of each history, and what follows each, -1 behind the end."""
    table = whole.padded(rows, filler)
    items, targets = table[:, :-1].copy(), table[:, 1:].copy()
    targets[targets == filler] = -1
    items[targets < 0] = filler
    return torch.from_numpy(items), torch.from_numpy(targets)
