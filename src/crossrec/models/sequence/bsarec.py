"""BSARec: self-attention beside a filter of slow and fast change in what someone did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.sequence._prefixes import EveryPrefix
from crossrec.models.sequence._transformer import Block, Transformer
from crossrec.models.space import Range, Space

__all__ = ["BSARec"]


@dataclass
class BSARec(EveryPrefix):
    """Predicts the next item as `sasrec` does, each layer mixing attention with a filter over the history.

    Args:
        width: Numbers of a vector.
        blocks: Layers of attention and filter.
        heads: Of each layer's attention; they share the width.
        dropout: Share of numbers left out while learning, in [0, 1).
        longest: Newest items of a history that count, and the length of the filter.
        share: Of a layer's output that is the filter's, in [0, 1]; 0 is `sasrec`.
        slow: Waves over the length of the filter, from the slowest on, that count as slow; >= 1, at most
            longest / 2.
        loss: "softmax" over all items, "sampled" over some drawn for a batch, "gbce" with some drawn for each target.
        negatives: Items drawn for "sampled" and "gbce".
        epochs: Rounds over the data at most.
        batch_size: Histories learned from together, on average; all batches hold about as many items.
        learning_rate: Of Adam.
        weight_decay: Of AdamW; 0 is Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        average: Weights are a running mean over about 1 / (1 - average) batches, in [0, 1); 0 takes the last.
        seed: Fixes the start and all that is drawn.

    Source: Shin et al. 2024 (arXiv 2312.10325), equations 8 to 12. Departs where `sasrec` does, in places told by their
    distance and layers normalised before they begin; and in a filter that sees the past alone. The paper learns from
    each prefix by itself, padded in front, and filters it by a Fourier transform: what its last place gets of the
    first layer is a sum over the places before, weighed by their distance. That sum is taken here at every place and
    in every layer, so that all prefixes are learned from in one pass.
    """

    small: ClassVar[Mapping[str, Any]] = {**EveryPrefix.small, "longest": 12}
    space: ClassVar[Space] = {**EveryPrefix.space, "share": Range(0.1, 0.9), "slow": Range(1, 12, whole=True)}
    share: float = 0.7
    slow: int = 3

    def form(self, items: int) -> Transformer:
        """Return the untrained network: code I stands behind the end."""
        return Transformer(items + 1, **self.shape, layer=self._layer)

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> BSARec:
        """Learn from the order of each person's items.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did two things.
            NotFound: No such loss.
        """
        if not 0 <= self.share <= 1 or not 1 <= self.slow <= self.longest / 2:
            raise InvalidInput(
                f"BSARec: expected share in [0, 1] and slow in 1 to {self.longest // 2}, half of longest, got "
                f"{self.share} and {self.slow}"
            )
        fitted: BSARec = self.from_prefixes(train, validation)
        return fitted

    def _layer(self) -> Block:
        """Return a layer of the network."""
        return _Layer(self.width, self.heads, self.dropout, slow_filter(self.longest, self.slow), self.share)


class _Layer(Block):
    """A block whose attention is mixed with the filter: slow change as it is, fast change by a learned factor."""

    past: Tensor

    def __init__(self, width: int, heads: int, dropout: float, past: Tensor, share: float) -> None:
        super().__init__(width, heads, dropout)
        self.share, self.fast = share, nn.Parameter(torch.randn(width))
        self.register_buffer("past", past, persistent=False)

    def mixed(self, vectors: Tensor, bias: Tensor) -> Tensor:
        places = vectors.shape[1]
        slow = self.past[:places, :places] @ vectors
        waves = slow + self.fast.square() * (vectors - slow)
        found: Tensor = self.share * waves + (1 - self.share) * super().mixed(vectors, bias)
        return found


def slow_filter(longest: int, slow: int) -> Tensor:
    """Return Float32[L, L], what each place takes of itself and those before, so that only slow waves are left.

    At distance g it is (1 + 2 · sum of cos(2π f g / L) over f = 1 … slow - 1) / L: of a history that is padded in front
    to L places, its last row is the mean and the slowest waves of the discrete Fourier transform.

    Args:
        longest: L.
        slow: Waves that are kept, a constant being the first of them.
    """
    places = torch.arange(longest)
    apart = places[:, None] - places[None, :]
    angles = 2 * math.pi / longest * apart[..., None] * torch.arange(1, slow)
    weights = (1 + 2 * angles.cos().sum(-1)) / longest
    return torch.where(apart >= 0, weights, 0.0)
