"""Duplicates: of rows that say the same, the earliest stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from crossrec.core.errors import InvalidInput
from crossrec.data.engine import Engine, Table
from crossrec.data.step import LAST_MOMENT, ORDER, place_in

__all__ = ["Duplicates"]

_SAME = {
    "pair": ("domain", "user_id", "item_id"),
    "kind": ("domain", "user_id", "item_id", "interaction_type"),
    "act": ("domain", "user_id", "item_id", "interaction_type", "timestamp"),
}


@dataclass(frozen=True)
class Duplicates:
    """Keep the earliest of the rows that say the same; of one moment, the one of the smallest position.

    A row without a time comes after all that have one. Sums of repeats are lost: take this step where a repeat is
    no second act. (An import drops rows already that are equal in everything.)

    Args:
        same: What must be equal within a domain. "pair": user and item; "kind": user, item and kind; "act": user,
            item, kind and time.
    """

    same: str = "kind"
    why: ClassVar[str] = "said before"
    needs_order: ClassVar[bool] = False

    def __call__(self, rows: Table, engine: Engine) -> Table:  # noqa: ARG002
        """Drop the later rows; see `Step.__call__`."""
        if self.same not in _SAME:
            raise InvalidInput(f"duplicates: expected same to be one of {', '.join(_SAME)}, got '{self.same}'")
        columns = rows.collect_schema().names()
        moment = nw.col("timestamp").fill_null(LAST_MOMENT).alias("#moment")
        placed = rows.with_columns(moment).with_columns(
            place_in(_SAME[self.same], ("#moment", *ORDER[1:])).alias("#place")
        )
        return placed.filter(nw.col("#place") == 1).select(columns)
