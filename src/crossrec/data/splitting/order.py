"""The order of rows within users: places, shares, and whether the order is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crossrec.core.clock import random
from crossrec.core.errors import Refused
from crossrec.core.event import NO_TIME
from crossrec.core.interactions import Interactions

__all__ = ["carved", "check_one_clock", "half_up", "places"]


def places(groups: NDArray[np.integer], *, from_behind: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the rows of each group from 0, groups lying together: [N] places and [N] sizes of the group.

    >>> places(np.array([7, 7, 2]))[0], places(np.array([7, 7, 2]), from_behind=True)[0]
    (array([0, 1, 0]), array([1, 0, 0]))
    """
    starts = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1)) if len(groups) else np.empty(0, np.int64)
    sizes = np.diff(np.append(starts, len(groups)))
    counts = np.repeat(sizes, sizes)
    place = np.arange(len(groups)) - np.repeat(starts, sizes)
    return np.asarray(counts - 1 - place if from_behind else place), counts


def half_up(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Round to whole numbers, halves up; a hair is forgiven, so that 0.1 of 5 rows is a half."""
    return np.asarray(np.floor(values + 0.5 + 1e-9), dtype=np.int64)


def carved(data: Interactions, rows: NDArray[np.int64], validation: str, share: float, seed: int) -> NDArray[np.int64]:
    """Choose training rows for validation, leaving each user at least one.

    Args:
        data: All interactions.
        rows: The places of the training rows.
        validation: "last" takes each user's last one, anything else a share of them at random.
        share: That share, rounded half up.
        seed: Fixes what is left to chance.
    """
    users = data.users[rows]
    if validation == "last":
        check_one_clock(data)
        order = np.lexsort((rows, data.positions[rows], data.times[rows], users))
        place, counts = places(users[order], from_behind=True)
        chosen = order[(place == 0) & (counts > 1)]
    else:
        order = np.lexsort((random(seed).permutation(len(rows)), users))
        place, counts = places(users[order])
        chosen = order[place < np.minimum(half_up(counts * share), counts - 1)]
    return np.asarray(rows[chosen])


def check_one_clock(data: Interactions) -> None:
    """Refuse users of whom some rows have a time and others none.

    Raises:
        Refused: There is one; the message names the domains without times.
    """
    timed = data.times != NO_TIME
    size = len(data.user_ids)
    both = (np.bincount(data.users[timed], minlength=size) > 0) & (np.bincount(data.users[~timed], minlength=size) > 0)
    if both.any():
        raise Refused(
            f"the order of the rows of {int(both.sum())} users is not known: some have a time and others none "
            f"(without: {', '.join(data.untimed_domains())}); split the domains one by one, or take 'random'"
        )
