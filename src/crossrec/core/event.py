"""Event: one fact from the outside, and the kinds of things people do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Bools, Bytes
from crossrec.core.errors import InvalidInput, suggestion

__all__ = [
    "KINDS",
    "KIND_CODES",
    "MAX_CONTEXT_BYTES",
    "MAX_ID_BYTES",
    "NOT_TASTE",
    "NO_ORDER",
    "NO_TIME",
    "Event",
    "check_id",
    "check_kind",
    "is_taste",
]

KINDS = (
    "view",
    "click",
    "add_to_cart",
    "purchase",
    "rate",
    "share",
    "like",
    "save",
    "play",
    "comment",
    "follow",
    "review",
    "return",
    "shown",
)
"""All kinds of interaction; the position in this tuple is the code in arrays. Append only."""

NOT_TASTE = ("return", "shown")
"""Kinds that do not say that a person liked an item; they are kept, and no model learns from them."""
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
_TASTE = np.array([kind not in NOT_TASTE for kind in KINDS])
MAX_CONTEXT_BYTES = 2_048
"""Longest context of an event, in UTF-8 bytes."""
MAX_ID_BYTES = 512
"""Longest id taken, in UTF-8 bytes."""
NO_TIME = -(2**63)
"""The value of a time that is not known (the smallest int64)."""
NO_ORDER = -1
"""The position of a row whose place among its user's rows means nothing; all other positions are >= 0."""


@dataclass(frozen=True)
class Event:
    """One thing a person did, as it came from outside.

    Args:
        id: Chosen by the sender; the same id twice is the same event.
        user: The person.
        item: What it was about, as the model knows it (`books:42` with several domains).
        kind: One of `KINDS`.
        at: Milliseconds UTC.
        domain: Where it happened; empty where there is one domain.
        value: A rating, a quantity or a price, where the kind has one.
        recommendation_id: The answer that led to it.
        context: Device, location, session, referrer and the like, as a JSON object; None where nothing is known.
    """

    id: str
    user: str
    item: str
    kind: str
    at: int
    domain: str = ""
    value: float | None = None
    recommendation_id: str | None = None
    context: str | None = None


def check_id(name: str, value: str) -> str:
    """Return the id, or say why it is none.

    Raises:
        InvalidInput: Empty, longer than `MAX_ID_BYTES`, or with a control character (a newline, say).
    """
    if not value:
        raise InvalidInput(f"{name}: expected an id, got an empty string")
    if len(value.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        raise InvalidInput(
            f"{name}: expected at most {MAX_ID_BYTES} bytes, got {len(value.encode('utf-8', 'replace'))}"
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise InvalidInput(f"{name}: expected no control characters (newline, tab, …), got {value[:40]!r}")
    return value


def is_taste(kinds: Bytes) -> Bools:
    """Say of each act whether its kind tells that a person liked the item.

    Args:
        kinds: Int8[N] codes in `KINDS`.

    Returns:
        Bool[N], false for `NOT_TASTE`.
    """
    return np.asarray(_TASTE[kinds])


def check_kind(kind: str) -> str:
    """Return the kind, or name the nearest that exists.

    Raises:
        InvalidInput: Not one of `KINDS`.
    """
    if kind in KIND_CODES:
        return kind
    raise InvalidInput(
        f"interaction_type: expected one of {', '.join(KINDS)}, got '{kind[:40]}'{suggestion(kind, KINDS)}"
    )
