"""The towers against the layers one after another."""

from __future__ import annotations

import pytest
import torch

from crossrec.models.neural._towers import Towers


def made(*, published: bool) -> Towers:
    torch.manual_seed(1)
    network = Towers(10, 8, 0.0, published=published)
    for part in network.parameters():
        torch.nn.init.normal_(part, 0.0, 0.5)
    return network.eval()


@pytest.mark.parametrize("published", [True, False])
def test_two_vectors_side_by_side_go_through_the_layers(published: bool) -> None:
    network, histories = made(published=published), torch.randn(3, 10 if published else 8)
    items = network.shown(torch.tensor([[1, 4], [0, 9], [2, 2]]))
    found = network(histories, items)
    for row in range(3):
        for place in range(2):
            hidden = network.entry(torch.cat([histories[row, :8], items[row, place, :8]]))
            hidden = torch.relu(network.norms[0](hidden[None]))
            for layer, norm in zip(network.layers, network.norms[1:], strict=True):
                hidden = torch.relu(norm(layer(hidden)))
            hidden = torch.cat([hidden[0], histories[row, 8:] * items[row, place, 8:]])
            torch.testing.assert_close(found[row, place], network.exit(hidden)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("published", "sizes"), [(True, [8, 4, 2]), (False, [16, 8, 4])])
def test_the_layers_have_the_sizes_that_are_told(published: bool, sizes: list[int]) -> None:
    network = made(published=published)
    assert [network.entry.out_features, *[layer.out_features for layer in network.layers]] == sizes
    assert network.past.weight.shape == (10, 8 + (2 if published else 0))


def test_the_same_items_for_all_are_those_of_each() -> None:
    network, histories = made(published=True), torch.randn(3, 10)
    items = network.shown.weight[None, :4]
    torch.testing.assert_close(
        network(histories, items), network(histories, items.expand(3, -1, -1)), rtol=1e-4, atol=1e-5
    )
