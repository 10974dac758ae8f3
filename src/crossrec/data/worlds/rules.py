"""What the numbers of a world must keep to: one check a kind of rule, each naming the value and its place."""

from __future__ import annotations

from collections.abc import Iterable

from crossrec.core.errors import InvalidInput, suggestion

__all__ = ["at_least", "between", "one_of", "positive", "shares"]


def at_least(name: str, value: float, least: float) -> None:
    """Refuse a value below its least.

    Raises:
        InvalidInput: It is below, or NaN.
    """
    if not value >= least or value == float("inf"):
        raise InvalidInput(f"{name}: expected at least {least:g}, got {value:g}")


def between(name: str, value: float, low: float, high: float) -> None:
    """Refuse a value outside [low, high].

    Raises:
        InvalidInput: It is outside, or NaN.
    """
    if not low <= value <= high:
        raise InvalidInput(f"{name}: expected a number from {low:g} to {high:g}, got {value:g}")


def positive(name: str, value: float) -> None:
    """Refuse what is not above 0.

    Raises:
        InvalidInput: It is 0, less, infinite or NaN.
    """
    if not 0 < value < float("inf"):
        raise InvalidInput(f"{name}: expected a number above 0, got {value:g}")


def one_of(name: str, value: str, known: Iterable[str]) -> None:
    """Refuse a word that is not on a list.

    Raises:
        InvalidInput: It is none of them; the message has the nearest.
    """
    names = list(known)
    if value not in names:
        raise InvalidInput(f"{name}: expected one of {', '.join(names)}, got '{value[:40]}'{suggestion(value, names)}")


def shares(name: str, values: Iterable[float]) -> None:
    """Refuse shares that are negative or do not sum to 1.

    Raises:
        InvalidInput: One is outside [0, 1], there is none, or their sum is not 1.
    """
    listed = list(values)
    for value in listed:
        between(name, value, 0, 1)
    if abs(sum(listed) - 1) > 1e-6:
        raise InvalidInput(f"{name}: expected shares that sum to 1, got {', '.join(f'{v:g}' for v in listed)}")
