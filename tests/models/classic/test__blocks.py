"""Blocks: items that no chain of users joins."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from crossrec.models.classic._blocks import block_labels, blocks_of, labels_in_reach, silence_strangers

# Users 0 and 1 join items 0, 2 and 4; user 2 had item 1; nobody had item 3.
SEEN = sp.csr_array(np.array([[1, 0, 1, 0, 0], [0, 0, 1, 0, 1], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]], np.float32))


def test_items_are_labelled_by_the_chains_of_users_between_them() -> None:
    labels = block_labels(SEEN)
    assert labels[0] == labels[2] == labels[4] and len(set(labels.tolist())) == 3 == labels.max() + 1
    assert [block.tolist() for block in blocks_of(SEEN)] == [[0, 2, 4], [1]]
    assert blocks_of(SEEN[3:]) == []


def test_scores_outside_the_blocks_of_a_history_are_silenced() -> None:
    rows = sp.csr_array(np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 0, 0]], np.float32))
    values = np.ones((3, 5), np.float32)
    silence_strangers(values, rows, block_labels(SEEN))
    assert values.tolist() == [[1, 0, 1, 0, 1], [1, 1, 1, 0, 1], [0, 0, 0, 0, 0]]
    some = np.ones((3, 2), np.float32)
    silence_strangers(some, rows, block_labels(SEEN), np.array([3, 2], np.int32))
    assert some.tolist() == [[0, 1], [0, 1], [0, 0]]


def test_a_history_reaches_the_blocks_of_its_items_each_once() -> None:
    rows = sp.csr_array(np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 0, 0]], np.float32))
    labels = block_labels(SEEN)
    starts, found = labels_in_reach(rows, labels)
    assert starts.tolist() == [0, 1, 3, 3]
    assert found.tolist() == [labels[0], labels[1], labels[4]]
