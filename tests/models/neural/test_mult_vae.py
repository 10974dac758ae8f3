"""Mult-VAE against its equations written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossrec.core.errors import InvalidInput
from crossrec.core.query import Act, Query
from crossrec.models.boards import checkerboard
from crossrec.models.neural.mult_vae import Autoencoder, MultVAE, _loss
from crossrec.models.training.bags import bags_of

BOARD = checkerboard()


def made(widths: tuple[int, ...], dropout: float = 0.0) -> Autoencoder:
    torch.manual_seed(3)
    network = Autoencoder(24, widths, dropout)
    for part in network.parameters():
        torch.nn.init.normal_(part, 0, 0.3)
    return network


@pytest.mark.parametrize("widths", [(6, 3), (7, 5, 2)])
def test_the_loss_is_that_of_the_paper(widths: tuple[int, ...]) -> None:
    network, rows = made(widths), BOARD.csr()[:5]
    torch.manual_seed(0)
    found = _loss(network, (bags_of(rows), 0.4)).item()
    plain = torch.from_numpy(rows.toarray())
    weight = network.entry.weight
    hidden = torch.tanh(plain / plain.norm(dim=1, keepdim=True) @ weight + network.entry_bias)
    for layer in network.down:
        hidden = torch.tanh(layer(hidden))
    middle = network.middle(hidden)
    means, spreads = middle[:, : widths[-1]], middle[:, widths[-1] :]
    torch.manual_seed(0)
    hidden = means + torch.randn_like(means) * spreads.exp().sqrt()
    for layer in network.up:
        hidden = torch.tanh(layer(hidden))
    likely = torch.log_softmax(network.exit(hidden), dim=1)
    apart = torch.distributions.kl_divergence(
        torch.distributions.Normal(means, spreads.exp().sqrt()), torch.distributions.Normal(0.0, 1.0)
    )
    assert found == pytest.approx((-(plain * likely).sum(1) + 0.4 * apart.sum(1)).mean().item(), rel=1e-4)


def test_the_divergence_holds_the_middle_together() -> None:
    settings = {**MultVAE.small, "anneal": 10}
    seen = bags_of(BOARD.csr())
    free, held = (MultVAE(**settings, beta=beta).fit(BOARD).network.encode(seen)[0] for beta in (0.0, 5.0))
    assert float(held.square().mean()) < 0.5 * float(free.square().mean())


def test_how_a_history_is_ordered_or_repeated_changes_nothing() -> None:
    model = MultVAE(**MultVAE.small).fit(BOARD)
    one = Query(history=(Act("i002"), Act("i004"), Act("i010")))
    other = Query(history=(Act("i010"), Act("i002"), Act("i004"), Act("i002")))
    np.testing.assert_allclose(model.recommend(one).scores, model.recommend(other).scores, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"layers": "600"},
        {"layers": "600-x"},
        {"layers": "600-0"},
        {"dropout": 1.0},
        {"beta": -0.1},
        {"anneal": -1},
        {"batch_size": 0},
        {"epochs": 0},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=str(next(iter(wrong)))):
        MultVAE(**{**MultVAE.small, **wrong}).fit(BOARD)  # type: ignore[arg-type]


def test_data_without_any_act_is_refused() -> None:
    with pytest.raises(InvalidInput, match="nobody"):
        MultVAE().fit(BOARD.take(np.zeros(0, dtype=np.int64)))
