"""Beyond accuracy: how much of the catalogue is shown, how evenly, and how little known it is."""

from __future__ import annotations

import numpy as np

from crossrec.core.arrays import Codes, Doubles
from crossrec.core.errors import InvalidInput
from crossrec.metrics.ranking import Counts

__all__ = ["coverage", "exposure", "gini", "novelty", "self_information"]


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
    padded = np.append(bits, 0.0)  # code -1, an empty place, picks the last
    filled = (items >= 0) @ np.ones(items.shape[1])
    values = np.full(len(items), np.nan)
    np.divide(padded[items] @ np.ones(items.shape[1]), filled, out=values, where=filled > 0)
    return values
