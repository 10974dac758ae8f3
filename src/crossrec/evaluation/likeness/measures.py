"""The measures of likeness between two spaces, each with what it gives when the links between persons are shuffled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles
from crossrec.core.clock import random
from crossrec.metrics.alignment import (
    canonical_correlations,
    cosines,
    debiased_cka,
    linear_cka,
    nearest,
    neighbour_overlaps,
    procrustes_cosines,
    shuffled_neighbours,
)

__all__ = ["BINS", "Comparison", "Measure", "measures_of"]

BINS = 50
"""Bins of a histogram, of equal width."""
_UNALIGNED = "the axes of the two spaces have nothing to do with one another: this figure says nothing about likeness"
_Row = NDArray[np.int64]


@dataclass(frozen=True)
class Comparison:
    """How two spaces are compared.

    Args:
        neighbours: Nearest persons k of the neighbour overlap.
        ridge: Of the canonical correlation.
        shuffles: How often links are shuffled.
        seed: Of the shuffles.
    """

    neighbours: int = 10
    ridge: float = 0.1
    shuffles: int = 200
    seed: int = 0


@dataclass(frozen=True)
class Measure:
    """One measure of two domains.

    Args:
        name: Which.
        value: What was found; where there is a value for each person or axis, their mean.
        chance: The mean over shuffled links.
        chance_high: What one in twenty shuffles exceeds.
        p: How often a shuffle is as high: (1 + shuffles as high) / (1 + shuffles).
        of: "persons" or "axes" where there is a value for each; else empty, and so are the next four.
        largest: The largest one.
        histogram: Int[50] how many, in bins of equal width from `start` to 1.
        chance_histogram: The mean of the shuffles' histograms.
        start: Where the histogram starts: -1, or 0 for what cannot be below.
        warning: Why not to read it; empty where there is no reason.

    Source: Phipson & Smyth 2010 for the 1 in the fraction.
    """

    name: str
    value: float
    chance: float
    chance_high: float
    p: float
    of: str = ""
    largest: float = float("nan")
    histogram: tuple[int, ...] = ()
    chance_histogram: tuple[float, ...] = ()
    start: float = -1.0
    warning: str = ""

    def __str__(self) -> str:
        most = f", largest {self.largest:.3f}" if self.of else ""
        said = f" ({self.warning})" if self.warning else ""
        return (
            f"{self.name:<22} {self.value:6.3f}{most}; shuffled links {self.chance:.3f}, "
            f"one in twenty above {self.chance_high:.3f}, p {self.p:.3f}{said}"
        )


def measures_of(x: Doubles, y: Doubles, told: Comparison) -> list[Measure]:
    """Compare two spaces by all measures.

    Args:
        x: Float64[N, D] vectors in one domain, N >= 4.
        y: Float64[N, D] vectors of the same persons in the other.
        told: How.
    """
    chance = random(told.seed)
    orders = [chance.permutation(len(x)) for _ in range(told.shuffles)]
    k = min(told.neighbours, len(x) - 1)
    near_x, near_y = nearest(x, k), nearest(y, k)
    straight = np.arange(len(x))

    def correlations(order: _Row) -> Doubles:
        return canonical_correlations(x, y[order], told.ridge)

    def overlaps(order: _Row) -> Doubles:
        return neighbour_overlaps(near_x, shuffled_neighbours(near_y, order))

    return [
        _figure("linear CKA", lambda order: linear_cka(x, y[order]), straight, orders),
        _figure("debiased CKA", lambda order: debiased_cka(x, y[order]), straight, orders),
        _spread("canonical correlation", correlations, straight, orders, of="axes"),
        _spread(f"neighbours, k={k}", overlaps, straight, orders, start=0.0),
        _spread("Procrustes cosine", lambda order: procrustes_cosines(x, y[order]), straight, orders),
        _spread("raw cosine", lambda order: cosines(x, y[order]), straight, orders, warning=_UNALIGNED),
    ]


def _figure(name: str, measure: Callable[[_Row], float], straight: _Row, orders: list[_Row]) -> Measure:
    """Take one figure with the links as they are, and with shuffled ones."""
    value = measure(straight)
    return Measure(name, value, *_beside(value, np.array([measure(order) for order in orders])))


def _spread(
    name: str,
    measure: Callable[[_Row], Doubles],
    straight: _Row,
    orders: list[_Row],
    *,
    of: str = "persons",
    start: float = -1.0,
    warning: str = "",
) -> Measure:
    """Take the mean, the largest and the histogram of a value for each."""
    found, edges = measure(straight), np.linspace(start, 1, BINS + 1)
    shuffled = [measure(order) for order in orders]
    value, means = _mean(found), np.array([_mean(one) for one in shuffled])
    counts: Doubles = np.stack([np.histogram(one[~np.isnan(one)], edges)[0] for one in shuffled]).mean(axis=0)
    return Measure(
        name,
        value,
        *_beside(value, means),
        of=of,
        largest=float(np.max(found[~np.isnan(found)], initial=-1.0)),
        histogram=tuple(np.histogram(found[~np.isnan(found)], edges)[0].tolist()),
        chance_histogram=tuple(round(float(count), 3) for count in counts),
        start=start,
        warning=warning,
    )


def _beside(value: float, shuffled: Doubles) -> tuple[float, float, float]:
    """Return the mean of what chance gives, what one in twenty exceeds, and p."""
    if np.isnan(value):
        return float("nan"), float("nan"), float("nan")
    p = (1 + int((shuffled >= value - 1e-12).sum())) / (1 + len(shuffled))
    return float(shuffled.mean()), float(np.quantile(shuffled, 0.95)), p


def _mean(values: Doubles) -> float:
    """Return the mean of what is known; NaN of nothing."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
