"""The unified schema: names and types of the columns that every source becomes."""

from __future__ import annotations

import re

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.core.event import KINDS

__all__ = ["INTERACTIONS", "KIND_TYPE", "QUARANTINE", "SCHEMA_VERSION", "SPLIT_TYPE", "TIES", "check_domain"]

SCHEMA_VERSION = 2
"""Version of the layout on disk; a reader refuses a newer one."""

KIND_TYPE = pl.Enum(list(KINDS))
SPLIT_TYPE = pl.Enum(["train", "valid", "test"])

INTERACTIONS = pl.Schema(
    {
        "user_id": pl.String(),
        "item_id": pl.String(),
        "rating": pl.Float32(),
        "timestamp": pl.Int64(),
        "position": pl.Int64(),
        "split": SPLIT_TYPE,
        "domain": pl.String(),
        "interaction_type": KIND_TYPE,
        "weight": pl.Float32(),
        "context": pl.String(),
    }
)
"""Columns of interactions: ids as in the source; timestamp in milliseconds UTC or null; position
grows in the source's order within a user; weight > 0; context a JSON object or null."""

QUARANTINE = pl.Schema(
    {"file": pl.String(), "row": pl.Int64(), "column": pl.String(), "reason": pl.String(), "value": pl.String()}
)
"""Columns of the quarantine: the file, its line (the first is 1), the column (empty: the whole row),
why the row was refused, and the value that came, cut."""

TIES = pl.Schema({"user_id": pl.String(), "other_id": pl.String(), "tie": pl.String(), "weight": pl.Float32()})
"""Columns of the ties between users: who, to whom, what kind (friend, trust, …), and how strong, > 0."""

_DOMAIN = re.compile(r"[a-z][a-z0-9_-]*")


def check_domain(name: str) -> str:
    """Return the domain's name, or say what is wrong with it.

    Raises:
        InvalidInput: It is not a lower-case letter followed by letters, digits, `_` or `-`.
    """
    if len(name) > 64 or not _DOMAIN.fullmatch(name):
        raise InvalidInput(
            f"domain: expected a lower-case letter, then letters, digits, _ or - (64 at most), got '{name[:80]}'"
        )
    return name
