"""The port of the steps: what cleaning does to a table of interactions, on any engine."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import narwhals as nw

from crossrec.core.errors import InvalidInput, nearest
from crossrec.core.event import NOT_TASTE
from crossrec.core.shelf import Shelf
from crossrec.data.engine import Engine, Table

__all__ = [
    "LAST_MOMENT",
    "ORDER",
    "STEPS",
    "Step",
    "create",
    "is_taste",
    "of_user",
    "place_in",
    "settings_of",
    "with_places",
]

LAST_MOMENT = 2**63 - 1
"""Stands for a time that is not known where such rows come last."""

ORDER = ("timestamp", "position", "domain", "item_id", "interaction_type", "rating", "weight", "context", "split")
"""What rows of a user are ordered by. Position decides where times are equal; the rest only makes every engine agree
on rows of one moment and position."""


class Step(Protocol):
    """One step of cleaning; a dataclass whose fields are its settings.

    The table has the columns of `schema.INTERACTIONS`, and so has the answer. Rows come and go, but no value changes
    except where the step says so. An id in `user_id` is one person within a domain; a step with `over="all"` takes
    it for one person in all domains.
    """

    why: ClassVar[str]
    """What falls away, in words for a report."""

    @property
    def needs_order(self) -> bool:
        """Does it look at the order of rows that have no time?"""
        ...

    def __call__(self, rows: Table, engine: Engine) -> Table:
        """Return the rows after the step.

        Args:
            rows: Interactions.
            engine: Theirs.

        Raises:
            InvalidInput: A setting is out of its range.
            Refused: The rows cannot bear the step: they lack times, say.
        """
        ...


STEPS: Shelf[Step] = Shelf("step", "crossrec.data.steps")


def create(name: str, settings: Mapping[str, str]) -> Step:
    """Make a step with settings written as text, as the command line has them.

    Raises:
        NotFound: No such step.
        InvalidInput: No such setting, or its text is not of the setting's type.
    """
    kind = typing.cast("type[Any]", STEPS.load(name))
    types = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind)]
    values = {}
    for key, text in settings.items():
        if key not in known:
            near = nearest(key, known)
            hint = f"; did you mean '{near}'?" if near else ""
            raise InvalidInput(f"step {name}: no setting called '{key}'{hint} Settings: {', '.join(known)}")
        values[key] = _typed(f"step {name}: {key}", text, types[key])
    return typing.cast("Step", kind(**values))


def settings_of(step: Step) -> dict[str, int | float | str]:
    """Return a step's settings by name, those left open not counted."""
    values = {item.name: getattr(step, item.name) for item in dataclasses.fields(step)}  # type: ignore[arg-type]
    return {name: value for name, value in values.items() if value is not None}


def is_taste() -> nw.Expr:
    """Say of each row whether it means that a person liked the item: returns and lists shown do not."""
    return ~nw.col("interaction_type").is_in(list(NOT_TASTE))


def of_user(over: str) -> list[str]:
    """Return the columns that name a person.

    Args:
        over: "domain" (an id in another domain is another person) or "all" (it is the same one).

    Raises:
        InvalidInput: Neither.
    """
    if over not in ("domain", "all"):
        raise InvalidInput(f"over: expected 'domain' or 'all', got '{over}'")
    return ["domain", "user_id"] if over == "domain" else ["user_id"]


def place_in(group: Sequence[str], order: Sequence[str] = ORDER) -> nw.Expr:
    """Number the rows of each group (named by columns without nulls) from 1, in an order; nulls come first."""
    return nw.col(group[0]).cum_count().over(*group, order_by=list(order))


def with_places(rows: Table, group: Sequence[str], order: Sequence[str] = ORDER) -> Table:
    """Add `#place`, as `place_in` numbers rows, and `#size`, how many rows the group has.

    Groups are counted from both ends of the order, since windows with an order go to disk where memory ends; counting
    them without one holds all groups.
    """
    behind = nw.col(group[0]).cum_count(reverse=True).over(*group, order_by=list(order))
    counted = rows.with_columns(place_in(group, order).alias("#place"), behind.alias("#behind"))
    return counted.with_columns((nw.col("#place") + nw.col("#behind") - 1).alias("#size")).drop("#behind")


def _typed(name: str, text: str, kind: Any) -> int | float | str:
    """Read text as the type of a setting: int, float, str, or one of them or None."""
    kind = next(option for option in (typing.get_args(kind) or (kind,)) if option is not type(None))
    try:
        return kind(text)  # type: ignore[no-any-return]  # int, float or str, as the steps declare
    except ValueError as error:
        words = "a whole number" if kind is int else "a number"
        raise InvalidInput(f"{name}: expected {words}, got '{text}'") from error
