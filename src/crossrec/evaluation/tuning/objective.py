"""Objective: how good a model is on the validation part; of the test part it has not one row."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.data.split import Split
from crossrec.evaluation.examination import Examination
from crossrec.evaluation.goal import Goal
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.ratings import evaluate_ratings
from crossrec.models.recommender import Recommender

__all__ = ["Objective", "validation_of", "without_test"]


@dataclass(frozen=True, eq=False)
class Objective:
    """Fits a model on the training part and judges it on the validation part.

    Args:
        goal: What is looked at.
        split: Without its test part.
        sitting: The questions of validation; None where the goal is an error of ratings.
    """

    goal: Goal
    split: Split
    sitting: Examination | None

    @staticmethod
    def of(split: Split, protocol: Protocol, goal: Goal) -> Objective:
        """Take what may be seen of a split.

        Args:
            split: Made by the protocol; its test part is left behind here.
            protocol: How models will be tested.
            goal: What is looked at.

        Raises:
        InvalidInput: The split has no validation part.
        """
        if not len(split.validation):
            raise InvalidInput(
                f"protocol '{protocol.name}': expected a validation part to choose settings on, and there are no rows; "
                "take another protocol or more data"
            )
        seen = without_test(split)
        if goal.of_ratings:
            return Objective(goal, seen, None)
        asks = validation_of(protocol)
        return Objective(goal, seen, Examination.of(seen, asks, metrics=[goal.metric], resamples=0))

    def value(self, name: str, model: Recommender) -> float:
        """Fit a copy of a model and return its number.

        Raises:
            InvalidInput: It is no number.
        """
        if self.sitting is None:
            report = evaluate_ratings(model, self.split.train, self.split.validation)
            found = report.rmse if self.goal.metric == "rmse" else report.mae
        else:
            numbers = self.sitting.sat(name, model)[0].metrics
            found = numbers[self.sitting.judge.protocol.named(self.goal.metric, self.goal.k)].value
        if not math.isfinite(found):
            raise InvalidInput(f"{name}: expected a number as {self.goal.label}, got {found}")
        return found


def validation_of(protocol: Protocol) -> Protocol:
    """Ask about validation in the way a protocol asks about test."""
    return dataclasses.replace(protocol, part="validation", fit_on="train")


def without_test(split: Split) -> Split:
    """Return a split whose test part is empty, and of whose test persons nothing is known."""
    history = None if split.test_history is None else _none_of(split.test_history)
    return dataclasses.replace(split, test=_none_of(split.test), test_history=history)


def _none_of(rows: Interactions) -> Interactions:
    return rows.take(np.zeros(len(rows), dtype=np.bool_))
