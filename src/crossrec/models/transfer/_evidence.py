"""What a gate holds out of its training data to decide by: later days where there is time, else parts of histories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Offsets
from crossrec.core.clock import random
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.data.preparing.touches import touches_of
from crossrec.models.histories import Histories

__all__ = ["Evidence", "held_out"]

_LATE = 0.8
"""Share of the rows before the moment from which days are held out."""
_PERSONS = 0.5
"""Share of the persons in two domains or more of whom something is held out where there is no time."""
_MOST = 20_000
_KEPT = ((0, 0), (1, 2), (3, 5), (6, 10))
"""Fewest and most acts that a drilled person keeps in a domain; one group in five keeps four fifths."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """N questions about held-out acts of which at least one is of an item that is still trained.

    Args:
        train: What is left to learn from.
        users: Int32[N] whose question it is.
        domains: Int16[N] the domain asked for, rising.
        indptr: Int64[N + 1] row pointers into `answers`.
        answers: Int32[M] right items, sorted within a row.
        histories: N histories.
        how: How it was held out, in words.
    """

    train: Interactions
    users: Codes
    domains: NDArray[np.int16]
    indptr: Offsets
    answers: Codes
    histories: Queries
    how: str

    def __len__(self) -> int:
        return len(self.users)


def held_out(data: Interactions, seed: int) -> Evidence | None:
    """Hold a part of training data out.

    Where every row has a time: the days after four fifths of the rows, each with what was known before it. Else, of
    half of the persons in several domains, acts in one of them, so that none, one or two, three to five … are left.

    Args:
        data: Interactions that say what persons liked.
        seed: Fixes what is left to chance.

    Returns:
        None where nothing is left to ask or to learn from.
    """
    if len(data) == 0:
        return None
    found = _later(data, seed) if data.has_times else _drilled(data, seed)
    return found if len(found) and len(found.train) else None


def _later(data: Interactions, seed: int) -> Evidence:
    """Ask for the days after a moment."""
    since = int(np.sort(data.times)[int(_LATE * len(data))])
    train = data.take(data.times < since)
    days = touches_of(data, since, first=False, most=_MOST, seed=seed)
    how = f"days after {_LATE:.0%} of the rows, with what was known before each"
    return _answerable(train, Evidence(train, days.users, days.domains, days.indptr, days.answers, days.histories, how))


def _drilled(data: Interactions, seed: int) -> Evidence:
    """Ask for acts in one domain of half of the persons that are in several."""
    chance = random(seed)
    domains, size = data.catalogue.domains[data.items].astype(np.int64), len(data.user_ids)
    pairs = domains * size + data.users
    groups, member, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    draw = chance.random(len(groups))
    order = np.lexsort((draw, groups % size))
    persons = groups[order] % size
    several = np.bincount(persons, minlength=size) > 1
    one = order[(np.diff(persons, prepend=-1) != 0) & several[persons]]  # one domain of each person, by chance
    one = one[chance.random(len(one)) < min(_PERSONS, _MOST / max(1, len(one)))]
    kept = np.full(len(groups), np.iinfo(np.int64).max)
    kept[one] = _kept_of(counts[one], chance)
    shuffled = np.lexsort((chance.random(len(data)), member))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.empty(len(data), dtype=np.int64)
    place[shuffled] = np.arange(len(data)) - starts[member[shuffled]]
    out = place >= kept[member]
    train, left = data.take(~out), data.take(out)
    keys = np.unique((domains[out] * size + left.users) * np.int64(len(data.catalogue)) + left.items)
    pair = keys // len(data.catalogue)
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    users = (pair[first] % size).astype(np.int32)
    how = f"acts in one domain of {_PERSONS:.0%} of the persons in several, so that few or none are left there"
    return _answerable(
        train,
        Evidence(
            train=train,
            users=users,
            domains=(pair[first] // size).astype(np.int16),
            indptr=np.append(first, len(keys)).astype(np.int64),
            answers=(keys % len(data.catalogue)).astype(np.int32),
            histories=Histories.of(train).rows(users),
            how=how,
        ),
    )


def _kept_of(counts: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    """Draw how many acts each chosen group keeps: at least one is held out."""
    low, high = np.array([*_KEPT, (0, 0)]).T
    stage = chance.integers(0, len(_KEPT) + 1, size=len(counts))
    few = chance.integers(low[stage], high[stage] + 1)
    wanted = np.where(stage == len(_KEPT), counts * 4 // 5, few)
    return np.asarray(np.minimum(wanted, counts - 1), dtype=np.int64)


def _answerable(train: Interactions, asked: Evidence) -> Evidence:
    """Leave out questions without a history, and those whose answers are all unknown to training or to be masked."""
    trained = np.bincount(train.items, minlength=len(train.catalogue)) > 0
    row = np.repeat(np.arange(len(asked)), np.diff(asked.indptr))
    seen = asked.histories.csr()
    width = np.int64(len(train.catalogue))
    owned = np.repeat(np.arange(len(asked)), np.diff(seen.indptr)) * width + seen.indices
    good = trained[asked.answers] & ~np.isin(row * width + asked.answers, owned)
    keep = (np.bincount(row[good], minlength=len(asked)) > 0) & (np.diff(seen.indptr) > 0)
    return _taken(asked, keep, row, good)


def _taken(asked: Evidence, keep: Bools, row: NDArray[np.int64], good: Bools) -> Evidence:
    """Keep some questions, and of their answers the good ones."""
    answers = good & keep[row]
    counts = np.bincount(row[answers], minlength=len(asked))[keep]
    rows = np.flatnonzero(keep)
    everyone = Histories(asked.train.user_ids, asked.histories)  # its rows are asked for by place
    return Evidence(
        train=asked.train,
        users=asked.users[keep],
        domains=asked.domains[keep],
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
        answers=asked.answers[answers],
        histories=everyone.rows(rows.astype(np.int32)),
        how=asked.how,
    )
