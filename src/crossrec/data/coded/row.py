"""What a row of codes is, what it is read from, and what it must keep."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIELDS", "ROW", "SHORTEST", "Limits", "Rows"]

FIELDS = ("user_id", "item_id", "variant", "rating", "timestamp", "verified", "votes", "odd")
"""What a key of the objects may be; user, item, rating and time must be there, and a line with the last is odd."""
ROW = np.dtype(
    [
        ("timestamp", np.int64),
        ("line", np.int64),
        ("position", np.int64),
        ("votes", np.int64),
        ("user_id", np.uint32),
        ("item_id", np.uint32),
        ("rating", np.float32),
        ("variant", np.int32),
        ("verified", np.int8),
    ],
    align=True,
)
"""A row: ids as codes; -1 where votes, variant or verified are not there; places from 0, lines from 1."""
SHORTEST = 32
"""Bytes that a line with the four fields has at least."""
Rows: TypeAlias = NDArray[np.void]
"""`ROW`[N]."""


class Limits(NamedTuple):
    """What a row must keep: rating, time in milliseconds, the last outside; milliseconds of a unit, bytes of an id."""

    lowest: np.float32
    highest: np.float32
    earliest: int
    latest: int
    unit: int
    longest: int
