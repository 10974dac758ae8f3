"""Foretelling: the errors of left-out items are those of fits without them."""

from __future__ import annotations

import numpy as np

from crossrec.core.clock import random
from crossrec.models.transfer._foretelling import _HALF, foretelling


def test_the_share_told_is_that_of_fits_without_the_item() -> None:
    chance = random(0)
    x = chance.standard_normal((30, 4)).astype(np.float32)
    y = (x @ chance.standard_normal((4, 3)) + 0.5 * chance.standard_normal((30, 3)) + 2).astype(np.float32)
    counts = chance.integers(1, 40, 30)
    found = foretelling(x, y, counts)
    assert found is not None
    trust, left = counts / (counts + _HALF), 0.0
    for out in range(30):
        keep = np.arange(30) != out
        share = trust[keep] / trust[keep].sum()
        mean_x, mean_y = share @ x[keep], share @ y[keep]
        own, wanted = x[keep] - mean_x, y[keep] - mean_y
        system = (own * trust[keep][:, None]).T @ own + found.penalty * np.eye(4)
        weights = np.linalg.solve(system, (own * trust[keep][:, None]).T @ wanted)
        left += trust[out] * float(np.sum((y[out] - mean_y - (x[out] - mean_x) @ weights) ** 2))
    share = trust / trust.sum()
    spread = float(trust @ np.sum((y - share @ y) ** 2, axis=1))
    assert abs(found.told - (1 - left / spread)) < 0.01 < found.told
    np.testing.assert_allclose(found(x), y, atol=2.5)


def test_text_that_says_nothing_foretells_nothing() -> None:
    chance = random(1)
    x, y = chance.standard_normal((200, 20)).astype(np.float32), chance.standard_normal((200, 3)).astype(np.float32)
    found = foretelling(x, y, np.full(200, 10))
    assert found is None or found.told < 0.02
    assert foretelling(x[:1], y[:1], np.ones(1)) is None
