"""Bags: rows of a matrix side by side, and batches that an epoch fixes."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from crossrec.models.training.bags import bags_of, shuffled


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
