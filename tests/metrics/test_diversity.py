"""Distances within a list, by hand and against all pairs."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from crossrec.metrics.diversity import intra_list_distances


def test_three_items_by_hand() -> None:
    # Users 0 1 had item 0, users 1 2 item 1, users 0 1 item 2, user 3 item 3; nobody had item 4.
    indptr, users = np.array([0, 2, 4, 6, 7, 7]), np.array([0, 1, 1, 2, 0, 1, 3], np.int32)
    found = intra_list_distances(np.array([[0, 2, 1], [0, 3, -1], [4, 0, -1], [1, -1, -1]], np.int32), indptr, users, 4)
    assert found[0, 1:] == pytest.approx([0.0, (0 + 0.5 + 0.5) / 3])
    assert found[1, 1:] == pytest.approx([1.0, 1.0]), "an empty place changes nothing"
    assert found[2, 1] == 1.0, "an item without users is like none"
    assert np.isnan(found[:, 0]).all()
    assert np.isnan(found[3]).all()


def test_equal_to_all_pairs_one_by_one() -> None:
    chance = np.random.default_rng(5)
    matrix = sp.csc_array(chance.random((50, 30)) < 0.2)
    items = np.stack([chance.permutation(30)[:6] for _ in range(70)]).astype(np.int32)
    found = intra_list_distances(items, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), 50)
    dense = matrix.toarray().astype(float)
    unit = dense / np.maximum(np.linalg.norm(dense, axis=0), 1e-12)
    for row, listed in enumerate(items):
        for width in range(2, 7):
            cosines = (unit.T @ unit)[np.ix_(listed[:width], listed[:width])]
            pairs = cosines[np.triu_indices(width, 1)]
            assert found[row, width - 1] == pytest.approx(1 - pairs.mean())
