"""Effects: how much better lists are with another domain than without, for whom, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Doubles
from crossrec.evaluation.slices import HISTORY_GROUPS
from crossrec.metrics.significance import bootstrap_mean

__all__ = ["ALL_OTHERS", "GATED", "Effect", "effect_of", "slices_of"]

ALL_OTHERS = "all others"
"""Stands for the source where it is all other domains together, …"""
GATED = "the gate"
"""… and where the gated model answers."""
SOURCE_GROUPS = {"0": (0, 0), "1-5": (1, 5), "6-20": (6, 20), "21+": (21, 2**62)}
_TO_BE_SEEN = 1.96 + 0.8416
"""Standard errors of a difference that is found four times in five at the 5 % level."""


@dataclass(frozen=True)
class Effect:
    """NDCG@k with transfer less that of the control, on the same questions.

    Args:
        source: A domain, "all others", or "the gate".
        target: The domain asked for.
        by: "all", "history" (items had in the target), or "source" (items had in the source).
        value: Which part.
        lists: Number of questions.
        persons: Number of different persons.
        control: Mean of the control.
        transfer: Mean with transfer.
        difference: Mean of the differences.
        low: Lower end of its 95 % interval, persons drawn.
        high: Upper end.
        margin: The difference that so many persons would show four times in five (80 % power at the 5 % level).
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

    @property
    def verdict(self) -> str:
        """Helps, harms, or cannot tell."""
        return "helps" if self.low > 0 else "harms" if self.high < 0 else "cannot tell"

    @property
    def effectiveness(self) -> float | None:
        """The difference as a share of the control; None where the control found nothing."""
        return None if self.control == 0 else self.difference / self.control

    def __str__(self) -> str:
        part = "" if self.by == "all" else f", {self.by} {self.value}"
        return (
            f"{self.source} -> {self.target}{part}: control {self.control:.4f}, transfer {self.transfer:.4f}, "
            f"difference {self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}], margin {self.margin:.4f}, "
            f"{self.lists:,} lists: {self.verdict}"
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
    found = bootstrap_mean(transfer - control, persons=users, seed=seed)
    margin = _TO_BE_SEEN * (found.high - found.low) / (2 * 1.96)
    persons = len(np.unique(users))
    means = float(control.mean()), float(transfer.mean())
    return Effect(*names, *part, len(control), persons, *means, found.value, found.low, found.high, margin)


def slices_of(history: NDArray[np.int64], source: NDArray[np.int64]) -> Iterator[tuple[tuple[str, str], Bools]]:
    """Give the parts of questions: all, by items had in the target, and by items had in the source.

    Args:
        history: Int64[N] items had in the target.
        source: Int64[N] items had in the source.
    """
    yield ("all", ""), np.ones(len(history), dtype=np.bool_)
    for name, (low, high) in HISTORY_GROUPS.items():
        yield ("history", name), (history >= low) & (history <= high)
    for name, (low, high) in SOURCE_GROUPS.items():
        yield ("source", name), (source >= low) & (source <= high)
