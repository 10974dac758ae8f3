"""Histories as bags of items, in an order that seed and epoch fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossrec.core.clock import random

__all__ = ["Bags", "bags_of", "shuffled"]


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
