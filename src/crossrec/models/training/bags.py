"""Histories as bags of items, in an order that seed and epoch fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crossrec.core.clock import random

__all__ = ["Bags", "bags_of", "shuffled", "sums_of"]


class Bags(NamedTuple):
    """B histories laid side by side, as an embedding bag reads them.

    Args:
        items: Int64[nnz] item codes.
        starts: Int64[B] where each history begins.
        sizes: Int64[B] items of each.
        values: Float32[nnz] what the matrix holds.
    """

    items: Tensor
    starts: Tensor
    sizes: Tensor
    values: Tensor


def bags_of(rows: sp.csr_array) -> Bags:
    """Lay the rows of a [B, I] matrix side by side."""
    indptr = rows.indptr.astype(np.int64)
    return Bags(
        torch.from_numpy(rows.indices.astype(np.int64)),
        torch.from_numpy(indptr[:-1].copy()),
        torch.from_numpy(np.diff(indptr)),
        torch.from_numpy(rows.data.astype(np.float32)),
    )


def sums_of(bags: Bags, table: Tensor, *, weighed: bool = True) -> Tensor:
    """Return Float32[B, D], the sum of the vectors of each history's items.

    Torch's own gradient of an embedding bag sorts the items of a batch, and takes several times as long as this one.

    Args:
        bags: B histories.
        table: Float32[I, D] vectors of items.
        weighed: Times the histories' values.
    """
    values = bags.values if weighed else torch.ones_like(bags.values)
    found: Tensor = _Sums.apply(table, bags.items, bags.starts, values)  # type: ignore[no-untyped-call]  # torch's
    return found


class _Sums(torch.autograd.Function):
    """An embedding bag whose gradient is a sparse product."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, items: Tensor, starts: Tensor, values: Tensor) -> Tensor:
        ctx.size = len(table)
        ctx.save_for_backward(items, starts, values)
        return functional.embedding_bag(items, table, starts, mode="sum", per_sample_weights=values)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        items, starts, values = (part.numpy() for part in ctx.saved_tensors)
        rows = sp.csr_array((values, items, np.append(starts, len(items))), shape=(len(starts), ctx.size))
        return torch.from_numpy(rows.T @ gradients[0].contiguous().numpy()), None, None, None


def shuffled(rows: NDArray[np.integer], size: int, *, seed: int, epoch: int) -> Iterator[NDArray[np.integer]]:
    """Give rows in batches, in an order that seed and epoch fix.

    Args:
        rows: [N] what is to be learned from.
        size: Rows of a batch, >= 1; the last one may be smaller.
        seed: With the epoch fixes who is together.
        epoch: The first is 0.
    """
    order = random(seed * 100_003 + epoch).permutation(rows)
    for start in range(0, len(order), size):
        yield order[start : start + size]
