"""Beyond accuracy: how much of the catalogue is shown, how evenly, how little known, how unexpected."""

from __future__ import annotations

import numpy as np

from crossrec.core.arrays import Bools, Codes, Doubles
from crossrec.core.errors import InvalidInput
from crossrec.metrics.ranking import Counts

__all__ = [
    "coverage",
    "exposure",
    "gini",
    "novelty",
    "popularity",
    "popularity_lift",
    "self_information",
    "serendipity",
]


def exposure(items: Codes, catalogue_size: int) -> Counts:
    """Count how often each item is shown; counts of batches add up.

    Args:
        items: Int32[B, K] codes, -1 for an empty place.
        catalogue_size: Number of items I.

    Returns:
        Int64[I].

    >>> exposure(np.array([[2, 0], [2, -1]], np.int32), 3)
    array([1, 0, 2])
    """
    return np.bincount(items[items >= 0].ravel(), minlength=catalogue_size).astype(np.int64)


def coverage(shown: Counts) -> float:
    """Share of the catalogue that is in at least one list.

    Args:
        shown: [I] how often each item is shown.

    Returns:
        A value in [0, 1]; NaN for an empty catalogue.

    >>> coverage(np.array([1, 0, 2, 0]))
    0.5
    """
    return float(np.count_nonzero(shown) / len(shown)) if len(shown) else float("nan")


def gini(shown: Counts) -> float:
    """How unevenly items are shown: 0 is all alike, (I - 1) / I is one item alone.

    Args:
        shown: [I] how often each item is shown; items never shown count.

    Returns:
        Sum over i of (2i - I - 1) x_i / (I sum x), x in rising order and i from 1; NaN where nothing is
        shown.

    Source: Gini's mean difference over twice the mean, for a whole population (no correction for I).

    >>> gini(np.array([0, 0, 0, 8])), gini(np.array([2, 2]))
    (0.75, 0.0)
    """
    size, total = len(shown), int(shown.sum())
    if total == 0:
        return float("nan")
    places = 2 * np.arange(1, size + 1) - size - 1
    return float((places * np.sort(shown)).sum() / (size * total))


def self_information(users_of_item: Counts, users: int) -> Doubles:
    """Bits of surprise of each item: -log2 of the share of training users who had it.

    Args:
        users_of_item: [I] number of different training users of each item; an item without any is taken
            as if one user had it.
        users: Number of training users with at least one item, >= 1.

    Returns:
        [I] bits, >= 0.

    Raises:
        InvalidInput: users < 1.

    Source: Zhou et al. 2010 (PNAS 107), self-information.

    >>> self_information(np.array([4, 1, 0]), 4)
    array([0., 2., 2.])
    """
    if users < 1:
        raise InvalidInput(f"users: expected at least one training user, got {users}")
    bits: Doubles = np.log2(users) - np.log2(np.maximum(users_of_item, 1))
    return bits


def novelty(items: Codes, bits: Doubles) -> Doubles:
    """Mean self-information of the items of each list, in bits.

    Args:
        items: Int32[B, K] codes, -1 for an empty place.
        bits: [I] self-information of each item.

    Returns:
        [B] bits, NaN for an empty list.

    >>> novelty(np.array([[0, 2, -1]], np.int32), np.array([0.0, 2.0, 3.0]))
    array([1.5])
    """
    return _mean(items, bits)


def popularity(items: Codes, shares: Doubles) -> Doubles:
    """Mean popularity of the items of each list: ARP, the average recommendation popularity, as a share.

    Args:
        items: Int32[B, K] codes, -1 for an empty place.
        shares: [I] share of the training users who had each item.

    Returns:
        [B] shares, NaN for an empty list.

    Source: Yin et al. 2012 (PVLDB 5), who count users and do not divide by their number.

    Half of all users had item 0, a tenth item 2:

    >>> popularity(np.array([[0, 2, -1]], np.int32), np.array([0.5, 0.2, 0.1]))
    array([0.3])
    """
    return _mean(items, shares)


def popularity_lift(items: Codes, shares: Doubles, of_history: Doubles) -> Doubles:
    """How much more popular a list is than what the asker chose: popularity of the list / that of the history - 1.

    Args:
        items: Int32[B, K] codes, -1 for an empty place.
        shares: [I] share of the training users who had each item.
        of_history: [B] mean share over the acts of each asker's history, NaN without one.

    Returns:
        [B] values >= -1: 0 is as popular, 1 twice as popular; NaN for an empty list or history, and where nobody in
        training had anything of it.

    Source: Abdollahpouri et al. 2020 (RecSys), there for groups of users.

    The list of the example above, for an asker whose items a fifth of all users had:

    >>> popularity_lift(np.array([[0, 2, -1]], np.int32), np.array([0.5, 0.2, 0.1]), np.array([0.2])).round(4)
    array([0.5])
    """
    values = np.full(len(items), np.nan)
    np.divide(popularity(items, shares), of_history, out=values, where=of_history > 0)
    return np.asarray(values - 1)


def serendipity(hits: Bools, expected: Bools) -> Doubles:
    """Share of the k places with a right answer that nobody needed a model for.

    Args:
        hits: Bool[B, K] is place i a right answer.
        expected: Bool[B, K] is the item of place i among the k most popular that the asker could be shown.

    Returns:
        [B] values in [0, 1], at most the precision.

    Source: Ge, Delgado-Battenfeld & Jannach 2010, section 3.2, with popularity as the primitive model.

    Two of four are right, and one of the two is a best-seller:

    >>> serendipity(np.array([[True, True, False, False]]), np.array([[True, False, True, False]]))
    array([0.25])
    """
    surprising: Doubles = (hits & ~expected) @ np.full(hits.shape[1], 1.0 / hits.shape[1])
    return surprising


def _mean(items: Codes, values: Doubles) -> Doubles:
    """Mean of the values of each list's items, NaN for an empty list."""
    padded = np.append(values, 0.0)  # code -1, an empty place, picks the last
    filled = (items >= 0) @ np.ones(items.shape[1])
    means = np.full(len(items), np.nan)
    np.divide(padded[items] @ np.ones(items.shape[1]), filled, out=means, where=filled > 0)
    return means
