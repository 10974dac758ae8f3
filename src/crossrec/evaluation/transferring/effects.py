"""Effects: how much better lists are with another domain than without, for whom, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Doubles
from crossrec.evaluation.slices import HISTORY_GROUPS
from crossrec.evaluation.transferring.carried import Share, share_of
from crossrec.metrics.significance import bootstrap_draws, interval_of

__all__ = ["ALL_OTHERS", "GATED", "Effect", "effect_of", "slices_of"]

ALL_OTHERS = "all others"
"""Stands for the source where it is all other domains together, …"""
GATED = "the gate"
"""… and where the gated model answers."""
_OVERLAP = {
    "both": "with acts in both",
    "source only": "with acts in the source only",
    "target only": "with acts in the target only",
    "neither": "without an act in either",
}
_SOURCE_GROUPS = {"0": (0, 0), "1-5": (1, 5), "6-20": (6, 20), "21+": (21, 2**62)}
_TO_BE_SEEN = 1.96 + 0.8416
"""Standard errors of a difference that is found four times in five at the 5 % level."""


@dataclass(frozen=True)
class Effect:
    """NDCG@k with transfer less that of the control, on the same questions.

    Args:
        source: A domain, "all others", or "the gate".
        target: The domain asked for.
        by: "all", "overlap" (domains of the two that the history has acts in), "history" (items had in the target),
            or "source" (items had in the source).
        value: Which part.
        lists: Number of questions.
        persons: Number of different persons.
        control: Mean of the control.
        transfer: Mean with transfer.
        difference: Mean of the differences.
        low: Lower end of its 95 % interval, persons drawn.
        high: Upper end.
        margin: The difference that so many persons would show four times in five (80 % power at the 5 % level).
        effectiveness: The difference as a share of the control, (transfer - control) / control, with the ends of its
            interval, the same persons drawn for both; no value where the control found nothing.
    """

    source: str
    target: str
    by: str
    value: str
    lists: int
    persons: int
    control: float
    transfer: float
    difference: float
    low: float
    high: float
    margin: float
    effectiveness: Share

    @property
    def verdict(self) -> str:
        """Helps, harms, or cannot tell."""
        return "helps" if self.low > 0 else "harms" if self.high < 0 else "cannot tell"

    @property
    def whom(self) -> str:
        """For whom, in words."""
        if self.by == "all":
            return "everyone"
        if self.by == "overlap":
            return _OVERLAP[self.value]
        return f"{self.value} items had in the {'target' if self.by == 'history' else 'source'}"

    def __str__(self) -> str:
        part = "" if self.by == "all" else f", {self.whom}"
        return (
            f"{self.source} -> {self.target}{part}: control {self.control:.4f}, transfer {self.transfer:.4f}, "
            f"difference {self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}], of the control "
            f"{self.effectiveness}, margin {self.margin:.4f}, {self.lists:,} lists: {self.verdict}"
        )


def effect_of(
    names: tuple[str, str], part: tuple[str, str], control: Doubles, transfer: Doubles, users: Codes, *, seed: int = 0
) -> Effect:
    """Compare two models on the same questions.

    Args:
        names: Source and target.
        part: By what the questions were chosen, and which part.
        control: Float64[N] values of the control.
        transfer: Float64[N] values with transfer.
        users: Int32[N] whose question it is.
        seed: Of the draws.
    """
    columns = np.stack([transfer - control, control], axis=1)
    draws = bootstrap_draws(columns, persons=users, seed=seed)
    found = interval_of(float(columns[:, 0].mean()), len(columns), draws[:, 0])
    margin = _TO_BE_SEEN * (found.high - found.low) / (2 * 1.96)
    persons = len(np.unique(users))
    means = float(control.mean()), float(transfer.mean())
    share = share_of(found.value, means[0], draws[:, 0], draws[:, 1])
    return Effect(*names, *part, len(control), persons, *means, found.value, found.low, found.high, margin, share)


def slices_of(history: NDArray[np.int64], source: NDArray[np.int64]) -> Iterator[tuple[tuple[str, str], Bools]]:
    """Give the parts of questions: all, by overlap, by items had in the target, and by items had in the source.

    Args:
        history: Int64[N] items had in the target.
        source: Int64[N] items had in the source.
    """
    yield ("all", ""), np.ones(len(history), dtype=np.bool_)
    here, there = history > 0, source > 0
    for name, rows in zip(_OVERLAP, (here & there, ~here & there, here & ~there, ~here & ~there), strict=True):
        yield ("overlap", name), rows
    for name, (low, high) in HISTORY_GROUPS.items():
        yield ("history", name), (history >= low) & (history <= high)
    for name, (low, high) in _SOURCE_GROUPS.items():
        yield ("source", name), (source >= low) & (source <= high)
