"""Losses of a network that gives a vector for what comes next, against the vectors of all items."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["generalised_bce", "sampled_softmax", "softmax"]

_NEVER = -1e9
_HELD = 1_000_000
"""Scores that are held at a time: so many stay in a processor's last cache."""


def softmax(vectors: Tensor, targets: Tensor, table: Tensor) -> Tensor:
    """Return the cross-entropy over all items.

    Gradients are found together with the loss, block by block, so that the scores of a batch are never held and never
    computed twice. Source of the idea: Wijmans et al. 2024, "Cut your losses in large-vocabulary language models".

    Args:
        vectors: Float32[T, D], one a target.
        targets: Int64[T] item codes.
        table: Float32[I, D] vectors of items.
    """
    if not torch.is_grad_enabled():
        return functional.cross_entropy(vectors @ table.T, targets)
    found: Tensor = _Softmax.apply(vectors, targets, table)  # type: ignore[no-untyped-call]  # torch's is untyped
    return found


class _Softmax(torch.autograd.Function):
    """The cross-entropy with its gradients at hand."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, targets: Tensor, table: Tensor) -> Tensor:
        """Return the mean loss and keep the gradients of both sides."""
        count = len(vectors)
        of_vectors, of_table = torch.empty_like(vectors), torch.zeros_like(table)
        loss = vectors.new_zeros(())
        block = max(16, _HELD // len(table))
        for start in range(0, count, block):
            mine, wanted = vectors[start : start + block], targets[start : start + block, None]
            scores = mine @ table.T
            top = scores.amax(1, keepdim=True)
            loss += (top - scores.gather(1, wanted)).sum()
            total = scores.sub_(top).exp_().sum(1, keepdim=True)
            loss += total.log().sum()
            scores.div_(total).scatter_add_(1, wanted, scores.new_full((len(mine), 1), -1.0))
            torch.mm(scores, table, out=of_vectors[start : start + block])
            of_table.addmm_(scores.T, mine)
        ctx.save_for_backward(of_vectors.div_(count), of_table.div_(count))
        return loss / count

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Hand the gradients on."""
        of_vectors, of_table = ctx.saved_tensors
        return gradients[0] * of_vectors, None, gradients[0] * of_table


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
