"""Mult-VAE: a variational autoencoder of histories with a multinomial likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.neural._autoencoder import Entry, FromBags, unlikeliness
from crossrec.models.space import Choice, Range, Space
from crossrec.models.training.bags import Bags

__all__ = ["MultVAE"]


@dataclass
class MultVAE(FromBags):
    """Squeezes a history through a few numbers with noise, and tells from them how likely each item is.

    Args:
        layers: Widths from the history to the middle, joined by "-": "600-200" or "600-400-200"; back it is the same.
        dropout: Share of a history left out while learning, in [0, 1).
        beta: Weight of the divergence from the normal distribution at its highest, >= 0.
        anneal: Epochs in which that weight rises from 0, >= 0.
        epochs: Rounds over the data at most.
        batch_size: Histories learned from together.
        learning_rate: Of Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        seed: Fixes the start and all that is drawn.

    Source: Liang, Krishnan, Hoffman & Jebara 2018, "Variational autoencoders for collaborative filtering"
    (arXiv 1802.05814), sections 2 and 3. Departs in a weight of the divergence that rises by the epoch, not by the
    step, and in a first layer that adds up vectors of the history's items, which is the same product.
    """

    space: ClassVar[Space] = {
        "layers": Choice(("200-64", "600-200", "600-400-200")),
        "dropout": Range(0.3, 0.8),
        "beta": Range(0.02, 1, log=True),
        "anneal": Range(0, 100, whole=True),
        "batch_size": Range(100, 1000, log=True, whole=True),
        "learning_rate": Range(3e-4, 3e-3, log=True),
    }
    small: ClassVar[Mapping[str, Any]] = {"layers": "32-8", "dropout": 0.3, "epochs": 40, "learning_rate": 0.02}
    layers: str = "600-200"
    beta: float = 0.2
    anneal: int = 50

    def form(self, items: int) -> Autoencoder:
        """Return the untrained network."""
        return Autoencoder(items, self._widths(), self.dropout)

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> MultVAE:
        """Learn to tell histories from what is left of them.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did anything.
        """
        if self.anneal < 0 or not self.beta >= 0:
            raise InvalidInput(f"MultVAE: expected anneal and beta >= 0, got {self.anneal} and {self.beta}")
        fitted: MultVAE = self.learned(train, validation, _loss, self._weight)
        return fitted

    def _weight(self, epoch: int) -> float:
        """Return the weight of the divergence in an epoch."""
        return self.beta * min(1.0, epoch / self.anneal) if self.anneal else self.beta

    def _widths(self) -> list[int]:
        """Return the widths of the layers.

        Raises:
            InvalidInput: They are not at least two whole numbers >= 1.
        """
        words = self.layers.split("-")
        if len(words) < 2 or not all(word.isdecimal() and int(word) >= 1 for word in words):
            raise InvalidInput(f"MultVAE: expected layers like '600-200', two numbers or more, got '{self.layers}'")
        return [int(word) for word in words]


class Autoencoder(nn.Module):
    """From a bag of items to a middle with noise, and back to all items.

    Args:
        items: Items of the catalogue.
        widths: Of the layers, the middle last; at least two.
        dropout: Share of a history left out while learning.
    """

    def __init__(self, items: int, widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.entry = Entry(items, widths[0])
        self.entry_bias = nn.Parameter(torch.zeros(widths[0]))
        self.down = nn.ModuleList(nn.Linear(wide, narrow) for wide, narrow in pairwise(widths[:-1]))
        self.middle = nn.Linear(widths[-2], 2 * widths[-1])
        self.up = nn.ModuleList(nn.Linear(narrow, wide) for narrow, wide in pairwise(widths[::-1]))
        self.exit = nn.Linear(widths[0], items)
        for name, part in self.named_parameters():
            (nn.init.zeros_ if name.endswith("bias") else nn.init.xavier_normal_)(part)

    def encode(self, histories: Bags | Tensor) -> tuple[Tensor, Tensor]:
        """Return the means and the logarithms of the variances of the middle, Float32[B, D] each."""
        dropout = self.dropout if self.training else 0.0
        found = torch.tanh(self.entry.of(histories, dropout) + self.entry_bias)
        for layer in self.down:
            found = torch.tanh(layer(found))
        means, spreads = self.middle(found).chunk(2, dim=1)
        return means, spreads

    def decode(self, middle: Tensor) -> Tensor:
        """Return Float32[B, W], which the last layer multiplies with the items."""
        found = middle
        for layer in self.up:
            found = torch.tanh(layer(found))
        return found

    def vectors(self, histories: Bags | Tensor) -> Tensor:
        """Return Float32[B, W] of histories, without noise; see `Entry` for what they may be."""
        return self.decode(self.encode(histories)[0])


def _loss(network: Autoencoder, batch: tuple[Bags, float]) -> Tensor:
    """Return the mean loss of histories: how unlikely they are, and the divergence from the normal distribution."""
    bags, weight = batch
    means, spreads = network.encode(bags)
    vectors = network.decode(means + torch.randn_like(means) * torch.exp(spreads / 2))
    divergence = -0.5 * (1 + spreads - means.square() - spreads.exp()).sum(dim=1)
    return (unlikeliness(vectors, network.exit.weight, network.exit.bias, bags) + weight * divergence).mean()
