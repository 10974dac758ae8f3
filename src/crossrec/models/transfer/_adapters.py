"""A trained transformer that stays as it is, and what little other domains add to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from crossrec.models.sequence._transformer import Transformer

__all__ = ["Adapted", "Adapter"]

_SPREAD = 0.02
_TABLE = "table.weight"


class Adapter(nn.Module):
    """What one domain adds: vectors of its items, and to each projection of the layers a matrix of low rank.

    A projection W becomes W + up · down; up is 0 before anything is learned, so that it starts as the frozen one.
    Source: Hu et al. 2021 (arXiv 2106.09685), "LoRA", section 4.1.

    Args:
        base: The network that stays as it is.
        items: J, of the domain.
        rank: Of the matrices, >= 1.
    """

    def __init__(self, base: Transformer, items: int, rank: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(items, base.table.embedding_dim) * _SPREAD)
        layers = {name: part for name, part in base.named_modules() if isinstance(part, nn.Linear)}
        self.names = [f"{name}.weight" for name in layers]
        parts = layers.values()
        self.downs = nn.ParameterList(
            torch.randn(rank, part.in_features) / math.sqrt(part.in_features) for part in parts
        )
        self.ups = nn.ParameterList(torch.zeros(part.out_features, rank) for part in parts)

    def added_to(self, base: Transformer) -> dict[str, Tensor]:
        """Return the weights that take the place of the network's: its items, then this domain's, then the filler."""
        own = dict(base.named_parameters())
        changed = zip(self.names, self.downs, self.ups, strict=True)
        weights = {name: own[name] + up @ down for name, down, up in changed}
        weights[_TABLE] = torch.cat([own[_TABLE][:-1], self.table, own[_TABLE][-1:]])
        return weights


class Adapted(nn.Module):
    """One network for the source, and one for each adapter.

    The network itself is none of this module's parameters: nothing that is learned here can move it.

    Args:
        base: A trained network over the source's items.
        items: Number of items of each domain that is added.
        rank: See `Adapter`.
    """

    def __init__(self, base: Transformer, items: Sequence[int], rank: int) -> None:
        super().__init__()
        self._held = (base.requires_grad_(requires_grad=False),)
        self.adapters = nn.ModuleList(Adapter(base, size, rank) for size in items)

    @property
    def base(self) -> Transformer:
        """The network that stays as it is."""
        return self._held[0]

    def train(self, mode: bool = True) -> Adapted:
        """Let dropout of the frozen network follow too."""
        self.base.train(mode)
        return super().train(mode)

    def table_of(self, which: int) -> Tensor:
        """Return Float32[J, D] the vectors of a domain's items; -1 is the source."""
        return self.base.table.weight[:-1] if which < 0 else self._adapter(which).table

    def forward(self, items: Tensor, lengths: Tensor, which: int) -> Tensor:
        """Return Float32[B, L, D].

        Args:
            items: Int64[B, L] codes: the source's items, then those of the domain, then the filler.
            lengths: Int64[B] places that are filled.
            which: The adapter; -1 is the network as it was.
        """
        if which < 0:
            found: Tensor = self.base(items, lengths)
            return found
        weights = self._adapter(which).added_to(self.base)
        adapted: Tensor = functional_call(self.base, weights, (items, lengths))
        return adapted

    def _adapter(self, which: int) -> Adapter:
        return cast("Adapter", self.adapters[which])
