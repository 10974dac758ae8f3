"""The transformer: what a place sees, and that places are told by distance alone."""

from __future__ import annotations

import pytest
import torch

from crossrec.models.sequence._transformer import Transformer


def made(*, causal: bool = True) -> Transformer:
    torch.manual_seed(0)
    network = Transformer(20, width=8, blocks=2, heads=2, dropout=0.0, longest=12, causal=causal).eval()
    torch.nn.init.normal_(network.distances)
    torch.nn.init.normal_(network.table.weight)
    return network


def vectors(network: Transformer, *rows: list[int]) -> list[torch.Tensor]:
    lengths = torch.tensor([len(row) for row in rows])
    table = torch.full((len(rows), int(lengths.max())), 19)
    for place, row in enumerate(rows):
        table[place, : len(row)] = torch.tensor(row)
    with torch.inference_mode():
        return [found[: len(row)] for found, row in zip(network(table, lengths), rows, strict=True)]


@pytest.mark.parametrize("causal", [True, False])
def test_what_stands_behind_the_end_changes_nothing(causal: bool) -> None:
    network = made(causal=causal)
    alone = vectors(network, [1, 2, 3])[0]
    beside = vectors(network, [1, 2, 3], [4, 5, 6, 7, 8])[0]
    torch.testing.assert_close(alone, beside, rtol=1e-4, atol=1e-5)


def test_a_prefix_looks_like_a_whole_history() -> None:
    network = made()
    torch.testing.assert_close(vectors(network, [4, 1, 2, 3])[0][:2], vectors(network, [4, 1])[0], rtol=1e-4, atol=1e-5)


def test_the_past_is_seen_and_the_future_only_where_it_may_be() -> None:
    one, other = vectors(made(), [1, 2, 3], [1, 2, 9])
    torch.testing.assert_close(one[:2], other[:2], rtol=1e-4, atol=1e-5)
    one, other = vectors(made(causal=False), [1, 2, 3], [1, 2, 9])
    assert float((one[0] - other[0]).abs().max()) > 1e-3


def test_order_matters() -> None:
    one, other = vectors(made(), [1, 2, 3], [2, 1, 3])
    assert float((one[2] - other[2]).abs().max()) > 1e-3
