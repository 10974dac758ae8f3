"""Experts behind gates: the network of several tasks about a history and an item."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from crossrec.core.arrays import Doubles
from crossrec.models.training.bags import Bags, sums_of

__all__ = ["NEVER", "PAIRS", "Asked", "Experts", "Extraction", "chained"]

NEVER = -50.0
"""The logarithm of the chance of what nobody did."""
PAIRS = 16_384
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
        alike = torch.einsum("nw,swv->nsv", common, self.shared)
        mine = torch.einsum("ncw,cpwv->ncpv", own, self.private[tasks]) if self.private.shape[1] else alike[:, None, :0]
        gates = torch.einsum("ncw,cwe->nce", own, self.gates[tasks])
        return self._weighed(alike, mine, gates, None if self.common_gate is None else common @ self.common_gate, tasks)

    def columns(self, tasks: list[int]) -> Tensor:
        """Return Float32[W, H], all weights side by side, where the same enters for all tasks; see `behind`."""
        parts = [self.shared.transpose(0, 1).flatten(1)]
        if self.private.shape[1]:
            parts.append(self.private[tasks].permute(2, 0, 1, 3).flatten(1))
        parts.append(self.gates[tasks].transpose(0, 1).flatten(1))
        return torch.cat(parts if self.common_gate is None else [*parts, self.common_gate], dim=1)

    def behind(self, told: Tensor, tasks: list[int]) -> tuple[Tensor, Tensor]:
        """Return what `forward` does, from Float32[N, H], what entered times the columns."""
        (shared, _, narrow), private, asked = self.shared.shape, self.private.shape[1], len(tasks)
        many = told.shape[0]
        ends = [shared * narrow, asked * private * narrow, asked * (private + shared)]
        ends.append(told.shape[1] - sum(ends))
        alike, mine, gates, common = torch.split(told, ends, dim=1)
        return self._weighed(
            alike.reshape(many, shared, narrow),
            mine.reshape(many, asked, private, narrow),
            gates.reshape(many, asked, private + shared),
            None if self.common_gate is None else common,
            tasks,
        )

    def _weighed(
        self, alike: Tensor, mine: Tensor, gates: Tensor, common: Tensor | None, tasks: list[int]
    ) -> tuple[Tensor, Tensor]:
        """Let the gates weigh the experts.

        Args:
            alike: Float32[N, S, V], what comes to the shared experts.
            mine: Float32[N, C, P, V], likewise to those of the tasks.
            gates: Float32[N, C, P + S].
            common: Float32[N, T · P + S], of the gate to what is handed on; None behind the last level.
            tasks: C of the T.
        """
        alike = torch.relu(alike + self.shared_bias)
        told = alike[:, None].expand(-1, len(tasks), -1, -1)
        if self.private.shape[1]:
            mine = torch.relu(mine + self.private_bias[tasks])
            told = torch.cat([mine, told], dim=2)
        found = (torch.softmax(gates, dim=2)[..., None] * told).sum(dim=2)
        if common is None:
            return found, found[:, 0]
        everything = torch.cat([mine.flatten(1, 2), alike], dim=1)
        return found, (torch.softmax(common, dim=1)[..., None] * everything).sum(dim=1)


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
        """Return Float32[A · J, C], the log-odds of C tasks about J items of each of A histories.

        Args:
            histories: Float32[A, D] vectors.
            sizes: Float32[A, K].
            items: Float32[A, J, D] vectors of what is asked about, or [1, J, D] where all are asked about the same.
            tasks: Those asked.
        """
        everyone, width = list(range(self.tasks)), histories.shape[1]
        levels: list[Any] = list(self.levels)
        first, others = levels[0], levels[1:]
        asked = everyone if others else tasks
        table = first.columns(asked)
        ours, theirs, both = table[:width], table[width : 2 * width], table[2 * width : 3 * width]
        told = (self._left(histories) @ ours + sizes @ table[3 * width :])[:, None]
        told = told + self._left(items) @ theirs + self._left(histories[:, None] * items) @ both
        own, common = first.behind(told.flatten(0, 1), asked)
        for place, level in enumerate(others, start=1):
            asked = everyone if place < len(others) else tasks
            own, common = level(own[:, asked], common, asked)
        told = torch.relu(torch.einsum("ncv,cvw->ncw", own, self.towers[tasks]) + self.tower_bias[tasks])
        found: Tensor = torch.einsum("ncw,cwo->nco", told, self.exits[tasks])[..., 0] + self.exit_bias[tasks]
        return found

    def _left(self, numbers: Tensor) -> Tensor:
        """Return what enters while a share is left out."""
        return functional.dropout(numbers, self.dropout, self.training)


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
            if chain:
                told = self.network(mine, sizes, self.network.shown.weight[items][None], chain)
                found.append(chained(told, chain, self.scales).view(-1, len(items)))
            else:
                found.append(mine[:, :1].expand(-1, len(items)) * 0 + NEVER)
        return torch.cat(found, dim=1)[:, self.back]


def chained(logits: Tensor, chain: list[int], scales: Doubles) -> Tensor:
    """Return Float32[N], the logarithm of the product of calibrated chances of Float32[N, C] log-odds."""
    lines = torch.from_numpy(scales[chain].astype(np.float32))
    odds = logits * lines[:, 0] + lines[:, 1]
    return -functional.softplus(-odds).sum(dim=1)  # other programs' logarithm of a sigmoid is -inf far out


def _drawn(*shape: int) -> Tensor:
    """Return weights [..., in, out], drawn as for layers with a rectifier behind them."""
    bound = math.sqrt(6 / shape[-2])
    return torch.empty(shape).uniform_(-bound, bound)
