"""Rating errors of models that predict ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from stubs import ByCount

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.evaluation.ratings import evaluate_ratings


@dataclass
class HistoryMean(ByCount):
    """Predicts the mean rating of the asker's history, and 3 for a stranger."""

    def predict(self, queries: Queries, items: np.ndarray) -> np.ndarray:
        assert len(queries) == len(items)
        counts = np.diff(queries.indptr)
        sums = np.bincount(queries.rows, weights=queries.values, minlength=len(queries))
        return np.where(counts > 0, sums / np.maximum(counts, 1), 3.0).astype(np.float32)


def table(*triples: tuple[str, str, float]) -> Interactions:
    return Interactions.from_frame(pl.DataFrame(triples, schema=["user_id", "item_id", "rating"], orient="row"))


TRAIN = table(("a", "p", 1.0), ("a", "q", 3.0), ("b", "p", 5.0))
TEST = table(("b", "q", 4.0), ("a", "z", 4.0), ("c", "p", 3.0))


@pytest.mark.parametrize("size", [1, 2, 4096])
def test_by_hand_in_any_batch_size(size: int) -> None:
    found = evaluate_ratings(HistoryMean(), TRAIN, TEST, batch_size=size)
    assert found.rmse == pytest.approx(((1 + 4 + 0) / 3) ** 0.5)
    assert found.mae == pytest.approx(1.0)
    assert (found.n, found.unseen_item_share, found.unseen_user_share) == (
        3,
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
    )


def test_what_has_no_ratings_is_refused() -> None:
    with pytest.raises(InvalidInput, match="predicts no ratings"):
        evaluate_ratings(ByCount(), TRAIN, TEST)
    bare = Interactions.from_frame(pl.DataFrame({"user_id": ["a"], "item_id": ["p"]}))
    with pytest.raises(InvalidInput, match="1 of 1"):
        evaluate_ratings(HistoryMean(), bare, TEST)
