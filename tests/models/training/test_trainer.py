"""Training: learns, keeps the best, stops early, goes on after a stop as if there had been none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crossrec.core.errors import CorruptBundle, InvalidInput
from crossrec.models.progress import watching
from crossrec.models.training.resume import resuming
from crossrec.models.training.trainer import Course, Curve, train

POINTS = torch.linspace(-1, 1, 32)[:, None]


def batches(epoch: int) -> Iterator[Tensor]:
    yield from torch.split(POINTS[torch.randperm(32, generator=torch.Generator().manual_seed(epoch))], 8)


def line() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(1, 1)


def taught(
    network: nn.Linear,
    epochs: int,
    *,
    exam: list[float] | None = None,
    patience: int = 0,
    rate: float = 0.1,
    average: float = 0.0,
) -> Curve:
    values = iter(exam or [])
    drop = nn.Dropout(0.2)
    return train(
        network,
        lambda batch: (network(drop(batch)) - 3 * batch - 1).pow(2).mean(),
        batches,
        Course(epochs, rate, patience=patience, average=average),
        exam=None if exam is None else lambda: next(values),
    )


def weights(network: nn.Module) -> list[float]:
    return [float(value) for value in torch.cat([part.flatten() for part in network.state_dict().values()])]


def test_a_network_learns_and_is_left_ready_to_answer() -> None:
    network = line()
    curve = taught(network, 40)
    assert curve.losses[-1] < 0.4 * curve.losses[0] and len(curve.losses) == 40
    assert not network.training


def test_the_best_weights_are_kept_and_patience_ends_it() -> None:
    network, shorter = line(), line()
    curve = taught(network, 50, exam=[0.1, 0.4, 0.3, 0.2, 0.1, 0.9], patience=3)
    assert curve.exams == [0.1, 0.4, 0.3, 0.2, 0.1] and curve.best == 1
    taught(shorter, 2)
    assert weights(network) == weights(shorter)
    assert json.loads(curve.text)["best"] == 1


def test_a_first_exam_that_is_the_best_is_kept_however_low() -> None:
    network, shorter = line(), line()
    taught(network, 3, exam=[-4.0, -5.0, -6.0])
    taught(shorter, 1)
    assert weights(network) == weights(shorter)


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path: Path, average: float) -> None:
    whole, halves = line(), line()
    expected = taught(whole, 6, average=average)
    with resuming(tmp_path):
        taught(halves, 3, average=average)
        halves = line()  # another process begins with fresh weights
        found = taught(halves, 6, average=average)
    assert weights(halves) == weights(whole) and found.losses == expected.losses
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_the_mean_of_the_weights_is_examined_and_kept() -> None:
    seen: list[float] = []
    network = line()

    def exam() -> float:
        seen.append(float(network.weight))
        return float(len(seen))

    train(network, lambda batch: -network.weight.sum(), batches, Course(3, 0.1, average=0.8), exam=exam)
    assert weights(network)[0] == seen[-1]
    last = line()
    train(last, lambda batch: -last.weight.sum(), batches, Course(3, 0.1))
    assert weights(network)[0] < weights(last)[0]  # the mean is behind weights that only grow


def test_the_interrupt_of_a_person_is_theirs(tmp_path: Path) -> None:
    def interrupted(name: str, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    network = line()
    with resuming(tmp_path), watching(interrupted), pytest.raises(KeyboardInterrupt):
        taught(network, 5)
    with resuming(tmp_path):
        assert len(taught(line(), 5).losses) == 5


def test_progress_tells_loss_and_exam() -> None:
    told: list[tuple[str, int, int]] = []
    with watching(lambda *step: told.append(step)):
        taught(line(), 2, exam=[0.25, 0.5])
    assert [step[1:] for step in told] == [(1, 2), (2, 2)]
    assert told[1][0].startswith("epochs (loss ") and told[1][0].endswith("exam 0.5000)")


def test_a_loss_that_is_no_number_is_said_with_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="learning_rate"):
        taught(line(), 400, rate=1e30)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    with resuming(tmp_path):
        taught(line(), 1)
        path = next(tmp_path.iterdir())
        path.write_bytes(path.read_bytes()[:200])
        with pytest.raises(CorruptBundle, match=path.name):
            taught(line(), 2)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"learning_rate": 0.0}, {"patience": -1}, {"weight_decay": -1.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        Course(**({"epochs": 1, "learning_rate": 0.1} | wrong))  # type: ignore[arg-type]


def test_other_random_numbers_are_left_alone() -> None:
    torch.manual_seed(5)
    expected, network = torch.rand(3), nn.Linear(1, 1)
    torch.manual_seed(5)
    taught(network, 1)
    np.testing.assert_array_equal(torch.rand(3), expected)
