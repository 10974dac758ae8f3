"""Towers: the network that joins the vector of a history and that of an item into a number."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossrec.models.training.bags import Bags, sums_of

__all__ = ["Towers"]

_START = 0.05


class Towers(nn.Module):
    """A tower of layers over the two vectors side by side, and where asked the product of two more beside it.

    Args:
        items: Items of the catalogue.
        width: Numbers of a vector that enters the tower, a multiple of 4.
        dropout: Share of numbers left out behind each layer.
        published: NeuMF as published: layers of width, width / 2 and width / 4, products of width / 4 beside them, and
            no normalisation. Otherwise layers of 2 · width, width and width / 2, each normalised by batch.
    """

    def __init__(self, items: int, width: int, dropout: float, *, published: bool) -> None:
        super().__init__()
        sizes = [width, width // 2, width // 4] if published else [2 * width, width, width // 2]
        beside = width // 4 if published else 0
        self.width, self.dropout = width, dropout
        self.past, self.shown = nn.Embedding(items, width + beside), nn.Embedding(items, width + beside)
        self.entry = nn.Linear(2 * width, sizes[0])
        self.layers = nn.ModuleList(nn.Linear(wide, narrow) for wide, narrow in pairwise(sizes))
        self.norms = nn.ModuleList(nn.Identity() if published else nn.BatchNorm1d(size) for size in sizes)
        self.exit = nn.Linear(sizes[-1] + beside, 1)
        for table in (self.past, self.shown):
            nn.init.normal_(table.weight, 0.0, _START)

    def sums(self, bags: Bags) -> Tensor:
        """Return Float32[B, W], the sum of each history's vectors times its values."""
        return sums_of(bags, self.past.weight)

    def forward(self, histories: Tensor, items: Tensor) -> Tensor:
        """Return Float32[A, C], a number for each item of each history.

        Args:
            histories: Float32[A, W].
            items: Float32[A, C, W], or [1, C, W] where all are asked about the same ones.
        """
        ours, theirs = self.entry.weight[:, : self.width], self.entry.weight[:, self.width :]
        mine = functional.linear(histories[:, None, : self.width], ours, self.entry.bias)
        found = mine + functional.linear(items[..., : self.width], theirs)  # [A, C, H], as if side by side
        shape = found.shape[:2]
        found = self._behind(found.flatten(0, 1), 0)
        for place, layer in enumerate(self.layers, start=1):
            found = self._behind(layer(found), place)
        products = (histories[:, None, self.width :] * items[..., self.width :]).flatten(0, 1)
        told: Tensor = self.exit(torch.cat([found, products], dim=1))
        return told.view(shape)

    def _behind(self, found: Tensor, place: int) -> Tensor:
        """Do what comes behind each layer."""
        return functional.dropout(torch.relu(self.norms[place](found)), self.dropout, self.training)
