"""The shared half of torch models: what would not fit is refused before it is made."""

from __future__ import annotations

import gc

import pytest
import torch
from torch import nn

from crossrec.core.errors import OutOfBudget
from crossrec.core.interactions import Interactions
from crossrec.models import machine
from crossrec.models.sequence.bert4rec import BERT4Rec
from crossrec.models.sequence.sasrec import SASRec
from crossrec.models.training.network import _COPIES
from crossrec.models.training.trainer import Course, train


@pytest.mark.parametrize("kind", [SASRec, BERT4Rec])
def test_a_training_that_would_not_fit_is_refused(
    kind: type[SASRec | BERT4Rec], checkerboard: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "available_bytes", lambda: 1_000_000)
    monkeypatch.setattr(torch.nn.Module, "train", lambda *_: pytest.fail("it was trained"))
    with pytest.raises(OutOfBudget, match=f"training {kind.__name__} over 24 items"):
        kind(width=128).fit(checkerboard)


def test_the_shapes_of_a_huge_network_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_bytes", lambda: 10**12)
    with pytest.raises(OutOfBudget, match=r"2,000,000,000 items needs about 7\d{3}\.\d GB"):
        SASRec(width=128).require_room(2_000_000_000, 0.0)


@pytest.mark.parametrize(
    ("loss", "negatives", "numbers"),
    [("softmax", 9, 16), ("sampled", 9, 9), ("sampled", 24, 16), ("gbce", 9, 9 * 16)],
)
def test_what_a_loss_keeps_of_a_batch_is_counted(
    loss: str, negatives: int, numbers: int, checkerboard: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []
    monkeypatch.setattr(SASRec, "require_room", lambda self, items, batch_bytes: told.append(batch_bytes))
    monkeypatch.setattr(SASRec, "form", lambda self, items: pytest.fail("made"))
    for batch_size in (1, 3):
        with pytest.raises(pytest.fail.Exception):
            SASRec(loss=loss, negatives=negatives, width=16, blocks=1, batch_size=batch_size).fit(checkerboard)
    lengths = 10  # eleven of the twelve items of a parity, and each but the last has a follower
    layers = 18 * lengths * 16 + 8 * lengths * lengths
    assert told == [4 * batch_size * (layers + 3 * lengths * numbers) for batch_size in (1, 3)]


def test_as_many_copies_of_a_network_are_counted_as_a_training_holds() -> None:
    network, size = nn.Linear(103, 97, bias=False), 103 * 97
    held: list[int] = []

    def exam() -> float:
        kept = [one for one in gc.get_objects() if type(one) in (torch.Tensor, nn.Parameter) and one.numel() == size]
        kept += [part.grad for part in network.parameters() if part.grad is not None]
        held.append(len({one.data_ptr() for one in kept}))
        return float(len(held))

    course = Course(3, 0.01, average=0.9)
    train(network, lambda batch: network(batch).square().mean(), lambda _: [torch.ones(2, 103)], course, exam=exam)
    assert max(held) == _COPIES  # one of them is the network's own weights, which make room for the mean in an exam
