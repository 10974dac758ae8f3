"""RecVAE: an autoencoder of histories whose prior remembers its last self, and whose two halves learn in turn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.neural._autoencoder import Entry, FromBags, unlikeliness
from crossrec.models.space import Choice, Range, Space
from crossrec.models.training.bags import Bags

__all__ = ["RecVAE"]

_DEPTH, _SMALLEST = 4, 0.1
_NORMAL, _BEFORE, _WIDE, _WIDTH = 0.15, 0.75, 0.1, 10.0
"""Shares of the prior's three parts, and the logarithm of the variance of the widest."""
_ENCODER, _DECODER = 3, 1
"""Epochs of each half in a round."""


@dataclass
class RecVAE(FromBags):
    """Tells chances from a middle of few numbers by one layer; the way there is deep, and the two learn in turn.

    Args:
        width: Numbers of a layer on the way to the middle.
        factors: Numbers of the middle.
        dropout: Share of a history left out while the way to the middle is learned, in [0, 1).
        gamma: Weight of the divergence from the prior for each item of a history, >= 0.
        epochs: Rounds over the data at most; of four in a row three are for the way to the middle, one for that back.
        batch_size: Histories learned from together.
        learning_rate: Of Adam.
        patience: Epochs without a better NDCG@10, on validation or a little that is held out, before it stops.
        seed: Fixes the start and all that is drawn.

    Source: Shenbin, Alekseev, Tutubalina, Malykh & Nikolenko 2020, "RecVAE: a new variational autoencoder for top-N
    recommendations with implicit feedback" (arXiv 1912.11160), section 3: composite prior, weight of the divergence by
    the size of the history, alternating training.
    """

    space: ClassVar[Space] = {
        "width": Choice((200, 600)),
        "factors": Range(32, 256, log=True, whole=True),
        "dropout": Range(0.3, 0.8),
        "gamma": Range(0.0005, 0.02, log=True),
        "batch_size": Range(100, 1000, log=True, whole=True),
        "learning_rate": Range(2e-4, 2e-3, log=True),
    }
    small: ClassVar[Mapping[str, Any]] = {
        "width": 32,
        "factors": 8,
        "dropout": 0.3,
        "epochs": 80,
        "learning_rate": 0.01,
    }
    width: int = 600
    factors: int = 200
    gamma: float = 0.005
    learning_rate: float = 5e-4

    def form(self, items: int) -> Halves:
        """Return the untrained network."""
        return Halves(items, self.width, self.factors)

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> RecVAE:
        """Learn to tell histories from what is left of them.

        Raises:
            InvalidInput: A setting is out of its range, or nobody did anything.
        """
        if min(self.width, self.factors) < 1 or not self.gamma >= 0:
            raise InvalidInput(
                "RecVAE: expected width and factors >= 1 and gamma >= 0, got "
                f"{self.width}, {self.factors}, {self.gamma}"
            )
        fitted: RecVAE = self.learned(train, validation, self._loss, lambda epoch: epoch % (_ENCODER + _DECODER))
        return fitted

    def _loss(self, network: Halves, batch: tuple[Bags, int]) -> Tensor:
        """Return the mean loss of histories for the half whose turn it is; the other gets no gradient."""
        bags, turn = batch
        last = network.exit
        if turn >= _ENCODER:
            network.renew()
            with torch.no_grad():
                means, spreads = network.encoder(bags, 0.0)
                middle = means + torch.randn_like(means) * torch.exp(spreads / 2)
            return unlikeliness(middle, last.weight, last.bias, bags).mean()
        means, spreads = network.encoder(bags, self.dropout)
        middle = means + torch.randn_like(means) * torch.exp(spreads / 2)
        apart = (_density(middle, means, spreads) - network.prior(middle, bags)).sum(dim=1)
        lost = unlikeliness(middle, last.weight.detach(), last.bias.detach(), bags)
        return (lost + self.gamma * bags.sizes * apart).mean()


class Halves(nn.Module):
    """The way to the middle, the way back, and the way to the middle as it was.

    Args:
        items: Items of the catalogue.
        width: Numbers of a layer.
        factors: Numbers of the middle.
    """

    def __init__(self, items: int, width: int, factors: int) -> None:
        super().__init__()
        self.encoder, self.before = Encoder(items, width, factors), Encoder(items, width, factors)
        self.before.requires_grad_(requires_grad=False)
        self.exit = nn.Linear(factors, items)
        nn.init.xavier_normal_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)
        self.renew()

    def renew(self) -> None:
        """Let the prior remember the way to the middle as it is now."""
        self.before.load_state_dict(self.encoder.state_dict())

    def prior(self, middle: Tensor, bags: Bags) -> Tensor:
        """Return Float32[B, D] the logarithm of the prior's density at each number of the middle."""
        with torch.no_grad():
            means, spreads = self.before(bags, 0.0)
        nothing = torch.zeros(())
        parts = [
            math.log(_NORMAL) + _density(middle, nothing, nothing),
            math.log(_BEFORE) + _density(middle, means, spreads),
            math.log(_WIDE) + _density(middle, nothing, torch.tensor(_WIDTH)),
        ]
        return torch.logsumexp(torch.stack(parts), dim=0)

    def vectors(self, histories: Bags | Tensor) -> Tensor:
        """Return Float32[B, D] the middles of histories, without noise; see `Entry` for what they may be."""
        found: Tensor = self.encoder(histories, 0.0)[0]
        return found


class Encoder(nn.Module):
    """A deep way to the middle: each layer sees all before it.

    Args:
        items: Items of the catalogue.
        width: Numbers of a layer.
        factors: Numbers of the middle.
    """

    def __init__(self, items: int, width: int, factors: int) -> None:
        super().__init__()
        self.entry = Entry(items, width)
        self.entry_bias = nn.Parameter(torch.zeros(width))
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(_DEPTH))
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=_SMALLEST) for _ in range(_DEPTH + 1))
        self.middle = nn.Linear(width, 2 * factors)
        nn.init.xavier_normal_(self.entry.weight)

    def forward(self, histories: Bags | Tensor, dropout: float) -> tuple[Tensor, Tensor]:
        """Return the means and the logarithms of the variances of the middle, Float32[B, D] each."""
        found = self.norms[0](functional.silu(self.entry.of(histories, dropout) + self.entry_bias))
        above = found
        for layer, norm in zip(self.layers, self.norms[1:], strict=True):
            found = norm(functional.silu(layer(found) + above))
            above = above + found
        means, spreads = self.middle(found).chunk(2, dim=1)
        return means, spreads


def _density(values: Tensor, means: Tensor, spreads: Tensor) -> Tensor:
    """Return the logarithm of the normal density, given means and logarithms of variances."""
    return -0.5 * (spreads + math.log(2 * math.pi) + (values - means).square() / spreads.exp())
