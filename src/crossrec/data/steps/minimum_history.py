"""Minimum history: users with few acts go, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from crossrec.core.errors import InvalidInput
from crossrec.data.engine import Engine, Table, having
from crossrec.data.step import is_taste, of_user

__all__ = ["MinimumHistory"]


@dataclass(frozen=True)
class MinimumHistory:
    """Drop users with few acts; items are not looked at, so it is done in one pass.

    Args:
        acts: Rows that say something about taste (repeats count) that a user needs, >= 1.
        over: "domain": in each domain; "all": in all domains together.
    """

    acts: int = 5
    over: str = "domain"
    why: ClassVar[str] = "too few acts of the user"
    needs_order: ClassVar[bool] = False

    def __call__(self, rows: Table, engine: Engine) -> Table:
        """Drop all rows of users with few; see `Step.__call__`."""
        if self.acts < 1:
            raise InvalidInput(f"minimum_history: expected acts >= 1, got {self.acts}")
        user = of_user(self.over)
        counted = rows.filter(is_taste()).group_by(user).agg(nw.len().alias("#acts"))
        return having(engine, rows, engine.keep(counted.filter(nw.col("#acts") >= self.acts).select(user)), user)
