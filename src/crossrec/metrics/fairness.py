"""Fairness: is a person's mix kept, who is shown, and who is served."""

from __future__ import annotations

import numpy as np

from crossrec.core.arrays import Bools, Codes, Doubles

__all__ = ["exposure_gap", "exposure_shares", "group_gap", "miscalibration", "mix_of"]

_SMOOTHING = 0.01


def mix_of(items: Codes, kinds: Doubles) -> Doubles:
    """Share of each kind in lists: every item counts alike, and an item of several kinds counts in parts.

    Args:
        items: Int32[B, K] codes, -1 for an empty place.
        kinds: [I, G] how much of each kind an item is; rows add up to 1, or are 0 where nothing is known.

    Returns:
        [B, G] rows that add up to 1, NaN where a list has nothing that is known.

    >>> mix_of(np.array([[0, 1, -1]], np.int32), np.array([[1.0, 0.0], [0.5, 0.5]]))
    array([[0.75, 0.25]])
    """
    padded = np.vstack([kinds, np.zeros(kinds.shape[1])])  # code -1, an empty place, picks the last
    sums = np.zeros((len(items), kinds.shape[1]))
    for place in range(items.shape[1]):
        sums += padded[items[:, place]]
    totals = sums.sum(axis=1, keepdims=True)
    mixes: Doubles = np.divide(sums, totals, out=np.full(sums.shape, np.nan), where=totals > 0)
    return mixes


def miscalibration(lists: Doubles, histories: Doubles) -> Doubles:
    """How far the mix of a list is from that of the asker's history: 0 is the same mix.

    Args:
        lists: [B, G] share of each kind in each list.
        histories: [B, G] share of each kind in each asker's history.

    Returns:
        [B] Kullback-Leibler divergence, sum of p log(p / q), with p the history and q = 0.99 of the list + 0.01 of the
        history; NaN where either is not known.

    Source: Steck 2018, equations 6 and 7, alpha = 0.01.

    Seven films of the asker's ten were romances, and all in the list are: .7 ln(.7 / .997) + .3 ln(.3 / .003):

    >>> miscalibration(np.array([[1.0, 0.0]]), np.array([[0.7, 0.3]])).round(4)
    array([1.134])
    """
    smooth = (1 - _SMOOTHING) * lists + _SMOOTHING * histories
    ratios = np.divide(histories, smooth, out=np.ones(lists.shape), where=histories > 0)
    found = (histories * np.log(ratios)).sum(axis=1)
    known = ~(np.isnan(lists).any(axis=1) | np.isnan(histories).any(axis=1))
    return np.asarray(np.where(known, found, np.nan))


def exposure_shares(items: Codes, kinds: Doubles) -> Doubles:
    """Share of each kind of item in the attention that all lists give: place i (from 1) gives 1 / log2(i + 1).

    Args:
        items: Int32[B, K] codes, -1 for an empty place.
        kinds: [I, G] how much of each kind an item is, see `mix_of`.

    Returns:
        [G] shares that add up to 1; NaN where nothing known is shown.

    Source: Singh & Joachims 2018, section 3, with the discount of DCG.

    The first place is kind 0, the second kind 1: 1 / 1.6309 and .6309 / 1.6309:

    >>> exposure_shares(np.array([[0, 1]], np.int32), np.eye(2)).round(4)
    array([0.6131, 0.3869])
    """
    total = np.zeros(kinds.shape[1])
    for place in range(items.shape[1]):
        counts = np.bincount(items[:, place] + 1, minlength=len(kinds) + 1)[1:]
        total += counts @ kinds / np.log2(place + 2)
    return np.asarray(total / total.sum() if total.sum() > 0 else np.full(len(total), np.nan))


def exposure_gap(shares: Doubles, merits: Doubles) -> float:
    """Share of all attention that would have to move for every kind of item to get what its merit is.

    Args:
        shares: [G] share of each kind in the attention.
        merits: [G] share of each kind in the right answers.

    Returns:
        Half the sum of absolute differences, in [0, 1]; 0 is fair.

    Source: the demand of Singh & Joachims 2018, section 4.2 (exposure in proportion to merit), as a distance.

    >>> round(exposure_gap(np.array([0.9, 0.1]), np.array([0.6, 0.4])), 4)
    0.3
    """
    return float(np.abs(shares - merits).sum() / 2)


def group_gap(values: Doubles, group: Bools) -> float:
    """How much better a group of users is served than the others: its mean minus theirs.

    Args:
        values: [B] a metric of each list; NaN is left out.
        group: Bool[B], is the asker in it.

    Returns:
        The difference; NaN where the group or the others are empty.

    Source: Li et al. 2021 (WWW), equation 2, with its sign.

    >>> group_gap(np.array([0.5, 0.25, 0.25]), np.array([True, False, False]))
    0.25
    """
    inside, outside = (values[rows & ~np.isnan(values)] for rows in (group, ~group))
    return float(inside.mean() - outside.mean()) if len(inside) and len(outside) else float("nan")
