"""Ratings: how far predicted ratings are from those given."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Codes
from crossrec.core.clock import stopwatch
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.metrics.rating import mae, rmse
from crossrec.models.abilities import Rates
from crossrec.models.histories import Histories
from crossrec.models.recommender import Recommender

__all__ = ["RatingReport", "evaluate_ratings"]


@dataclass(frozen=True)
class RatingReport:
    """Errors of predicted ratings over all rows of a test part.

    Args:
        rmse: Root of the mean squared error.
        mae: Mean absolute error.
        n: Number of ratings predicted.
        unseen_item_share: Share of them whose item never occurs in training.
        unseen_user_share: Share of them whose user never occurs in training.
        fit_seconds: Time of `fit`.
        train: Hash of the training part.
        test: Hash of the test part.
    """

    rmse: float
    mae: float
    n: int
    unseen_item_share: float
    unseen_user_share: float
    fit_seconds: float
    train: str
    test: str


def evaluate_ratings(
    model: Recommender, train: Interactions, test: Interactions, *, batch_size: int = 4096
) -> RatingReport:
    """Fit a copy of a model on rated rows and compare its predictions with the rated rows of the test part.

    A prediction sees the user's training history and the item. Ids join the two parts, so they may come
    from two files.

    Args:
        model: Can predict ratings.
        train: Every row has a rating.
        test: Every row has a rating.
        batch_size: Rows predicted at once; no prediction depends on it.

    Raises:
        InvalidInput: The model predicts no ratings, a row has none, or batch_size < 1.
    """
    if not isinstance(model, Rates):
        raise InvalidInput(f"{type(model).__name__} predicts no ratings; take a model that does, such as svd")
    if not train.has_ratings or not test.has_ratings or batch_size < 1:
        raise InvalidInput(
            f"ratings: expected one in every row and batch_size >= 1, got {int(np.isnan(train.ratings).sum())} of "
            f"{len(train)} and {int(np.isnan(test.ratings).sum())} of {len(test)} rows without, batch_size {batch_size}"
        )
    fresh, taken = copy.deepcopy(model), stopwatch()
    fresh.fit(train)
    seconds = taken()
    users = train.user_ids.encode(test.user_ids.series)[test.users]
    items = train.item_ids.encode(test.item_ids.series)[test.items]
    histories = Histories.of(train)
    predicted = np.empty(len(test), dtype=np.float32)
    for start in range(0, len(test), batch_size):
        part = slice(start, start + batch_size)
        predicted[part] = fresh.predict(histories.rows(users[part]), items[part])
    return RatingReport(
        rmse=rmse(predicted, test.ratings),
        mae=mae(predicted, test.ratings),
        n=len(test),
        unseen_item_share=_unseen_share(items, train.items, len(train.catalogue)),
        unseen_user_share=_unseen_share(users, train.users, len(train.user_ids)),
        fit_seconds=seconds,
        train=train.fingerprint[:16],
        test=test.fingerprint[:16],
    )


def _unseen_share(asked: Codes, known: Codes, size: int) -> float:
    """Share of codes, -1 among them, that do not occur in training."""
    occurs = np.append(np.bincount(known, minlength=size) > 0, False)
    return float(np.mean(~occurs[asked]))
