"""What the autoencoders share: histories of length 1, and how unlikely their items are."""

from __future__ import annotations

import numpy as np
import torch

from crossrec.models.boards import checkerboard
from crossrec.models.neural._autoencoder import shares_of, unlikeliness
from crossrec.models.training.bags import bags_of

ROWS = checkerboard().csr()[:4]


def test_a_history_has_length_one_and_loses_a_share_while_learning() -> None:
    bags = bags_of(ROWS)
    whole = shares_of(bags, 0.5, training=False)
    for start, size in zip(bags.starts.tolist(), bags.sizes.tolist(), strict=True):
        torch.testing.assert_close(whole[start : start + size].norm(), torch.tensor(1.0))
    torch.manual_seed(0)
    less = shares_of(bags, 0.5, training=True)
    assert 0.2 < float((less == 0).float().mean()) < 0.8
    torch.testing.assert_close(less[less > 0], 2 * whole[less > 0])


def test_unlikeliness_is_that_of_a_softmax_over_all_items() -> None:
    chance = torch.Generator().manual_seed(0)
    vectors, weight = torch.randn(4, 5, generator=chance), torch.randn(24, 5, generator=chance)
    bias = torch.randn(24, generator=chance)
    found = unlikeliness(vectors, weight, bias, bags_of(ROWS))
    likely = torch.log_softmax(vectors @ weight.T + bias, dim=1).numpy()
    np.testing.assert_allclose(found.numpy(), -(ROWS.toarray() * likely).sum(axis=1), rtol=1e-4)
