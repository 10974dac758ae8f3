"""Which of several weightings leads, by how much, and whether that could be chance where many were tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Codes, Doubles
from crossrec.core.clock import random

__all__ = ["Lead", "leading"]

_DRAWS = 1_000


@dataclass(frozen=True)
class Lead:
    """The weighting that leads, and its lead on the one it leads least.

    Args:
        place: Which one.
        value: The mean of its lead; below 0 it is behind.
        low: Lower end of the interval.
        high: Upper end.
    """

    place: int
    value: float
    low: float
    high: float


def leading(
    table: Doubles, users: Codes, tried: Sequence[int], bases: Sequence[int], *, level: float, seed: int
) -> Lead:
    """Find the weighting that leads all bases, and its lead on the base it leads least.

    The interval holds for all that were tried at once: it is as wide as the largest of their standardised errors asks
    for, which are drawn with the correlations they have, and with Student's tails where persons are few. So a choice
    may be made on the same questions that it is judged on, and no bootstrap of a choice understates its chance.

    Args:
        table: Float64[N, C], what each weighting gives on each question.
        users: Int32[N] whose question it is; a person's questions are one draw. Two persons at least.
        tried: Places in C of the weightings that may lead.
        bases: Places in C of those that have to be led.
        level: Of the interval, in (0, 1).
        seed: Of the draws.

    Returns:
        Of those whose interval is above 0 on every base the one with the largest mean; where there are none, the one
        with the largest lower end.

    Source: simultaneous intervals by the largest of correlated errors, Chernozhukov, Chetverikov & Kato 2013.
    """
    _, member, counts = np.unique(users, return_inverse=True, return_counts=True)
    persons = len(counts)
    owned = sp.csr_array((np.ones(len(member)), (member, np.arange(len(member)))), shape=(persons, len(member)))
    sums: Doubles = np.asarray(owned @ table)
    noise, state = _noise(seed, len(tried))
    chance = random(seed)
    chance.bit_generator.state = state
    tails = np.sqrt((persons - 1) / chance.chisquare(persons - 1, _DRAWS))
    lead, width = np.empty((2, len(bases), len(tried)))
    for place, base in enumerate(bases):
        gains = sums[:, tried] - sums[:, [base]]
        lead[place] = gains.sum(axis=0) / counts.sum()
        moved = gains - counts[:, None] * lead[place]
        error = np.sqrt(np.square(moved).sum(axis=0) * persons / (persons - 1)) / counts.sum()
        drawn = _root(moved / np.maximum(np.linalg.norm(moved, axis=0), 1e-300)).T @ noise
        width[place] = error * np.quantile(np.abs(drawn, out=drawn).max(axis=0) * tails, level)
    low = (lead - width).min(axis=0)
    means = table[:, tried].mean(axis=0)
    best = int(np.argmax(np.where(low > 0, means, -np.inf) if (low > 0).any() else low))
    on = int(np.argmin((lead - width)[:, best]))
    value, half = float(lead[on, best]), float(width[on, best])
    return Lead(tried[best], value, value - half, value + half)


@lru_cache(maxsize=8)
def _noise(seed: int, tried: int) -> tuple[Doubles, dict[str, Any]]:
    """Return Float64[tried, draws], the same at each call, and where the generator stands then."""
    chance = random(seed)
    noise: Doubles = np.ascontiguousarray(chance.standard_normal((_DRAWS, tried)).T)
    noise.flags.writeable = False
    return noise, dict(chance.bit_generator.state)


def _root(columns: Doubles) -> Doubles:
    """Return a root R of the products of columns: R'R = columns'columns."""
    values, vectors = np.linalg.eigh(columns.T @ columns)
    root: Doubles = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    return root
