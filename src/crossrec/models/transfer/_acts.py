"""Who did what: pairs of persons and items with the kinds of acts, and items drawn beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Bytes
from crossrec.core.event import KIND_CODES, is_taste
from crossrec.core.interactions import Interactions
from crossrec.models.training.bags import Bags, bags_of

__all__ = ["Pairs", "bags_by_kind", "drawn_items", "pairs_of"]

_TRIES = 5


class Pairs(NamedTuple):
    """P persons with items, each pair once, by person and then by item.

    Args:
        users: Int64[P], rising.
        items: Int64[P].
        acts: Bool[P, K], which kinds of acts there were; none where the item was only shown.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    acts: Bools


def pairs_of(data: Interactions, kinds: Bytes) -> Pairs:
    """Gather what persons did, and what they were shown; returns say nothing.

    Args:
        data: Rows.
        kinds: Int8[K] codes of the kinds that count.
    """
    rows = data.take(is_taste(data.kinds) | (data.kinds == KIND_CODES["shown"]))
    keys = rows.users.astype(np.int64) * len(data.catalogue) + rows.items
    both, place = np.unique(keys, return_inverse=True)
    acts = np.zeros((len(both), len(kinds)), dtype=np.bool_)
    for number, kind in enumerate(kinds.tolist()):
        acts[place[rows.kinds == kind], number] = True
    users, items = np.divmod(both, max(1, len(data.catalogue)))
    return Pairs(users, items, acts)


def bags_by_kind(rows: NDArray[np.int64], items: NDArray[np.int64], acts: Bools, shape: tuple[int, int]) -> Bags:
    """Lay histories side by side, a bag for each kind.

    Args:
        rows: Int64[P] which history.
        items: Int64[P].
        acts: Bool[P, K].
        shape: Number of histories, and of items.
    """
    pair, kind = np.nonzero(acts)
    places = rows[pair] * acts.shape[1] + kind
    cells = (np.ones(len(pair), np.float32), (places, items[pair]))
    matrix = sp.csr_array(sp.coo_array(cells, shape=(shape[0] * acts.shape[1], shape[1])))
    matrix.data.fill(1.0)
    return bags_of(matrix)


def drawn_items(
    had: NDArray[np.int64],
    users: NDArray[np.int64],
    domains: NDArray[np.integer[Any]],
    within: NDArray[np.integer[Any]],
    chance: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw Int64[A] items of domains alike, again where the person had them; who had nearly all may keep one.

    Args:
        had: Int64[P] user · items + item, rising.
        users: Int64[A].
        domains: Int[I] domain of each item.
        within: Int[A] the domain to draw from, which has items.
        chance: Draws.
    """
    order: NDArray[np.int64] = np.argsort(domains, kind="stable")
    sizes = np.bincount(domains)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    found: NDArray[np.int64] = order[starts[within] + chance.integers(0, sizes[within])]
    for _ in range(_TRIES if len(had) else 0):
        keys = users * len(domains) + found
        wrong = np.flatnonzero(had[np.minimum(np.searchsorted(had, keys), len(had) - 1)] == keys)
        found[wrong] = order[starts[within[wrong]] + chance.integers(0, sizes[within[wrong]])]
    return found
