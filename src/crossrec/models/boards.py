"""Data whose right answer is known, for the conformance suite and for anyone who tests a model.

The checkerboard is implicit's idea: a user likes the items of their own parity, one is withheld, and
the only right answer is the withheld one.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.core.clock import random
from crossrec.core.interactions import Interactions

__all__ = ["checkerboard", "two_domain_board"]


def checkerboard(size: int = 24, *, rated: bool = False, integers: bool = False) -> Interactions:
    """Make users who had every item of their parity but the one with their own number.

    Args:
        size: Number of users and of items, even, >= 8.
        rated: Also give each user the items of the other parity, but one, with the rating 1 against 5.
        integers: Use the integers 1000, 1001, … as ids instead of "u0" and "i0".

    Returns:
        Interactions in which the best unseen item of user u is item u.
    """
    user, item = np.divmod(np.arange(size * size), size)
    liked = (user % 2 == item % 2) & (user != item)
    disliked = (user % 2 != item % 2) & (item != (user + 1) % size)
    keep = liked | disliked if rated else liked
    user, item, stars = user[keep], item[keep], np.where(liked[keep], 5.0, 1.0)
    users = (1000 + user).tolist() if integers else [f"u{code:03d}" for code in user]
    items = (1000 + item).tolist() if integers else [f"i{code:03d}" for code in item]
    columns = {"user_id": users, "item_id": items, "timestamp": _moments(len(user))}
    return Interactions.from_frame(pl.DataFrame(columns | ({"rating": stars} if rated else {})))


def two_domain_board(size: int = 24, *, rated: bool = False, shared: bool = True) -> Interactions:
    """Make users whose taste, their parity, is the same in films and in books.

    Args:
        size: Number of users; films and books are half as many each.
        rated: Also give each user the items of the other parity with the rating 1 against 5.
        shared: The same users had both; otherwise each domain has users of its own.

    Returns:
        Interactions in which someone who had even films likes even books.
    """
    half = size // 2
    user, item = np.divmod(np.arange(size * half), half)
    liked = user % 2 == item % 2
    hole = (user + item) % 5 == 0  # nobody has everything, or there would be nothing to recommend
    keep = ~hole & (liked | rated)
    user, item, stars = user[keep], item[keep], np.where(liked[keep], 5.0, 1.0)
    names = {"films": "u", "books": "u" if shared else "v"}
    frames = [
        pl.DataFrame({"user_id": [f"{letter}{code:03d}" for code in user], "item_id": [str(code) for code in item]})
        for letter in names.values()
    ]
    frames = [frame.with_columns(domain=pl.lit(name)) for name, frame in zip(names, frames, strict=True)]
    if rated:
        frames = [frame.with_columns(pl.Series("rating", stars)) for frame in frames]
    together = pl.concat(frames)
    return Interactions.from_frame(together.with_columns(pl.Series("timestamp", _moments(together.height))))


def _moments(rows: int) -> NDArray[np.int64]:
    """Return Int64[rows] moments in an order that says nothing of taste."""
    return 1_600_000_000_000 + random(7).permutation(rows) * 60_000
