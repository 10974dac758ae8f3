"""The shared half of torch models: what would not fit is refused before it is made."""

from __future__ import annotations

import pytest
import torch

from crossrec.core.errors import OutOfBudget
from crossrec.core.interactions import Interactions
from crossrec.models import machine
from crossrec.models.sequence.bert4rec import BERT4Rec
from crossrec.models.sequence.sasrec import SASRec


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
    with pytest.raises(OutOfBudget, match=r"2,000,000,000 items needs about 6\d{3}\.\d GB"):
        SASRec(width=128).require_room(2_000_000_000, 0.0)


@pytest.mark.parametrize(("loss", "numbers"), [("softmax", 5_000), ("sampled", 2_048), ("gbce", 64 * 2_048)])
def test_scores_of_a_batch_are_counted(loss: str, numbers: int) -> None:
    model = SASRec(loss=loss, batch_size=2)
    lengths = torch.tensor([3, 50, 50, 50]).numpy()
    without = model.batch_bytes(lengths, 0.0, numbers)
    assert model.batch_bytes(lengths, 1.0, numbers) - without == 4 * 3 * 100 * numbers
