"""Space: which values of a model's settings are worth trying, and which are out of the question."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from crossrec.core.errors import InvalidInput

__all__ = ["Choice", "Range", "Space", "refuse_outside"]


@dataclass(frozen=True)
class Range:
    """All numbers from one to another.

    Args:
        low: The smallest.
        high: The largest, > low.
        log: Is a doubling the same step everywhere, as for penalties and sizes? Then low > 0.
        whole: Whole numbers only, both ends among them.

    Raises:
        InvalidInput: The ends break their rules.

    >>> 64 in Range(16, 256, log=True, whole=True), 0.5 in Range(1, 4, whole=True)
    (True, False)
    """

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    whole: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InvalidInput(f"range: expected two numbers, the smaller first, got {self.low} and {self.high}")
        if self.log and not self.low > 0:
            raise InvalidInput(f"range: expected low > 0 where steps are doublings, got {self.low}")
        if self.whole and (self.low != int(self.low) or self.high != int(self.high)):
            raise InvalidInput(f"range: expected whole ends of whole numbers, got {self.low} and {self.high}")

    def __contains__(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return self.low <= value <= self.high and (not self.whole or value == int(value))


@dataclass(frozen=True)
class Choice:
    """A few values without an order.

    Args:
        options: At least two, all different: texts, numbers, true, false or None.

    Raises:
        InvalidInput: They are too few, two are the same, or one is something else.

    >>> "cosine" in Choice(("cosine", "bm25"))
    True
    """

    options: tuple[str | float | int | bool | None, ...]

    def __post_init__(self) -> None:
        for option in self.options:
            if option is not None and not isinstance(option, (str, int, float)):
                raise InvalidInput(f"choice: expected texts, numbers, true, false or None, got {option!r}")
        if len(self.options) < 2 or len(set(self.options)) < len(self.options):
            raise InvalidInput(f"choice: expected at least two different options, got {self.options}")

    def __contains__(self, value: Any) -> bool:
        return value in self.options


Space: TypeAlias = Mapping[str, Range | Choice]
"""Setting -> the values worth trying; a model's defaults are among them."""


def refuse_outside(model: object, *, least: Mapping[str, float], parts: Sequence[str] = ("dropout",)) -> None:
    """Refuse a model's settings that are below their least value, and parts of a whole that are not in [0, 1).

    Args:
        model: Has them as attributes.
        least: Setting -> its least value.
        parts: Settings that are parts of a whole.

    Raises:
        InvalidInput: One is outside; the message names it.
    """
    name = type(model).__name__
    for setting, lowest in least.items():
        value = getattr(model, setting)
        if not value >= lowest:
            raise InvalidInput(f"{name}: expected {setting} >= {lowest}, got {value}")
    for setting in parts:
        value = getattr(model, setting)
        if not 0 <= value < 1:
            raise InvalidInput(f"{name}: expected {setting} in [0, 1), got {value}")
