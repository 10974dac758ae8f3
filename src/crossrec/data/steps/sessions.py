"""Sessions: acts with no long gap between them get one number, written into `context`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from crossrec.core.errors import InvalidInput, Refused
from crossrec.data.engine import Engine, Table, collected
from crossrec.data.step import ORDER, of_user

__all__ = ["Sessions"]

_MINUTE = 60_000
_KEY = '"session":'


@dataclass(frozen=True)
class Sessions:
    """Number each user's sessions 1, 2, … in the order of time, as `"session":3` at the end of `context`.

    The schema has no column for sessions, since most sources have none; `context` is where a source's own session
    stands too, so a model reads both alike. A session is named by domain, user and number (with `over="all"` by
    user and number). No row falls away.

    Args:
        gap: Minutes without an act that end a session, > 0; a gap of exactly so many does not.
        over: "domain": each domain for itself; "all": acts in other domains keep a session open.
    """

    gap: float = 30.0
    over: str = "domain"
    why: ClassVar[str] = "nothing falls away"
    needs_order: ClassVar[bool] = False

    def __call__(self, rows: Table, engine: Engine) -> Table:  # noqa: ARG002
        """Write the number into each row's context; see `Step.__call__`."""
        if not self.gap > 0:
            raise InvalidInput(f"sessions: expected gap > 0 minutes, got {self.gap}")
        _refuse(rows)
        user, columns = of_user(self.over), rows.collect_schema().names()
        order = list(ORDER)
        before = nw.col("timestamp").shift(1).over(*user, order_by=order)
        opens = nw.when(nw.col("timestamp") - nw.col("#before") <= int(self.gap * _MINUTE)).then(0).otherwise(1)
        numbered = rows.with_columns(before.alias("#before")).with_columns(opens.alias("#opens"))
        numbered = numbered.with_columns(nw.col("#opens").cum_sum().over(*user, order_by=order).alias("#session"))
        body = nw.col("context").str.replace_all(r"\s*\}\s*$", "")  # the object without its last brace
        bare = body.is_null() | (body.str.strip_chars() == "{")
        start = nw.when(bare).then(nw.lit("{")).otherwise(nw.concat_str(body, nw.lit(",")))
        session = nw.concat_str(start, nw.lit(_KEY), nw.col("#session").cast(nw.String()), nw.lit("}"))
        return numbered.with_columns(session.alias("context")).select(columns)


def _refuse(rows: Table) -> None:
    """Refuse rows without a time, and those that name a session already."""
    untimed = nw.col("timestamp").is_null()
    named = nw.col("context").str.contains(_KEY, literal=True).fill_null(value=False)
    found = (
        rows.filter(untimed | named)
        .group_by("domain")
        .agg(untimed.cast(nw.Int64()).sum().alias("untimed"), named.cast(nw.Int64()).sum().alias("named"))
    )
    for row in collected(found).sort("domain").iter_rows(named=True):
        if row["untimed"]:
            raise Refused(
                f"sessions: expected a time in every row, domain '{row['domain']}' has {row['untimed']:,} without; "
                "leave the domain out with --domains"
            )
        raise Refused(
            f"sessions: {row['named']:,} rows of domain '{row['domain']}' name a session in their context already; "
            "use those, or start from the version without them"
        )
