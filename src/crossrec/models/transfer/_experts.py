"""Experts behind gates: the network of several tasks about a history and an item."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from crossrec.core.arrays import Doubles
from crossrec.models.training.bags import Bags, sums_of

__all__ = ["NEVER", "PAIRS", "Asked", "Experts", "Extraction", "chained", "paired"]

NEVER = -50.0
"""The logarithm of the chance of what nobody did."""
PAIRS = 32_768
"""Pairs of a history and an item that are looked at together."""
_START = 0.1


class Extraction(nn.Module):
    """A level of experts: some that all tasks share, some of each task's own, and a gate of each task that weighs them.

    Args:
        tasks: T.
        wide: Numbers that enter.
        narrow: Numbers that leave an expert.
        shared: Experts of all tasks, >= 1.
        private: Experts of each task; with 0 gates weigh the shared ones alone.
        last: Is there no level behind it? Then nothing is handed on but what tasks get.
    """

    def __init__(self, tasks: int, wide: int, narrow: int, *, shared: int, private: int, last: bool) -> None:
        super().__init__()
        self.shared = nn.Parameter(_drawn(shared, wide, narrow))
        self.shared_bias = nn.Parameter(torch.zeros(shared, narrow))
        self.private = nn.Parameter(_drawn(tasks, private, wide, narrow))
        self.private_bias = nn.Parameter(torch.zeros(tasks, private, narrow))
        self.gates = nn.Parameter(torch.zeros(tasks, wide, private + shared))
        self.common_gate = None if last else nn.Parameter(torch.zeros(wide, tasks * private + shared))

    def forward(self, own: Tensor, common: Tensor, tasks: list[int]) -> tuple[Tensor, Tensor]:
        """Return what each task gets, Float32[N, C, V], and what is handed on for all, Float32[N, V].

        Args:
            own: Float32[N, C, W], what enters for each of the tasks that are asked.
            common: Float32[N, W], what enters for all.
            tasks: Those C of the T; all of them unless it is the last level.
        """
        alike = torch.relu(torch.einsum("nw,swv->nsv", common, self.shared) + self.shared_bias)
        told = alike[:, None].expand(-1, len(tasks), -1, -1)
        mine = alike[:, None, :0]
        if self.private.shape[1]:
            mine = torch.einsum("ncw,cpwv->ncpv", own, self.private[tasks]) + self.private_bias[tasks]
            mine = torch.relu(mine)
            told = torch.cat([mine, told], dim=2)
        shares = torch.softmax(torch.einsum("ncw,cwe->nce", own, self.gates[tasks]), dim=2)
        found = (shares[..., None] * told).sum(dim=2)
        if self.common_gate is None:
            return found, common
        everything = torch.cat([mine.flatten(1, 2), alike], dim=1)
        weights = torch.softmax(common @ self.common_gate, dim=1)
        return found, (weights[..., None] * everything).sum(dim=1)


class Experts(nn.Module):
    """From the acts of each kind in a history and an item to the log-odds of each task.

    What enters is the vector of the history, which joins the sums of its items by kind, the item's vector, the product
    of the two, number by number, and the logarithm of how many acts of each kind there are.

    Args:
        items: Of the catalogue.
        kinds: K, kinds of acts in histories.
        tasks: T.
        width: Numbers of a vector.
        narrow: Numbers that leave an expert.
        shared: Experts of all tasks in each level, >= 1.
        private: Experts of each task in each level.
        levels: Of experts, >= 1.
        dropout: Share of the numbers that enter left out while learning.
    """

    def __init__(
        self,
        items: int,
        kinds: int,
        tasks: int,
        *,
        width: int,
        narrow: int,
        shared: int,
        private: int,
        levels: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.past, self.shown = nn.Embedding(items, width), nn.Embedding(items, width)
        for table in (self.past, self.shown):
            nn.init.normal_(table.weight, 0.0, _START)
        self.kinds, self.tasks, self.dropout = kinds, tasks, dropout
        self.join = nn.Linear(kinds * width, width, bias=False)
        sizes = [3 * width + kinds] + levels * [narrow]
        self.levels = nn.ModuleList(
            Extraction(tasks, wide, thin, shared=shared, private=private, last=place == levels)
            for place, (wide, thin) in enumerate(pairwise(sizes), start=1)
        )
        self.towers, self.exits = nn.Parameter(_drawn(tasks, narrow, narrow)), nn.Parameter(_drawn(tasks, narrow, 1))
        self.tower_bias, self.exit_bias = nn.Parameter(torch.zeros(tasks, narrow)), nn.Parameter(torch.zeros(tasks))

    def histories(self, bags: Bags) -> tuple[Tensor, Tensor]:
        """Return Float32[B, D] vectors and Float32[B, K] sizes of histories, given as B · K bags, kinds innermost."""
        sums, sizes = sums_of(bags, self.past.weight), bags.sizes.to(torch.float32)
        return self.joined(sums.view(-1, self.kinds, sums.shape[1]), sizes.view(-1, self.kinds))

    def joined(self, sums: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
        """Return vectors and sizes of histories from Float32[B, K, D] sums and Float32[B, K] numbers of acts."""
        return self.join((sums * sizes.clamp(min=1).rsqrt()[..., None]).flatten(1)), torch.log1p(sizes)

    def forward(self, histories: Tensor, sizes: Tensor, items: Tensor, tasks: list[int]) -> Tensor:
        """Return Float32[N, C], the log-odds of C tasks about N pairs.

        Args:
            histories: Float32[N, D] vectors.
            sizes: Float32[N, K].
            items: Float32[N, D] vectors of what is asked about.
            tasks: Those asked.
        """
        entry = torch.cat([histories, items, histories * items, sizes], dim=1)
        common = functional.dropout(entry, self.dropout, self.training)
        own, everyone = common[:, None], list(range(self.tasks))
        for place, level in enumerate(self.levels, start=1):
            asked = tasks if place == len(self.levels) else everyone
            mine = own.expand(-1, len(asked), -1) if place == 1 else own[:, asked]
            own, common = level(mine, common, asked)
        told = torch.relu(torch.einsum("ncv,cvw->ncw", own, self.towers[tasks]) + self.tower_bias[tasks])
        found: Tensor = torch.einsum("ncw,cwo->nco", told, self.exits[tasks])[..., 0] + self.exit_bias[tasks]
        return found


class Asked(nn.Module):
    """The network as others ask it: from Float32[B, K, I] of 0 and 1 to Float32[B, I] scores."""

    def __init__(
        self, network: Experts, domains: list[NDArray[np.int64]], chains: list[list[int]], scales: Doubles
    ) -> None:
        super().__init__()
        self.network, self.chains, self.scales = network, chains, scales
        self.items = [torch.from_numpy(part) for part in domains]
        self.back = torch.from_numpy(np.argsort(np.concatenate(domains)))

    def forward(self, acts: Tensor) -> Tensor:
        """Return the logarithms of the chances of each domain's main kind."""
        mine, sizes = self.network.joined(acts @ self.network.past.weight, acts.sum(dim=2))
        found = []
        for items, chain in zip(self.items, self.chains, strict=True):
            pairs = paired(mine, sizes, self.network.shown.weight[items])
            told = chained(self.network(*pairs, chain), chain, self.scales) if chain else pairs[0][:, 0] * 0 + NEVER
            found.append(told.view(-1, len(items)))
        return torch.cat(found, dim=1)[:, self.back]


def paired(mine: Tensor, sizes: Tensor, items: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return B · J rows of each: every history with every item."""
    many = len(items)
    every = items[None].expand(mine.shape[0], -1, -1).flatten(0, 1)
    return (
        mine[:, None].expand(-1, many, -1).flatten(0, 1),
        sizes[:, None].expand(-1, many, -1).flatten(0, 1),
        every,
    )


def chained(logits: Tensor, chain: list[int], scales: Doubles) -> Tensor:
    """Return Float32[N], the logarithm of the product of calibrated chances of Float32[N, C] log-odds."""
    lines = torch.from_numpy(scales[chain].astype(np.float32))
    odds = logits * lines[:, 0] + lines[:, 1]
    return -functional.softplus(-odds).sum(dim=1)  # other programs' logarithm of a sigmoid is -inf far out


def _drawn(*shape: int) -> Tensor:
    """Return weights [..., in, out], drawn as for layers with a rectifier behind them."""
    bound = math.sqrt(6 / shape[-2])
    return torch.empty(shape).uniform_(-bound, bound)
