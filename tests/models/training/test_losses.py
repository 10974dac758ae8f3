"""Losses against the same sums written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from crossrec.models.training.losses import generalised_bce, sampled_softmax, softmax


def drawn(targets: int = 6, items: int = 9, width: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    return torch.randn(targets, width), torch.randint(0, items, (targets,)), torch.randn(items, width)


def test_softmax_is_minus_the_log_of_the_share() -> None:
    vectors, targets, table = drawn()
    scores = (vectors @ table.T).numpy().astype(np.float64)
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    expected = -np.log(shares[np.arange(6), targets.numpy()]).mean()
    assert float(softmax(vectors, targets, table)) == pytest.approx(expected, rel=1e-5)


def test_softmax_has_the_gradients_of_the_plain_cross_entropy() -> None:
    vectors, targets, table = drawn(targets=50, items=70_000)  # more targets than a block holds
    sides = [(vectors.clone().requires_grad_(), table.clone().requires_grad_()) for _ in range(2)]
    losses = [
        softmax(sides[0][0], targets, sides[0][1]),
        functional.cross_entropy(sides[1][0] @ sides[1][1].T, targets),
    ]
    for loss in losses:
        (3 * loss).backward()
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-5)
    for ours, plain in zip(*sides, strict=True):
        torch.testing.assert_close(ours.grad, plain.grad, rtol=1e-4, atol=1e-6)


def test_enough_negatives_are_all_items() -> None:
    vectors, targets, table = drawn()
    assert float(sampled_softmax(vectors, targets, table, 9)) == float(softmax(vectors, targets, table))


def test_drawn_items_stand_for_all_on_average() -> None:
    vectors, targets, table = drawn(targets=4, items=400)
    table = table * 0.3
    torch.manual_seed(0)
    found = np.mean([float(sampled_softmax(vectors, targets, table, 100)) for _ in range(200)])
    assert found == pytest.approx(float(softmax(vectors, targets, table)), abs=0.02)


def test_calibration_raises_the_positive_to_a_power() -> None:
    vectors, targets, table = drawn(targets=3, items=5)
    rate, negatives = 2 / 4, 2
    beta = rate * (0.75 * (1 - 1 / rate) + 1 / rate)
    torch.manual_seed(8)
    items = torch.randint(0, 5, (3, negatives))
    torch.manual_seed(8)
    found = float(generalised_bce(vectors, targets, table, negatives, calibration=0.75))
    total = 0.0
    for row in range(3):
        total += beta * math.log(float(torch.sigmoid(vectors[row] @ table[targets[row]])))
        for item in items[row]:
            if item != targets[row]:
                total += math.log(1 - float(torch.sigmoid(vectors[row] @ table[item])))
    assert found == pytest.approx(-total / 3 / (1 + negatives), rel=1e-4)


def test_no_calibration_is_the_plain_binary_loss() -> None:
    vectors, targets, table = drawn(targets=3, items=50)
    torch.manual_seed(1)
    items = torch.randint(0, 50, (3, 1))
    torch.manual_seed(1)
    found = float(generalised_bce(vectors, targets, table, 1, calibration=0.0))
    scores = torch.cat([(vectors * table[targets]).sum(1), (vectors * table[items[:, 0]]).sum(1)])
    labels = torch.cat([torch.ones(3), torch.zeros(3)])
    assert found == pytest.approx(float(functional.binary_cross_entropy_with_logits(scores, labels)), rel=1e-5)
