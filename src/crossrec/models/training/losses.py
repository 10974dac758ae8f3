"""Losses of a network that gives a vector for what comes next, against the vectors of all items."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["generalised_bce", "sampled_softmax", "softmax"]

_NEVER = -1e9


def softmax(vectors: Tensor, targets: Tensor, table: Tensor) -> Tensor:
    """Return the cross-entropy over all items.

    Args:
        vectors: Float32[T, D], one a target.
        targets: Int64[T] item codes.
        table: Float32[I, D] vectors of items.
    """
    return functional.cross_entropy(vectors @ table.T, targets)


def sampled_softmax(vectors: Tensor, targets: Tensor, table: Tensor, negatives: int) -> Tensor:
    """Return the cross-entropy over the target and items drawn alike for the whole batch.

    Each drawn item stands for I / N items, so log(I / N) is added to its score. Source: Bengio & Senécal 2008,
    "Adaptive importance sampling", with a uniform proposal; a drawn item that is the target is left out.

    Args:
        vectors: Float32[T, D].
        targets: Int64[T].
        table: Float32[I, D].
        negatives: Items drawn; as many as there are items, or more, takes all.
    """
    items = len(table)
    if negatives >= items:
        return softmax(vectors, targets, table)
    drawn = torch.randint(0, items, (negatives,))
    wanted = (vectors * table[targets]).sum(1, keepdim=True)
    others = vectors @ table[drawn].T + math.log(items / negatives)
    others = others.masked_fill(drawn[None, :] == targets[:, None], _NEVER)
    return -functional.log_softmax(torch.cat([wanted, others], dim=1), dim=1)[:, 0].mean()


def generalised_bce(
    vectors: Tensor, targets: Tensor, table: Tensor, negatives: int, *, calibration: float = 0.75
) -> Tensor:
    """Return the generalised binary cross-entropy with negatives drawn for each target.

    Source: Petrov & Macdonald 2023, "gSASRec", equations 9 to 13: the positive's probability is raised to
    beta = a · (t · (1 - 1 / a) + 1 / a), a the sampling rate of negatives and t the calibration.

    Args:
        vectors: Float32[T, D].
        targets: Int64[T].
        table: Float32[I, D].
        negatives: Items drawn for each target.
        calibration: t in [0, 1]; 0 is the plain binary cross-entropy.
    """
    items = len(table)
    rate = negatives / max(items - 1, 1)
    beta = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    drawn = torch.randint(0, items, (len(targets), negatives))
    wanted = (vectors * table[targets]).sum(1)
    others = torch.bmm(table[drawn], vectors[:, :, None])[:, :, 0]
    others = others.masked_fill(drawn == targets[:, None], _NEVER)
    return -(beta * functional.logsigmoid(wanted) + functional.logsigmoid(-others).sum(1)).mean() / (1 + negatives)
