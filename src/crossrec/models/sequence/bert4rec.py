"""BERT4Rec: attention to both sides, learned by filling gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.sequence._next_item import NextItem
from crossrec.models.sequence._sequences import Sequences, rounds
from crossrec.models.space import Range, Space
from crossrec.models.training.exam import held_out
from crossrec.models.training.losses import sampled_softmax

__all__ = ["BERT4Rec"]


@dataclass
class BERT4Rec(NextItem):
    """Fills gaps in histories from both sides; what comes next is a gap at the end.

    Args:
        width: Numbers of a vector.
        blocks: Layers of attention.
        heads: Of each layer; they share the width.
        dropout: Share of numbers left out while learning, in [0, 1).
        longest: Newest items of a history that count, the gap among them, >= 2.
        gaps: Share of a history's items that are taken out, in (0, 1).
        at_end: Share of histories of which only the last item is taken out, as when it is asked, in [0, 1].
        negatives: Items drawn for the softmax of a batch; as many as there are items, or more, takes all.
        epochs: Rounds over the data at most.
        batch_size: Histories learned from together, on average; all batches hold about as many items.
        learning_rate: Of Adam.
        weight_decay: Of AdamW; 0 is Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        average: Weights are a running mean over about 1 / (1 - average) batches, in [0, 1); 0 takes the last.
        seed: Fixes the start and all that is drawn.

    Source: Sun et al. 2019 (arXiv 1904.06690), sections 3.2 to 3.6. Departs in places told by their distance, in
    layers normalised before they begin, and in drawing the share `at_end` anew each epoch instead of ten copies.
    """

    space: ClassVar[Space] = {
        **NextItem.space,
        "gaps": Range(0.1, 0.6),
        "at_end": Range(0, 1),
    }
    gap_at_end: ClassVar[bool] = True
    heads: int = 2
    dropout: float = 0.2
    epochs: int = 200
    patience: int = 20
    gaps: float = 0.2
    at_end: float = 0.1

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> BERT4Rec:
        """Learn from the order of each person's items.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did two things.
        """
        self.check_settings()
        if not 0 < self.gaps < 1 or not 0 <= self.at_end <= 1:
            raise InvalidInput(
                f"BERT4Rec: expected gaps in (0, 1) and at_end in [0, 1], got {self.gaps} and {self.at_end}"
            )
        part, exam = held_out(train, validation, seed=self.seed)
        whole = self.histories_to_learn(part, self.longest)
        items = len(train.catalogue)
        lengths = np.where(whole.lengths > 1, whole.lengths, 0)

        def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
            chance = random(self.seed * 100_003 + epoch)
            for rows in rounds(lengths, self.batch_size, seed=self.seed, epoch=epoch):
                yield self._with_gaps(whole, rows, items, chance)

        room = self.batch_bytes(lengths, self.gaps, self.kept_of_a_target(items))
        fitted: BERT4Rec = self.learned(part, exam, self._loss, batches, all_of_it=train, batch_bytes=room)
        return fitted

    def _with_gaps(
        self, whole: Sequences, rows: np.ndarray[Any, np.dtype[np.int64]], items: int, chance: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return Int64[B, L] items with gaps, what belongs there (-1 elsewhere), and Int64[B] lengths."""
        table, lengths = whole.padded(rows, items), whole.lengths[rows]
        places = np.arange(table.shape[1])
        last = places[None, :] == lengths[:, None] - 1
        taken = (chance.random(table.shape) < self.gaps) & (places[None, :] < lengths[:, None])
        only_last = (chance.random(len(rows)) < self.at_end) | ~taken.any(axis=1)
        taken = np.where(only_last[:, None], last, taken)
        targets = np.where(taken, table, -1)
        return torch.from_numpy(np.where(taken, items + 1, table)), torch.from_numpy(targets), torch.from_numpy(lengths)

    def _loss(self, network: Any, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Return the loss of the gaps of a batch."""
        items, targets, lengths = batch
        gap = targets >= 0
        return sampled_softmax(network(items, lengths)[gap], targets[gap], network.table.weight[:-2], self.negatives)
