"""Ranking metrics: recall, precision, NDCG, MRR, MAP and hit rate of lists at their length k.

Every metric is a function of two arrays: `hits` Bool[B, K], true where place i of a list holds a relevant
item, and `relevant` Int64[B], how many relevant items there are. k is the width of `hits`; an empty place
of a short list is a miss. A row without relevant items has no value: NaN, which means leave out. A new
metric is a function with `@metric`; it appears in every report under its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Doubles, Offsets
from crossrec.core.errors import InvalidInput, unknown_name

__all__ = ["METRICS", "Counts", "Metric", "find_hits", "hit_rate", "map", "metric", "mrr"]
__all__ += ["ndcg", "precision", "rank_metrics", "recall", "recall_min"]

Counts: TypeAlias = NDArray[np.int64]
Metric: TypeAlias = Callable[[Bools, Counts], Doubles]

METRICS: dict[str, Metric] = {}
"""Name -> function of all metrics that carry `@metric`, in the order of this file."""


def metric(function: Metric) -> Metric:
    """Put a ranking metric on the list of those that every report may show.

    Raises:
        InvalidInput: There is one of that name.
    """
    name = function.__name__
    if name in METRICS:
        raise InvalidInput(f"metric: there is one called '{name}'; rename one")
    METRICS[name] = function
    return function


@metric
def recall(hits: Bools, relevant: Counts) -> Doubles:
    """Share of all relevant items that are in the list: hits / relevant.

    With more relevant items than k a perfect list stays below 1; `recall_min` does not.

    Args:
        hits: [B, K] is place i a relevant item.
        relevant: [B] number of relevant items.

    Returns:
        [B] values in [0, 1], NaN where nothing is relevant.

    Two of four relevant items are in the list of three:

    >>> recall(np.array([[True, False, True]]), np.array([4]))
    array([0.5])
    """
    return _ratio(_counted(hits), relevant, relevant)


@metric
def recall_min(hits: Bools, relevant: Counts) -> Doubles:
    """Share of the relevant items that could be in the list: hits / min(k, relevant).

    Args:
        hits: [B, K] is place i a relevant item.
        relevant: [B] number of relevant items.

    Returns:
        [B] values in [0, 1], NaN where nothing is relevant.

    Two of four relevant items are in the list, which had room for three:

    >>> recall_min(np.array([[True, False, True]]), np.array([4])).round(4)
    array([0.6667])
    """
    return _ratio(_counted(hits), np.minimum(relevant, hits.shape[1]), relevant)


@metric
def precision(hits: Bools, relevant: Counts) -> Doubles:
    """Share of the k places that hold a relevant item: hits / k, also where the list is shorter than k.

    Args:
        hits: [B, K] is place i a relevant item.
        relevant: [B] number of relevant items.

    Returns:
        [B] values in [0, 1], NaN where nothing is relevant.

    Two of five places are relevant:

    >>> precision(np.array([[True, False, True, False, False]]), np.array([4]))
    array([0.4])
    """
    return _ratio(_counted(hits), np.full(len(hits), hits.shape[1]), relevant)


@metric
def ndcg(hits: Bools, relevant: Counts) -> Doubles:
    """Discounted gain of the list over that of the best list possible.

    The gain of place i (from 1) is 1 / log2(i + 1) for a relevant item and 0 otherwise; the best list has
    relevant items in its first min(k, relevant) places.

    Args:
        hits: [B, K] is place i a relevant item.
        relevant: [B] number of relevant items.

    Returns:
        [B] values in [0, 1], NaN where nothing is relevant.

    Source: Järvelin & Kekäläinen 2002, section 2.2, with binary gains and the discount log2(i + 1).

    Places 1 and 3 are relevant, and there are two relevant items: (1 + 1/2) / (1 + 0.6309):

    >>> ndcg(np.array([[True, False, True]]), np.array([2])).round(4)
    array([0.9197])
    """
    width = hits.shape[1]
    discounts = 1.0 / np.log2(np.arange(2, width + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])
    return _ratio(hits @ discounts, ideal[np.minimum(relevant, width)], relevant)


@metric
def mrr(hits: Bools, relevant: Counts) -> Doubles:
    """One over the place of the first relevant item, 0 where there is none in the list.

    Args:
        hits: [B, K] is place i a relevant item.
        relevant: [B] number of relevant items.

    Returns:
        [B] values in [0, 1], NaN where nothing is relevant.

    >>> mrr(np.array([[False, True, True], [False, False, False]]), np.array([2, 1]))
    array([0.5, 0. ])
    """
    first = np.argmax(hits, axis=1)
    found = hits[np.arange(len(hits)), first]
    return _ratio(found, first + 1, relevant)


@metric
def map(hits: Bools, relevant: Counts) -> Doubles:  # noqa: A001 - the metric's usual name
    """Mean over relevant items of the precision at their place: sum / min(k, relevant).

    Args:
        hits: [B, K] is place i a relevant item.
        relevant: [B] number of relevant items.

    Returns:
        [B] values in [0, 1], NaN where nothing is relevant.

    Source: Buckley & Voorhees 2000; departs in dividing by min(k, relevant) and not by relevant, so that a
    perfect list has the value 1 however short it is.

    Places 1 and 3 of three relevant items: (1/1 + 2/3) / 3:

    >>> map(np.array([[True, False, True]]), np.array([3])).round(4)
    array([0.5556])
    """
    width = hits.shape[1]
    return _ratio(_summed_precision(hits), np.minimum(relevant, width), relevant)


@metric
def hit_rate(hits: Bools, relevant: Counts) -> Doubles:
    """1 where the list has at least one relevant item, otherwise 0.

    Args:
        hits: [B, K] is place i a relevant item.
        relevant: [B] number of relevant items.

    Returns:
        [B] values 0 or 1, NaN where nothing is relevant.

    >>> hit_rate(np.array([[False, True, True], [False, False, False]]), np.array([5, 5]))
    array([1., 0.])
    """
    return _ratio(_counted(hits) > 0, np.ones(len(hits)), relevant)


def rank_metrics(
    hits: Bools, relevant: Counts, cutoffs: Iterable[int], names: Iterable[str] | None = None
) -> dict[str, Doubles]:
    """Compute ranking metrics at several list lengths from one matrix of hits.

    Args:
        hits: [B, K] is place i a relevant item.
        relevant: [B] number of relevant items.
        cutoffs: List lengths, each 1..K.
        names: Names in `METRICS`; None is all.

    Returns:
        "ndcg@10" -> [B] values, NaN where nothing is relevant.

    Raises:
        InvalidInput: A cutoff is not in 1..K, or the lengths differ.
        NotFound: No metric of that name.

    >>> rank_metrics(np.array([[False, True]]), np.array([1]), [1, 2], ["mrr"])
    {'mrr@1': array([0.]), 'mrr@2': array([0.5])}
    """
    if len(hits) != len(relevant):
        raise InvalidInput(f"relevant: expected {len(hits)} counts, one a list, got {len(relevant)}")
    chosen = list(METRICS if names is None else names)
    values: dict[str, Doubles] = {}
    for k in cutoffs:
        if not 1 <= k <= hits.shape[1]:
            raise InvalidInput(f"k: expected 1 <= k <= {hits.shape[1]} (the length of the lists), got {k}")
        for name in chosen:
            if name not in METRICS:
                raise unknown_name("metric", name, METRICS)
            values[f"{name}@{k}"] = METRICS[name](hits[:, :k], relevant)
    return values


def find_hits(items: Codes, indptr: Offsets, relevant: Codes) -> Bools:
    """Mark the places of lists that hold a relevant item.

    Args:
        items: Int32[B, K] codes, -1 for an empty place. Where an item stands twice in a list, its first
            place alone can be a hit.
        indptr: Int64[B + 1] row pointers into `relevant`.
        relevant: Codes of the relevant items, sorted within a row and without repeats.

    Returns:
        Bool[B, K].

    Raises:
        InvalidInput: `indptr` does not have one row for each list.

    >>> find_hits(np.array([[7, 3, -1]], np.int32), np.array([0, 2]), np.array([3, 5], np.int32))
    array([[False,  True, False]])
    """
    if len(indptr) != len(items) + 1:
        raise InvalidInput(f"indptr: expected {len(items) + 1} row pointers for {len(items)} lists, got {len(indptr)}")
    hits = np.zeros(items.shape, dtype=np.bool_)
    _mark(np.ascontiguousarray(items), indptr, relevant, hits)
    return hits


@numba.njit(cache=True, nogil=True)
def _mark(items: Codes, indptr: Offsets, relevant: Codes, hits: Bools) -> None:  # pragma: no cover - compiled
    """Look each item up in its row by halving."""
    for row in range(items.shape[0]):
        for place in range(items.shape[1]):
            item = items[row, place]
            low, high = indptr[row], indptr[row + 1]
            while low < high:
                middle = (low + high) // 2
                if relevant[middle] < item:
                    low = middle + 1
                else:
                    high = middle
            if item < 0 or low == indptr[row + 1] or relevant[low] != item:
                continue
            fresh = True
            for before in range(place):
                fresh &= items[row, before] != item
            hits[row, place] = fresh


@numba.njit(cache=True, nogil=True)
def _summed_precision(hits: Bools) -> Doubles:  # pragma: no cover - compiled
    """Add the precision at the place of each hit up."""
    sums = np.zeros(hits.shape[0])
    for row in range(hits.shape[0]):
        found = 0
        for place in range(hits.shape[1]):
            if hits[row, place]:
                found += 1
                sums[row] += found / (place + 1)
    return sums


def _counted(hits: Bools) -> Doubles:
    """Count the hits of each list; a product is much faster than a sum along short rows."""
    counts: Doubles = hits @ np.ones(hits.shape[1])
    return counts


def _ratio(top: NDArray[np.generic], bottom: NDArray[np.generic], relevant: Counts) -> Doubles:
    """Divide where something is relevant, and give NaN elsewhere."""
    values = np.full(len(relevant), np.nan)
    np.divide(top, bottom, out=values, where=relevant > 0, casting="unsafe")
    return values
