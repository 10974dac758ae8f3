"""Diversity within a list: how far apart its items are, told by the users who had them."""

from __future__ import annotations

import numba
import numpy as np

from crossrec.core.arrays import Codes, Doubles, Offsets

__all__ = ["intra_list_distances"]

_CHUNKS = 16


def intra_list_distances(items: Codes, indptr: Offsets, users: Codes, user_count: int) -> Doubles:
    """Mean distance of all pairs of items in the first places of each list, for every number of places.

    The distance of two items is 1 - the cosine of their columns in the binary matrix of training users: 0 for two
    items of the same users, 1 for two without a common user.

    Args:
        items: Int32[B, K] codes, -1 for an empty place, which ends the list.
        indptr: Int64[I + 1] row pointers into `users`.
        users: Int32[nnz] the different training users of each item.
        user_count: Number of users U.

    Returns:
        [B, K]: column i is of the first i + 1 places, NaN where they hold fewer than two items.

    Source: Ziegler et al. 2005 (intra-list similarity), as a mean and turned round.

    Items 0 and 1 have one common user of two each (cosine 1/2), item 2 has another user alone:

    >>> had = np.array([0, 1, 1, 2, 3], np.int32)
    >>> intra_list_distances(np.array([[0, 1, 2]], np.int32), np.array([0, 2, 4, 5]), had, 4).round(4)
    array([[   nan, 0.5   , 0.8333]])
    """
    distances = np.full(items.shape, np.nan)
    _fill(np.ascontiguousarray(items), indptr, users, user_count, distances)
    return distances


@numba.njit(cache=True, parallel=True, nogil=True)
def _fill(
    items: Codes, indptr: Offsets, users: Codes, user_count: int, distances: Doubles
) -> None:  # pragma: no cover - compiled
    """Add the unit vectors of a list's items up: the product of a new one with the sum is that with all before."""
    size = -(-len(items) // _CHUNKS)
    for chunk in numba.prange(_CHUNKS):
        total = np.zeros(user_count)
        for row in range(chunk * size, min((chunk + 1) * size, len(items))):
            similar, count = 0.0, 0
            for place in range(items.shape[1]):
                item = items[row, place]
                if item >= 0:
                    acts = users[indptr[item] : indptr[item + 1]]
                    weight = 1.0 / np.sqrt(max(len(acts), 1))
                    for user in acts:
                        similar += weight * total[user]
                        total[user] += weight
                    count += 1
                if count > 1:
                    distances[row, place] = 1.0 - similar / (count * (count - 1) / 2)
            for place in range(items.shape[1]):
                item = items[row, place]
                if item >= 0:
                    for user in users[indptr[item] : indptr[item + 1]]:
                        total[user] = 0.0
