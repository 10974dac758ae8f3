"""The loss of a bridge is that of ALS over the whole catalogue, and attention weighs what a person had."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from crossrec.models.classic._whitening import whiten
from crossrec.models.training.bags import bags_of
from crossrec.models.transfer._meta import Lesson, MetaBridge, share_found
from crossrec.models.transfer._solving import solved


class Fixed(nn.Module):
    def __init__(self, vectors: np.ndarray) -> None:
        super().__init__()
        self.vectors = torch.from_numpy(vectors)

    def forward(self, *told: object) -> torch.Tensor:
        return self.vectors


def test_the_share_is_that_of_the_loss_over_the_whole_catalogue() -> None:
    chance = np.random.default_rng(0)
    items, l2 = chance.normal(size=(12, 3)).astype(np.float32), 0.5
    basis = whiten(items, l2)
    more = sp.csr_array((np.arange(12) % np.arange(2, 6)[:, None] == 0) * np.float32(5))
    own, other = solved(more, basis.vectors), chance.normal(size=(4, 3)).astype(np.float32)

    def gained(vectors: np.ndarray) -> np.ndarray:
        plain = vectors @ basis.back  # from the whitened space to that of the items
        weights, wanted = 1 + more.toarray(), more.toarray() > 0
        none = (weights * wanted).sum(axis=1)
        return none - (weights * (wanted - plain @ items.T) ** 2).sum(axis=1) - l2 * (plain**2).sum(axis=1)

    bags = bags_of(more)
    lesson = Lesson(torch.zeros(4, 3), bags, bags, torch.from_numpy(own))
    share = share_found(Fixed(other), lesson, torch.from_numpy(basis.vectors)).numpy()
    np.testing.assert_allclose(share, gained(other) / gained(own), rtol=1e-3)
    np.testing.assert_allclose(share_found(Fixed(own), lesson, torch.from_numpy(basis.vectors)).numpy(), 1, rtol=1e-4)


def test_the_order_of_a_history_and_who_else_is_asked_change_nothing() -> None:
    chance = np.random.default_rng(1)
    network = MetaBridge(3, 5).eval()
    nn.init.normal_(network.matrix.weight)
    items, vectors = torch.randn(6, 3), torch.from_numpy(chance.normal(size=(2, 3)).astype(np.float32))
    rows = sp.csr_array(np.array([[1, 1, 0, 0, 1, 0], [0, 1, 0, 1, 0, 0]], dtype=np.float32))
    both = network(vectors, bags_of(rows), items)
    alone = network(vectors[:1], bags_of(sp.csr_array(rows[:1])), items)
    turned = bags_of(sp.csr_array(rows[:1]))._replace(items=torch.tensor([4, 1, 0]))
    torch.testing.assert_close(both[:1], alone)
    torch.testing.assert_close(network(vectors[:1], turned, items), alone)
    assert not torch.allclose(both[0] / vectors[0], both[1] / vectors[1])
