"""RecVAE: its prior, its halves that learn in turn, and its depth."""

from __future__ import annotations

import math

import pytest
import torch

from crossrec.core.errors import InvalidInput
from crossrec.models.boards import checkerboard
from crossrec.models.neural.recvae import Halves, RecVAE
from crossrec.models.training.bags import bags_of

BOARD = checkerboard()
BAGS = bags_of(BOARD.csr()[:6])


def made() -> Halves:
    torch.manual_seed(0)
    return Halves(24, 8, 3)


def test_the_prior_is_a_mixture_of_three() -> None:
    network, middle = made(), torch.randn(6, 3)
    means, spreads = network.before(BAGS, 0.0)
    wide = torch.distributions.Normal(0.0, math.exp(5.0))
    before = torch.distributions.Normal(means, (spreads / 2).exp())
    normal = torch.distributions.Normal(0.0, 1.0)
    parts = zip((0.15, 0.75, 0.1), (normal, before, wide), strict=True)
    expected = torch.stack([share * part.log_prob(middle).exp() for share, part in parts]).sum(dim=0).log()
    torch.testing.assert_close(network.prior(middle, BAGS), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("turn", "learns"), [(0, "encoder"), (2, "encoder"), (3, "exit")])
def test_the_halves_learn_in_turn(turn: int, learns: str) -> None:
    network = made()
    RecVAE(dropout=0.2)._loss(network, (BAGS, turn)).backward()
    moved = {name.split(".")[0] for name, part in network.named_parameters() if part.grad is not None}
    assert moved == {learns}


def test_the_prior_remembers_the_encoder_when_the_decoder_learns() -> None:
    network = made()
    with torch.no_grad():
        network.encoder.middle.weight.add_(1.0)
    RecVAE()._loss(network, (BAGS, 1))
    assert not torch.equal(network.before.middle.weight, network.encoder.middle.weight)
    RecVAE()._loss(network, (BAGS, 3))
    assert torch.equal(network.before.middle.weight, network.encoder.middle.weight)


def test_a_long_history_pays_more_for_leaving_the_prior() -> None:
    network = made()
    losses = []
    for gamma in (0.0, 1.0):
        torch.manual_seed(0)
        losses.append(RecVAE(gamma=gamma, dropout=0.0)._loss(network, (BAGS, 0)).item())
    torch.manual_seed(0)
    means, spreads = network.encoder(BAGS, 0.0)
    middle = means + torch.randn_like(means) * (spreads / 2).exp()
    own = torch.distributions.Normal(means, (spreads / 2).exp()).log_prob(middle)
    apart = (own - network.prior(middle, BAGS)).sum(dim=1)
    assert losses[1] - losses[0] == pytest.approx((BAGS.sizes * apart).mean().item(), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"factors": 0}, {"gamma": -1.0}, {"dropout": 1.0}, {"batch_size": 0}, {"epochs": 0}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        RecVAE(**{**RecVAE.small, **wrong}).fit(BOARD)  # type: ignore[arg-type]
