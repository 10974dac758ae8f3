"""Goal: the one number by which models, or settings of one, are put in order."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.evaluation.protocol import Protocol
from crossrec.metrics.ranking import METRICS

__all__ = ["RATING_ERRORS", "Goal"]

RATING_ERRORS = ("rmse", "mae")
"""Goals of models that predict ratings; less is better."""


@dataclass(frozen=True)
class Goal:
    """A metric of each question at one length of lists, or an error of predicted ratings.

    Args:
        metric: Its name.
        k: Length of the lists; 0 for an error of ratings.
    """

    metric: str
    k: int

    @staticmethod
    def of(text: str, protocol: Protocol, *, ratings: bool = False) -> tuple[Goal, Protocol]:
        """Read "ndcg", or "ndcg@20", and return it with the protocol whose lists have that length.

        Args:
            text: A ranking metric, with its length or at the protocol's.
            protocol: How models are asked.
            ratings: "rmse" and "mae" are goals too.

        Raises:
            NotFound: No such metric.
            InvalidInput: The length is no whole number.

        >>> Goal.of("ndcg@20", Protocol("random", k=10))[0].label
        'ndcg@20'
        """
        metric, at, length = text.partition("@")
        if ratings and metric in RATING_ERRORS and not at:
            return Goal(metric, 0), protocol
        if metric not in METRICS:
            raise unknown_name("metric", metric, [*METRICS, *(RATING_ERRORS if ratings else ())])
        if not at:
            return Goal(metric, protocol.k), protocol
        if not length.isdigit():
            raise InvalidInput(f"metric: expected a name, or a name and a length as ndcg@10, got '{text}'")
        return Goal(metric, int(length)), dataclasses.replace(protocol, k=int(length))

    @property
    def label(self) -> str:
        """The metric as reports name it: "ndcg@10"."""
        return f"{self.metric}@{self.k}" if self.k else self.metric

    @property
    def of_ratings(self) -> bool:
        """Is it an error of predicted ratings?"""
        return self.metric in RATING_ERRORS
