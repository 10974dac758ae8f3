"""Steps on the graph of users and items that a gradient goes back through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from crossrec.core.arrays import Floats

__all__ = ["Graph"]


@dataclass(frozen=True, eq=False)
class Graph:
    """Who had what; each edge is divided by the roots of the numbers of edges of both its ends.

    Args:
        by_user: Float32[U, I] CSR.
        by_item: Float32[I, U] CSR, the same the other way round.
        item_scale: Float32[I], one over the root of the number of users; 1 where there is none.
    """

    by_user: sp.csr_array
    by_item: sp.csr_array
    item_scale: Floats

    @classmethod
    def of(cls, seen: sp.csr_array) -> Graph:
        """Make the graph of a [U, I] matrix of ones."""
        users = np.maximum(np.diff(seen.indptr), 1).astype(np.float32) ** -0.5
        items = np.maximum(np.bincount(seen.indices, minlength=seen.shape[1]), 1).astype(np.float32) ** -0.5
        cells = np.repeat(users, np.diff(seen.indptr)) * items[seen.indices]
        scaled = sp.csr_array((cells.astype(np.float32), seen.indices, seen.indptr), shape=seen.shape)
        return cls(scaled, sp.csr_array(scaled.T), items.astype(np.float32))

    def users_from(self, items: Tensor) -> Tensor:
        """Return Float32[U, D], what users get from Float32[I, D] of items."""
        found: Tensor = _Product.apply(items, self.by_user, self.by_item)  # type: ignore[no-untyped-call]  # torch's
        return found

    def items_from(self, users: Tensor) -> Tensor:
        """Return Float32[I, D], what items get from Float32[U, D] of users."""
        found: Tensor = _Product.apply(users, self.by_item, self.by_user)  # type: ignore[no-untyped-call]  # torch's
        return found


class _Product(torch.autograd.Function):
    """A sparse matrix times vectors; the gradient goes through the same matrix turned."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, matrix: sp.csr_array, turned: sp.csr_array) -> Tensor:
        ctx.turned = turned
        return torch.from_numpy(matrix @ vectors.detach().numpy())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return torch.from_numpy(ctx.turned @ gradients[0].contiguous().numpy()), None, None
