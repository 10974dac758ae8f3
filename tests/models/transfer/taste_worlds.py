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


def rated_world(*, shared: bool, users: int = 400, seed: int = 0) -> Interactions:
    """Make persons who rate 12 of 30 films and 12 of 30 books from 1 to 5, by two sides of taste and what items are.

    With `shared`, a person's taste in books is that in films; else, and with it the person's generosity, it is drawn
    anew. Nothing in films says then what a person makes of a book.
    """
    chance = random(seed)
    films = chance.normal(0, 1, (users, 3))
    books = films if shared else chance.normal(0, 1, (users, 3))
    rows = []
    for domain, persons in (("films", films), ("books", books)):
        items = chance.normal(0, 0.8, (30, 2))
        quality = chance.normal(0, 0.3, 30)
        for user, (generous, *taste) in enumerate(persons.tolist()):
            for item in chance.permutation(30)[:12].tolist():
                told = 3 + 0.3 * generous + quality[item] + items[item] @ taste + chance.normal(0, 0.3)
                rows.append((f"u{user:03d}", domain, str(item), float(np.clip(np.rint(told), 1, 5))))
    return Interactions.from_frame(pl.DataFrame(rows, schema=["user_id", "domain", "item_id", "rating"], orient="row"))
