"""Bags: rows of a matrix side by side, and batches that an epoch fixes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch.nn import functional

from crossrec.models.training.bags import bags_of, shuffled, sums_of


def test_rows_lie_side_by_side_and_an_empty_one_takes_no_room() -> None:
    rows = sp.csr_array(np.array([[0, 2, 0, 1], [0, 0, 0, 0], [5, 0, 0, 0]], dtype=np.float32))
    bags = bags_of(rows)
    assert bags.items.tolist() == [1, 3, 0] and bags.values.tolist() == [2, 1, 5]
    assert bags.starts.tolist() == [0, 2, 2] and bags.sizes.tolist() == [2, 0, 1]


def test_an_epoch_has_each_row_once_in_its_own_order() -> None:
    rows = np.arange(3, 20)
    one, again, next_one = ([*shuffled(rows, 5, seed=1, epoch=epoch)] for epoch in (0, 0, 1))
    assert [len(batch) for batch in one] == [5, 5, 5, 2]
    assert sorted(np.concatenate(one)) == rows.tolist()
    np.testing.assert_array_equal(np.concatenate(one), np.concatenate(again))
    assert np.concatenate(one).tolist() != np.concatenate(next_one).tolist()


@pytest.mark.parametrize("weighed", [True, False])
def test_sums_and_their_gradient_are_those_of_an_embedding_bag(weighed: bool) -> None:
    rows = sp.csr_array(np.array([[0, 2, 0, 3], [0, 0, 0, 0], [1, 0, 0, 5]], dtype=np.float32))
    bags, pull = bags_of(rows), torch.randn(3, 2)
    ours, theirs = (torch.arange(8.0).view(4, 2).requires_grad_() for _ in range(2))
    found = sums_of(bags, ours, weighed=weighed)
    values = bags.values if weighed else torch.ones_like(bags.values)
    wanted = functional.embedding_bag(bags.items, theirs, bags.starts, mode="sum", per_sample_weights=values)
    torch.testing.assert_close(found, wanted)
    for sums in (found, wanted):
        sums.backward(pull)
    torch.testing.assert_close(ours.grad, theirs.grad)
