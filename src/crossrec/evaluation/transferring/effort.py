"""Effort saved: what transfer gives somebody without an act in the target, in acts that the control would need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles
from crossrec.metrics.significance import bootstrap_draws

__all__ = ["Effort", "effort_of"]


@dataclass(frozen=True)
class Effort:
    """A number of acts in the target, between the steps that were asked.

    Args:
        value: How many; None for more than `most`.
        low: Lower end of its 95 % interval, likewise.
        high: Upper end, likewise.
        most: The last step that was asked.
    """

    value: float | None
    low: float | None
    high: float | None
    most: int

    def __str__(self) -> str:
        value, low, high = (self._said(one) for one in (self.value, self.low, self.high))
        return f"{value} acts [{low}, {high}]"

    def _said(self, acts: float | None) -> str:
        return f"more than {self.most}" if acts is None else f"{acts:.1f}"


def effort_of(bar: Doubles, curve: Doubles, acts: Sequence[int], users: NDArray[np.int32], *, seed: int = 0) -> Effort:
    """Say after how many acts a curve reaches what something else has without any.

    Between two steps the mean is taken to grow evenly. The first step at which it is as good counts, though chance
    may let a later one fall below. 0 where it is as good from the start: then nothing is saved.

    Args:
        bar: Float64[N] of what is to be reached, by person.
        curve: Float64[N, S] of the control after each number of acts.
        acts: S rising numbers.
        users: Int32[N] whose row it is; the same persons are drawn for the bar and the whole curve.
        seed: Of the draws.
    """
    columns = np.column_stack([bar, curve])
    draws = bootstrap_draws(columns, persons=users, seed=seed)
    found = _reached(columns.mean(axis=0)[None], acts)[0]
    low, high = np.quantile(_reached(draws, acts), [0.025, 0.975], method="inverted_cdf")
    value, low, high = (float(one) if np.isfinite(one) else None for one in (found, low, high))
    return Effort(value, low, high, acts[-1])


def _reached(means: Doubles, acts: Sequence[int]) -> Doubles:
    """Return Float64[R], where each row's curve, in the columns after the first, reaches the first; inf for never."""
    at, bar, curve = np.asarray(acts, dtype=np.float64), means[:, 0], means[:, 1:]
    above = curve >= bar[:, None]
    found = np.where(above.any(axis=1), at[0], np.inf)
    rows = np.flatnonzero(above.any(axis=1) & ~above[:, 0])
    step = above[rows].argmax(axis=1)
    before, after = curve[rows, step - 1], curve[rows, step]
    found[rows] = at[step - 1] + (bar[rows] - before) / (after - before) * (at[step] - at[step - 1])
    return np.asarray(found)
