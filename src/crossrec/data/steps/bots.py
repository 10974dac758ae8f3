"""Bots: users who act as no person does go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from crossrec.core.errors import InvalidInput
from crossrec.data.engine import Engine, Table, having
from crossrec.data.step import ORDER, of_user

__all__ = ["Bots"]

_HOUR, _DAY, _SECOND = 3_600_000, 86_400_000, 1_000


@dataclass(frozen=True)
class Bots:
    """Drop users who act too much, too evenly or on too many items; all their rows go.

    Lists shown are no acts of the user. Rows without a time count for `items` only. A rule set to 0 is off.

    Args:
        a_day: Most acts on one day, UTC.
        an_hour: Most acts in one hour of the clock, UTC.
        items: Most different items in all.
        even: Share, in (0, 1], of a user's gaps that may not be one and the same number of seconds. Gaps below a
            second do not count: a form that saves a page of ratings at once makes those.
        gaps: With fewer gaps than this nobody is called even, >= 1.
        over: "domain": each domain for itself; "all": a user's acts in all domains together.
    """

    a_day: int = 1_000
    an_hour: int = 300
    items: int = 0
    even: float = 0.9
    gaps: int = 50
    over: str = "domain"
    why: ClassVar[str] = "acts as no person does"
    needs_order: ClassVar[bool] = False

    def __call__(self, rows: Table, engine: Engine) -> Table:
        """Drop all rows of users who break a rule; see `Step.__call__`."""
        if min(self.a_day, self.an_hour, self.items) < 0 or not 0 <= self.even <= 1 or self.gaps < 1:
            raise InvalidInput(
                "bots: expected a_day, an_hour and items >= 0, even in 0 to 1 and gaps >= 1, got "
                f"{self.a_day}, {self.an_hour}, {self.items}, {self.even}, {self.gaps}"
            )
        user = of_user(self.over)
        acts = rows.filter(~nw.col("interaction_type").is_in(["shown"]))
        timed = acts.filter(~nw.col("timestamp").is_null())
        found = []
        for most, length in ((self.a_day, _DAY), (self.an_hour, _HOUR)):
            if most:
                counted = timed.with_columns((nw.col("timestamp") // length).alias("#span"))
                counted = counted.group_by([*user, "#span"]).agg(nw.len().alias("#acts"))
                found.append(counted.filter(nw.col("#acts") > most).select(user))
        if self.items:
            counted = acts.select(user + [name for name in ("domain", "item_id") if name not in user]).unique()
            counted = counted.group_by(user).agg(nw.len().alias("#items"))
            found.append(counted.filter(nw.col("#items") > self.items).select(user))
        if self.even:
            found.append(self._even(timed, user))
        if not found:
            return rows
        return having(engine, rows, engine.keep(nw.concat(found).unique()), user, there=False)

    def _even(self, timed: Table, user: list[str]) -> Table:
        """Find users most of whose gaps are equal to the second."""
        before = nw.col("timestamp").shift(1).over(*user, order_by=list(ORDER))
        gaps = timed.with_columns(((nw.col("timestamp") - before) // _SECOND).alias("#gap")).filter(nw.col("#gap") > 0)
        counted = gaps.group_by([*user, "#gap"]).agg(nw.len().alias("#times"))
        counted = counted.group_by(user).agg(
            nw.col("#times").max().alias("#most"), nw.col("#times").sum().alias("#all")
        )
        share = nw.col("#most").cast(nw.Float64()) >= nw.col("#all").cast(nw.Float64()) * self.even
        return counted.filter((nw.col("#all") >= self.gaps) & share).select(user)
