"""SASRec: self-attention over the order in which someone did things."""

from __future__ import annotations

from dataclasses import dataclass

from crossrec.core.interactions import Interactions
from crossrec.models.sequence._prefixes import EveryPrefix

__all__ = ["SASRec"]


@dataclass
class SASRec(EveryPrefix):
    """Predicts the next item from all before it; every prefix of a history is learned from.

    Args:
        width: Numbers of a vector.
        blocks: Layers of attention.
        heads: Of each layer; they share the width.
        dropout: Share of numbers left out while learning, in [0, 1).
        longest: Newest items of a history that count.
        loss: "softmax" over all items, "sampled" over some drawn for a batch, "gbce" with some drawn for each target.
        negatives: Items drawn for "sampled" and "gbce".
        epochs: Rounds over the data at most.
        batch_size: Histories learned from together, on average; all batches hold about as many items.
        learning_rate: Of Adam.
        weight_decay: Of AdamW; 0 is Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        average: Weights are a running mean over about 1 / (1 - average) batches, in [0, 1); 0 takes the last.
        seed: Fixes the start and all that is drawn.

    Source: Kang & McAuley 2018 (arXiv 1808.09781), with the losses of Klenitskiy & Vasilev 2023 (arXiv 2309.07602)
    and Petrov & Macdonald 2023 (arXiv 2308.07192). Departs in places told by their distance instead of their number,
    so that a prefix looks like a whole history, and in layers normalised before they begin.
    """

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> SASRec:
        """Learn from the order of each person's items.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did two things.
            NotFound: No such loss.
        """
        fitted: SASRec = self.from_prefixes(train, validation)
        return fitted
