"""Persons dealt out: whole persons are kept from training, and of each only a part is asked about."""

from __future__ import annotations

import numpy as np

from crossrec.core.arrays import Bytes
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput, Refused
from crossrec.core.interactions import Interactions
from crossrec.data.splitting.order import half_up, places

__all__ = ["ANSWERS", "HISTORY", "TRAINING", "deal_persons"]

TRAINING = 0
HISTORY = {"validation": 1, "test": 3}
"""Code of the rows a held person is asked with, by the part the person is in."""
ANSWERS = {"validation": 2, "test": 4}
"""Code of the rows a held person is asked for, likewise."""


def deal_persons(
    data: Interactions, *, validation: float, test: float, held_share: float, fewest: int, seed: int
) -> Bytes:
    """Deal persons to train, validation and test, and the rows of the last two to history and answers.

    Args:
        data: All interactions.
        validation: Number of persons, or below 1 their share of those with enough rows.
        test: Likewise.
        held_share: Share of a held person's rows that are answers, rounded down, at least one and never all.
        fewest: A person with fewer rows is in train, >= 2.
        seed: Fixes the deal of persons and of rows.

    Returns:
        Int8[N]: `TRAINING`, or `HISTORY` or `ANSWERS` of a part.

    Raises:
        InvalidInput: A number out of range.
        Refused: Fewer persons with enough rows than asked for, or no person left to learn from.
    """
    if not 0 < held_share < 1 or fewest < 2:
        raise InvalidInput(f"new-users: expected 0 < held_share < 1 and fewest >= 2, got {held_share} and {fewest}")
    chance = random(seed)
    rows = np.bincount(data.users, minlength=len(data.user_ids))
    able = chance.permutation(np.flatnonzero(rows >= fewest))
    wanted = {
        part: _count(f"{part}_persons", told, len(able)) for part, told in (("test", test), ("validation", validation))
    }
    if sum(wanted.values()) > len(able) or sum(wanted.values()) >= np.count_nonzero(rows):
        raise Refused(
            f"protocol 'new-users': expected {wanted['validation']} persons for validation, {wanted['test']} for test "
            f"and some to learn from, got {len(able)} with at least {fewest} rows of {np.count_nonzero(rows)} in all; "
            "ask for fewer, or lower 'fewest'"
        )
    group = np.full(len(rows), TRAINING, dtype=np.int8)
    group[able[: wanted["test"]]] = ANSWERS["test"]
    group[able[wanted["test"] : sum(wanted.values())]] = ANSWERS["validation"]
    codes = np.asarray(group[data.users])
    order = np.lexsort((chance.permutation(len(data)), data.users))
    place, counts = places(data.users[order])
    kept = place >= np.maximum(np.floor(counts * held_share + 1e-9), 1)
    codes[order[kept & (codes[order] != TRAINING)]] -= ANSWERS["test"] - HISTORY["test"]
    return codes


def _count(name: str, told: float, persons: int) -> int:
    """Read a number of persons, or a share of them."""
    if told < 0 or (told >= 1 and told != int(told)):
        raise InvalidInput(f"{name}: expected a whole number of persons, or a share from 0 to below 1, got {told}")
    return int(told) if told >= 1 else int(half_up(np.array([told * persons]))[0])
