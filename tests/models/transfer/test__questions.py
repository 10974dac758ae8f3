"""Held-out outcomes: everybody is asked, each drawn item stands for many, and nothing that was had is asked about."""

from __future__ import annotations

import numpy as np
import polars as pl

from crossrec.core.interactions import Interactions
from crossrec.models.transfer._acts import pairs_of
from crossrec.models.transfer._questions import questions_of
from crossrec.models.transfer._tasks import tasks_of


def test_everybody_with_a_history_is_asked_and_the_weights_are_all_pairs_not_had() -> None:
    """Ten persons had five of fifty items each; half of them took one more, and one of these the item they had."""
    rows = [(f"u{user}", str((user + step) % 50), "view", "train") for user in range(10) for step in range(5)]
    rows += [(f"u{user}", str(user + 20), "view", "valid") for user in range(5)]
    rows += [("u0", "0", "view", "valid"), *((f"u{user}", str(user), "view", "train") for user in range(10, 50))]
    schema = ["user_id", "item_id", "interaction_type", "split"]
    data = Interactions.from_frame(pl.DataFrame(rows, schema=schema, orient="row"))
    assert data.splits is not None
    past, held = data.take(data.splits == 0), data.take(data.splits == 1)
    domains = data.catalogue.domains.astype(np.int64)
    tasks = tasks_of(pairs_of(past, np.array([0], dtype=np.int8)), domains, 1)
    asked = questions_of(past, held, data.catalogue, np.array([0], dtype=np.int8), tasks, seed=0)
    assert asked is not None and asked.came[:, 0].sum() == 5
    assert np.array_equal(np.unique(asked.rows), np.arange(50))
    had = past.csr().toarray() > 0
    assert not had[np.unique(past.users)[asked.rows], asked.items].any()
    assert asked.weights.sum() == 50 * 50 - had.sum()
    nothing = questions_of(past, held.take(held.items < 0), data.catalogue, np.array([0], dtype=np.int8), tasks, seed=0)
    assert nothing is None
