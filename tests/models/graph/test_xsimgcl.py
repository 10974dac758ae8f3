"""XSimGCL: its noise, its contrast, and what they do."""

from __future__ import annotations

import pytest
import torch

from crossrec.core.errors import InvalidInput
from crossrec.models.boards import checkerboard
from crossrec.models.graph.xsimgcl import XSimGCL, _moved, _told_apart

BOARD = checkerboard()


def test_noise_has_its_length_and_stays_in_the_octant() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(50, 6)
    moved = _moved(vectors, 0.3)
    assert torch.equal(torch.sign(moved), torch.sign(vectors))
    torch.testing.assert_close((moved - vectors).norm(dim=1), torch.full((50,), 0.3))
    assert torch.equal(_moved(vectors, 0.0), vectors)


def test_vectors_are_told_apart_by_angle() -> None:
    one = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    other = torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    expected = -torch.log(torch.exp(torch.tensor(2.0)) / (torch.exp(torch.tensor(2.0)) + 1))
    torch.testing.assert_close(_told_apart(one, other, 0.5), expected)


def test_contrast_spreads_the_vectors_of_items() -> None:
    alike = []
    for contrast in (0.0, 3.0):
        model = XSimGCL(**{**XSimGCL.small, "contrast": contrast}).fit(BOARD)
        unit = torch.nn.functional.normalize(torch.from_numpy(model.weights_["targets"]), dim=1)
        alike.append(float((unit[::2] @ unit[::2].T).mean()))
    assert alike[1] < alike[0] - 0.02


@pytest.mark.parametrize("wrong", [{"layers": 1}, {"noise": -0.1}, {"contrast": -1.0}, {"temperature": 0.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        XSimGCL(**{**XSimGCL.small, **wrong}).fit(BOARD)  # type: ignore[arg-type]
