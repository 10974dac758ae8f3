"""k-core: every user has enough items and every item enough users, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from crossrec.core.errors import InvalidInput, Refused
from crossrec.data.engine import Engine, Table, having, height
from crossrec.data.step import is_taste, of_user

__all__ = ["KCore"]


@dataclass(frozen=True)
class KCore:
    """Drop users with few items and items with few users, again and again until none is left.

    What counts is different items of a user and different users of an item, not repeats, and only rows that say
    something about taste; all other rows of users and items that stay, stay.

    Args:
        users: Different items that a user needs; 0 asks for none.
        items: Different users that an item needs; 0 asks for none.
        over: "domain": a user needs them in each domain; "all": in all domains together.
        rounds: Give up after so many rounds.

    Source: Seidman 1983, on the graph of users and items.
    """

    users: int = 5
    items: int = 5
    over: str = "domain"
    rounds: int = 100
    why: ClassVar[str] = "too few items of the user, or users of the item"
    needs_order: ClassVar[bool] = False

    def __call__(self, rows: Table, engine: Engine) -> Table:
        """Drop rows round by round; see `Step.__call__`."""
        if min(self.users, self.items) < 0 or self.rounds < 1:
            raise InvalidInput(
                f"k_core: expected users and items >= 0 and rounds >= 1, got {self.users}, {self.items}, {self.rounds}"
            )
        user, item = of_user(self.over), ["domain", "item_id"]
        pairs = engine.keep(rows.filter(is_taste()).select("domain", "user_id", "item_id").unique())
        before, after = -1, height(pairs)
        for _ in range(self.rounds):
            if after in (before, 0):
                break
            pairs = engine.keep(_with_enough(_with_enough(pairs, user, self.users, engine), item, self.items, engine))
            before, after = after, height(pairs)
        if after not in (before, 0):
            raise Refused(
                f"k_core: {before - after} pairs still fell away in round {self.rounds}; give it more with rounds="
            )
        for key in (user, item):
            rows = having(engine, rows, engine.keep(pairs.select(key).unique()), key)
        return rows


def _with_enough(pairs: Table, key: list[str], least: int, engine: Engine) -> Table:
    """Keep the pairs of users, or of items, that have enough of them."""
    if least <= 1:
        return pairs
    enough = pairs.group_by(key).agg(nw.len().alias("#pairs")).filter(nw.col("#pairs") >= least).select(key)
    return having(engine, pairs, engine.keep(enough), key)
