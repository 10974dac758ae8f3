"""The running mean of weights against the same sum written out."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crossrec.models.training.mean import Mean


def network(value: float) -> nn.Linear:
    found = nn.Linear(1, 1, bias=False)
    return moved(found, value)


def moved(found: nn.Linear, value: float) -> nn.Linear:
    with torch.no_grad():
        found.weight.fill_(value)
    return found


def test_the_mean_starts_short_and_grows_to_its_length() -> None:
    learns, expected = network(1.0), 1.0
    mean = Mean(learns, 0.5)
    for step, value in enumerate([3.0, -2.0, 8.0, 0.0, 5.0, 1.0, 7.0, 7.0, 2.0, 9.0, 4.0, 4.0], 1):
        moved(learns, value)
        mean.follow()
        kept = min(0.5, step / (step + 9))
        expected = kept * expected + (1 - kept) * value
    assert mean.weights["weight"].item() == pytest.approx(expected, rel=1e-6)


def test_the_network_has_the_mean_for_a_while_and_then_its_own_weights() -> None:
    learns = network(0.0)
    mean = Mean(learns, 0.9)
    moved(learns, 10.0)
    mean.follow()
    with mean.in_place():
        assert learns.weight.item() == pytest.approx(9.0)
    assert learns.weight.item() == 10.0


def test_no_average_is_the_network_itself() -> None:
    learns = network(0.0)
    mean = Mean(learns, 0.0)
    moved(learns, 4.0)
    mean.follow()
    with mean.in_place():
        assert learns.weight.item() == 4.0
    assert mean.weights["weight"].item() == 4.0 and mean.state["weights"] == {}


def test_counters_are_taken_as_they_are() -> None:
    learns = nn.BatchNorm1d(2)
    mean = Mean(learns, 0.9)
    learns(torch.randn(8, 2))
    mean.follow()
    assert mean.weights["num_batches_tracked"].item() == 1
