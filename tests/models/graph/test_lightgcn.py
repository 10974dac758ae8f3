"""LightGCN against the dense equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossrec.core.errors import InvalidInput
from crossrec.models.boards import checkerboard
from crossrec.models.graph._item_graph import asked_for
from crossrec.models.graph._propagation import Graph
from crossrec.models.graph.lightgcn import LightGCN
from crossrec.models.training.bags import bags_of, sums_of

BOARD = checkerboard()


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_scores_are_those_of_the_published_steps_when_users_begin_at_nothing(layers: int) -> None:
    model = LightGCN(**{**LightGCN.small, "layers": layers, "epochs": 1})
    seen = BOARD.csr()
    graph, table = Graph.of(seen), torch.randn(24, 16, generator=torch.Generator().manual_seed(0))
    users, items = [np.zeros((24, 16))], [table.numpy()]
    for _ in range(layers):
        users, items = [*users, graph.by_user @ items[-1]], [*items, graph.by_item @ users[-1]]
    joined = np.arange(24)[:, None] % 2 == np.arange(24) % 2  # no way leads from one parity to the other
    expected = (sum(users) @ sum(items).T) * joined
    model.fit(BOARD)
    model.weights_ = model._after(table, graph)
    found = model.score(model.histories_.queries(BOARD.user_ids.series.to_list())).values
    ratio = ((layers + 1) // 2) * (layers // 2 + 1)  # means of layers that are not 0, instead of sums
    np.testing.assert_allclose(found * ratio, expected, rtol=1e-3, atol=1e-4)


def test_the_loss_is_a_softmax_over_the_catalogue_of_what_is_left() -> None:
    seen = BOARD.csr()[:3]
    chance = torch.Generator().manual_seed(1)
    sources, targets = torch.randn(24, 4, generator=chance), torch.randn(24, 4, generator=chance) / 8
    bags = bags_of(seen)
    bags = bags._replace(values=torch.rand(len(bags.items), generator=chance))
    users = sums_of(bags, sources)
    dense = seen.toarray()
    left = dense.copy()
    left[dense > 0] = bags.values.numpy()
    np.testing.assert_allclose(users.numpy(), left @ sources.numpy(), rtol=1e-4, atol=1e-5)
    likely = torch.log_softmax(users @ targets.T, dim=1)
    expected = -float((torch.from_numpy(dense) * likely).sum() / dense.sum())
    assert float(asked_for(users, targets, bags, 0)) == pytest.approx(expected, rel=1e-4)
    torch.manual_seed(0)
    drawn = np.mean([float(asked_for(users, targets, bags, 20)) for _ in range(400)])
    assert drawn == pytest.approx(expected, abs=0.1)


def test_of_each_history_a_share_is_left_out_and_something_stays() -> None:
    model, seen = LightGCN(dropout=0.6, batch_size=5), BOARD.csr()
    scale = np.full(24, 0.5, dtype=np.float32)
    batches = [list(model._batches(seen, scale, epoch)) for epoch in (0, 0, 1)]
    values = np.concatenate([bags.values.numpy() for bags in batches[0]])
    assert 0.25 < np.mean(values > 0) < 0.55
    for bags in batches[0]:
        for start, size in zip(bags.starts.tolist(), bags.sizes.tolist(), strict=True):
            left = bags.values[start : start + size].numpy()
            assert left.sum() == pytest.approx(0.5 * np.count_nonzero(left) ** 0.5, rel=1e-5)
    for one, again in zip(batches[0], batches[1], strict=True):
        assert torch.equal(one.values, again.values)
    assert not torch.equal(batches[0][0].values[:20], batches[2][0].values[:20])


@pytest.mark.parametrize(
    "wrong", [{"factors": 0}, {"layers": 0}, {"batch_size": 0}, {"negatives": -1}, {"dropout": 1.0}, {"epochs": 0}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        LightGCN(**{**LightGCN.small, **wrong}).fit(BOARD)  # type: ignore[arg-type]


def test_data_without_any_act_is_refused() -> None:
    with pytest.raises(InvalidInput, match="nobody"):
        LightGCN().fit(BOARD.take(np.zeros(0, dtype=np.int64)))
