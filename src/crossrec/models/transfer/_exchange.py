"""What a person is in each domain, and how the domains exchange it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from crossrec.core.arrays import Codes, Floats
from crossrec.models.graph._propagation import Graph

__all__ = ["Answers", "Exchange", "apart", "mixing"]


def apart(rows: sp.csr_array, domains: Codes, size: int) -> sp.csr_array:
    """Return [B · D, I] of [B, I]: each history domain by domain, domains innermost.

    Args:
        rows: Histories.
        domains: Int32[I] domain of each item, in [0, D).
        size: D.
    """
    places = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)) * size + domains[rows.indices]
    cells = sp.coo_array((rows.data, (places, rows.indices)), shape=(rows.shape[0] * size, rows.shape[1]))
    return sp.csr_array(cells)


def mixing(counts: Tensor, own: float) -> Tensor:
    """Return Float32[B, D, D], how much of what a person is in each domain counts in each domain; rows add up to 1.

    One half is by the numbers of items in the domains. In the other the domain itself counts `own`, and the others the
    rest, by their numbers. Who has nothing in a domain is there what the others say; who has nothing elsewhere is what
    the domain says; who has nothing at all is nothing.

    Args:
        counts: Float32[B, D], items of each domain in each history.
        own: In [0, 1].

    Source: Liu et al. 2020, "Cross domain recommendation via bi-directional transfer graph collaborative filtering
    networks", section 3.3, for any number of domains.
    """
    size = counts.shape[1]
    total = counts.sum(dim=1, keepdim=True)
    shares = (counts / total.clamp(min=1))[:, None].expand(-1, size, -1)
    same = torch.eye(size)
    others = (counts[:, None] * (1 - same)) / (total - counts).clamp(min=1)[..., None]
    both = ((counts > 0) & (total > counts)).to(counts.dtype)[..., None]  # elsewhere only one side can speak
    return (1 - both / 2) * shares + both / 2 * (own * same + (1 - own) * others)


@dataclass(frozen=True, eq=False)
class Exchange:
    """The graphs of D domains, whose persons exchange what they are in each step.

    Args:
        graph: Of [U · D, I], each person once for each domain.
        mix: Float32[U, D, D], see `mixing`.
    """

    graph: Graph
    mix: Tensor

    @classmethod
    def of(cls, seen: sp.csr_array, domains: Codes, size: int, own: float) -> Exchange:
        """Make it of a [U, I] matrix of ones; see `apart` and `mixing`."""
        parts = apart(seen, domains, size)
        counts = np.diff(parts.indptr).reshape(-1, size).astype(np.float32)
        return cls(Graph.of(parts), mixing(torch.from_numpy(counts), own))

    def items_from(self, items: Tensor) -> Tensor:
        """Return Float32[I, F]: from items to persons in each domain, there across the domains, and back."""
        persons = self.graph.users_from(items)
        shape = self.mix.shape[:2]
        return self.graph.items_from((self.mix @ persons.view(*shape, -1)).flatten(0, 1))


class Answers(nn.Module):
    """The vectors as others ask them: from Float32[B, I] of 0 and 1 to Float32[B, I] scores."""

    def __init__(self, sources: Floats, targets: Floats, domains: Codes, blocks: Codes, own: float) -> None:
        super().__init__()
        self.sources, self.targets = (nn.Parameter(torch.from_numpy(part)) for part in (sources, targets))
        size = int(domains.max(initial=0)) + 1
        self.inside = nn.Parameter(torch.eye(size)[torch.from_numpy(domains.astype(np.int64))], requires_grad=False)
        self.blocks = nn.Parameter(torch.from_numpy(blocks.astype(np.int64))[None, :], requires_grad=False)
        self.count, self.own = int(blocks.max(initial=0)) + 1, own

    def forward(self, history: Tensor) -> Tensor:
        """Return the scores, 0 where no way on the graph leads."""
        counts = history @ self.inside
        parts = history[:, None] * self.inside.T  # [B, D, I]
        persons = (parts @ self.sources) * counts.clamp(min=1).rsqrt()[..., None]
        persons = mixing(counts, self.own) @ persons
        found = ((persons @ self.targets.T) * self.inside.T).sum(dim=1)
        labels = self.blocks.expand(history.shape[0], -1)
        near = torch.zeros((history.shape[0], self.count)).scatter_add(1, labels, history)
        return found * (torch.gather(near, 1, labels) > 0)
