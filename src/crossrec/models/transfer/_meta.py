"""The network of PTUPCDR: attention over what a person had, a matrix of their own from it, and the loss."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from crossrec.core.arrays import Floats
from crossrec.models.training.bags import Bags

__all__ = ["Lesson", "MetaBridge", "share_found"]


class Lesson(NamedTuple):
    """B persons to learn bridges from.

    Args:
        vectors: Float32[B, D] in the source.
        had: What they had in the source, with confidence above 1; of ratings, those above the source's mean.
        wanted: What they had in the target, likewise; of ratings, those less the target's mean.
        own: Float32[B, D] the vectors that were solved in the target.
    """

    vectors: Tensor
    had: Bags
    wanted: Bags
    own: Tensor


class MetaBridge(nn.Module):
    """Takes vectors of one domain to another, each with the matrix that the person's own items make.

    Args:
        factors: D.
        hidden: Units of the meta network's hidden layer.
    """

    def __init__(self, factors: int, hidden: int) -> None:
        super().__init__()
        self.attend = nn.Sequential(nn.Linear(factors, factors), nn.ReLU(), nn.Linear(factors, 1, bias=False))
        self.inside = nn.Linear(factors, hidden)
        self.matrix = nn.Linear(hidden, factors * factors)
        self.register_buffer("scales", torch.ones(3))

    def start_at(self, matrix: Floats, items: float, source: float, target: float) -> None:
        """Begin with one matrix for everybody.

        Args:
            matrix: Float32[D, D] from source to target vectors.
            items: Root of the mean square of a number in source items' vectors, by which they are divided.
            source: Likewise of source persons.
            target: Likewise of persons in the target.
        """
        self.scales: Tensor = torch.tensor([items, source, target], dtype=torch.float32)
        with torch.no_grad():
            self.matrix.weight.zero_()
            self.matrix.bias.copy_(torch.from_numpy(matrix).flatten() * (source / target))

    def forward(self, vectors: Tensor, had: Bags, items: Tensor) -> Tensor:
        """Return Float32[B, D] vectors in the target.

        Args:
            vectors: Float32[B, D] in the source.
            had: What the persons had there, at least one item each.
            items: Float32[I, D] vectors of all items.
        """
        factors = vectors.shape[1]
        shown = items[had.items] / self.scales[0]
        row = torch.repeat_interleave(torch.arange(len(vectors)), had.sizes)
        told = self.attend(shown)[:, 0]
        top = told.new_full((len(vectors),), -torch.inf).scatter_reduce(0, row, told.detach(), "amax")
        weights = (told - top[row]).exp()
        sums = told.new_zeros(len(vectors)).index_add(0, row, weights)
        taste = vectors.new_zeros(vectors.shape).index_add(0, row, shown * (weights / sums[row])[:, None])
        matrices = self.matrix(torch.relu(self.inside(taste))).view(-1, factors, factors)
        found: Tensor = torch.bmm((vectors / self.scales[1])[:, None], matrices)[:, 0] * self.scales[2]
        return found


def share_found(network: nn.Module, lesson: Lesson, items: Tensor) -> Tensor:
    """Return Float32[B], how much of what a person's own vector in the target gains the bridged vector does: at most 1.

    The loss of a vector v in the space where the items' Gram matrix with its penalty is the identity is
    |v|² + Σ w (v·z)² - 2 (1 + w) v·z over the items that were had, z their vectors and w the confidence above 1; that
    of the solved vector s is -Σ (1 + w) s·z, the smallest there is. Nothing gained, as by no vector at all, is 0.

    Args:
        network: A `MetaBridge`.
        lesson: B persons.
        items: Float32[I, D] vectors of all items.

    Source: Hu, Koren & Volinsky 2008, equation 3, for one person.
    """
    found = network(lesson.vectors, lesson.had, items)
    wanted = lesson.wanted
    row = torch.repeat_interleave(torch.arange(len(found)), wanted.sizes)
    near = items[wanted.items]
    hits, best = ((one[row] * near).sum(1) for one in (found, lesson.own))
    more = wanted.values
    zero = found.new_zeros(len(found))
    loss = (found * found).sum(1) + zero.index_add(0, row, more * hits * hits - 2 * (1 + more) * hits)
    least = zero.index_add(0, row, (1 + more) * best)
    share: Tensor = -loss / least.clamp_min(1e-12)
    return share
