"""Worlds of two domains whose tastes are one, or have nothing to do with one another."""

from __future__ import annotations

import numpy as np
import polars as pl

from crossrec.core.clock import random
from crossrec.core.interactions import Interactions

GROUPS, OF_GROUP = 4, 10


def taste_world(*, shared: bool, users: int = 600, timed: bool = False, seed: int = 0) -> Interactions:
    """Make persons of four tastes who take items of their taste, and some others, in films and books.

    Item n belongs to taste n // 10. With `shared`, a person's taste in books is that in films. With `timed`, a person
    comes to each domain at some time within two years, and takes an item every ten days or so from then on.
    """
    chance = random(seed)
    films = chance.integers(0, GROUPS, users)
    books = films if shared else chance.integers(0, GROUPS, users)
    rows = []
    for domain, tastes, most in (("films", films, 8), ("books", books, 6)):
        for user, taste in enumerate(tastes.tolist()):
            own = taste * OF_GROUP + chance.permutation(OF_GROUP)[: chance.integers(2, most + 1)]
            odd = chance.integers(0, GROUPS * OF_GROUP, 1)
            items = chance.permutation(np.unique([*own, *odd]))
            days = chance.uniform(0, 730) + np.cumsum(chance.exponential(10, len(items)))
            times = 1_600_000_000_000 + (days * 86_400_000).astype(np.int64)
            rows += [(f"u{user:03d}", domain, str(item), at) for item, at in zip(items, times.tolist(), strict=True)]
    frame = pl.DataFrame(rows, schema=["user_id", "domain", "item_id", "timestamp"], orient="row")
    return Interactions.from_frame(frame if timed else frame.drop("timestamp"))


def taste_of(item: object) -> int:
    """Return the taste an item belongs to."""
    return int(str(item).split(":")[1]) // OF_GROUP
