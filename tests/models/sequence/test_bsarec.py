"""BSARec: its filter against a Fourier transform, and what a place sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from crossrec.core.errors import InvalidInput
from crossrec.models.boards import checkerboard
from crossrec.models.sequence._transformer import Transformer
from crossrec.models.sequence.bsarec import BSARec, slow_filter


@pytest.mark.parametrize(("longest", "slow"), [(8, 1), (8, 3), (9, 4), (50, 3)])
def test_the_filter_is_what_a_fourier_transform_leaves_of_the_last_place(longest: int, slow: int) -> None:
    history = np.random.default_rng(0).normal(size=(longest, 2))
    for length in (1, longest // 2, longest):
        padded = np.vstack([np.zeros((longest - length, 2)), history[:length]])
        waves = np.fft.rfft(padded, axis=0)
        waves[slow:] = 0
        wanted = np.fft.irfft(waves, n=longest, axis=0)[-1]
        found = slow_filter(longest, slow)[:length, :length] @ torch.from_numpy(history[:length]).float()
        np.testing.assert_allclose(found[-1].numpy(), wanted, atol=1e-5)


def made(**settings: Any) -> Transformer:
    torch.manual_seed(0)
    network = BSARec(**{"width": 8, "longest": 12, "slow": 3, **settings}).form(20).eval()
    for block in network.blocks:
        for part in (block.asks, block.joins):
            torch.nn.init.normal_(part.weight, std=0.5)  # type: ignore[union-attr, arg-type]
    torch.nn.init.normal_(network.table.weight)
    return network


def ends(network: Transformer, row: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = network(torch.tensor([row]), torch.tensor([len(row)]))[0]
        return found


def test_a_prefix_looks_like_a_whole_history_and_the_future_is_not_seen() -> None:
    network = made()
    torch.testing.assert_close(ends(network, [4, 1, 2, 3])[:2], ends(network, [4, 1]), rtol=1e-4, atol=1e-5)


def test_the_share_decides_between_filter_and_attention() -> None:
    attention, filtered = made(share=0.0), made(share=1.0)
    before = [ends(network, [4, 1, 2, 3]) for network in (attention, filtered)]
    for network in (attention, filtered):
        for block in network.blocks:
            torch.nn.init.zeros_(block.joins.weight)  # type: ignore[union-attr, arg-type]  # no attention any more
    after = [ends(network, [4, 1, 2, 3]) for network in (attention, filtered)]
    assert float((before[0] - after[0]).abs().max()) > 0.1
    torch.testing.assert_close(before[1], after[1])


@pytest.mark.parametrize("wrong", [{"share": 1.1}, {"slow": 0}, {"slow": 7}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=r"BSARec: expected share in \[0, 1\] and slow in 1 to 6"):
        BSARec(**{**BSARec.small, **wrong}).fit(checkerboard())
