"""What a gate holds out of its training data to decide by: later days where there is time, else persons."""

from __future__ import annotations

import dataclasses
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
_PERSONS = 0.2
"""Share of the persons in two domains or more who are set apart where there is no time, …"""
_FEWEST = 100
"""… but as many as this, up to half of them."""
_EACH = 400
"""Persons set apart at most in each domain, on average."""
_DAYS = 2_000
"""Days asked about at most in each domain, on average: as many as persons set apart give questions."""
_KEPT = ((0, 0), (1, 2), (3, 5), (6, 10))
"""Fewest and most acts that a person keeps in a domain for a question; one question more keeps four fifths."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """N questions about held-out acts of which at least one is of an item that is still trained.

    Args:
        train: What is left to learn from.
        rest: All other rows: what has to be learned yet when it is decided.
        users: Int32[N] whose question it is.
        domains: Int16[N] the domain asked for, rising.
        indptr: Int64[N + 1] row pointers into `answers`.
        answers: Int32[M] right items, sorted within a row.
        histories: N histories.
        how: How it was held out, in words.
    """

    train: Interactions
    rest: Interactions
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

    Where every row has a time: the days after four fifths of the rows, each with what was known before it. Else a
    fifth of the persons in several domains, with all they did. Each of them is asked about each of their domains
    several times: with nothing left there, with one or two acts, with three to five …

    Args:
        data: Interactions that say what persons liked.
        seed: Fixes what is left to chance.

    Returns:
        None where nothing is left to ask or to learn from.
    """
    if len(data) == 0:
        return None
    found = _later(data, seed) if data.has_times else _set_apart(data, seed)
    return found if len(found) and len(found.train) else None


def _later(data: Interactions, seed: int) -> Evidence:
    """Ask for the days after a moment."""
    since = int(np.sort(data.times)[int(_LATE * len(data))])
    early = data.times < since
    train, rest = data.take(early), data.take(~early)
    most = _DAYS * len(np.unique(data.catalogue.domains[data.items]))
    days = touches_of(data, since, first=False, most=most, seed=seed)
    how = f"days after {_LATE:.0%} of the rows, with what was known before each"
    return _answerable(Evidence(train, rest, days.users, days.domains, days.indptr, days.answers, days.histories, how))


def _set_apart(data: Interactions, seed: int) -> Evidence:
    """Ask persons in several domains, of whom nothing is learned, with histories cut to each length."""
    chance = random(seed)
    domains, width = data.catalogue.domains.astype(np.int64), np.int64(len(data.catalogue))
    size = len(data.user_ids)
    apart = np.zeros(size, dtype=np.bool_)
    pairs = np.unique(domains[data.items] * size + data.users)
    apart[_drawn(pairs % size, len(np.unique(pairs // size)), chance)] = True
    rest = data.take(apart[data.users])
    cells = np.unique((domains[rest.items] * size + rest.users) * width + rest.items)
    cells = cells[np.lexsort((chance.random(len(cells)), cells // width))]  # a person's items of a domain, shuffled
    groups, starts, counts = np.unique(cells // width, return_index=True, return_counts=True)
    place = np.arange(len(cells)) - np.repeat(starts, counts)
    kept = _kept_of(counts, chance)
    stage, group = np.nonzero(kept >= 0)
    order = np.argsort(group, kind="stable")
    group, keeps = group[order], kept[stage[order], group[order]]
    users, asked = (groups[group] % size).astype(np.int32), (groups[group] // size).astype(np.int16)
    answers, indptr = _answers(cells % width, starts[group] + keeps, starts[group] + counts[group])
    everything = Histories.of(rest).rows(users)
    by_cell = np.argsort(cells)
    row = np.repeat(np.arange(len(users)), np.diff(everything.indptr))
    own = domains[everything.items]
    found = np.searchsorted(cells[by_cell], (own * size + users[row]) * width + everything.items)
    histories = _cut(everything, row, (own != asked[row]) | (place[by_cell[found]] < keeps[row]))
    how = f"{int(apart.sum()):,} persons in several domains, asked with none, few and many of their acts in one"
    return _answerable(Evidence(data.take(~apart[data.users]), rest, users, asked, indptr, answers, histories, how))


def _drawn(persons: NDArray[np.int64], domains: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """Draw some of the persons that are told twice or more, once for each of their domains."""
    codes, counts = np.unique(persons, return_counts=True)
    several, counts = codes[counts > 1], counts[counts > 1]
    wanted = max(_PERSONS * len(several), min(_FEWEST, len(several) / 2))
    return chance.permutation(several)[: int(min(_EACH * domains / counts.mean(), wanted))]


def _kept_of(counts: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    """Return Int64[5, groups], how many acts a question of each length keeps; -1 where none would be left to ask."""
    kept = np.full((len(_KEPT) + 1, len(counts)), -1, dtype=np.int64)
    for stage, (low, high) in enumerate(_KEPT):
        drawn = low + (chance.random(len(counts)) * (np.minimum(high, counts - 1) - low + 1)).astype(np.int64)
        kept[stage] = np.where(counts > low, drawn, -1)
    longest = np.maximum(_KEPT[-1][1] + 1, counts * 4 // 5)
    kept[-1] = np.where(counts > longest, longest, -1)
    return kept


def _answers(items: NDArray[np.int64], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[Codes, Offsets]:
    """Gather slices of items, sorted within each."""
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(ends - begins)])
    flat = np.arange(indptr[-1]) + np.repeat(begins - indptr[:-1], ends - begins)
    row = np.repeat(np.arange(len(begins)), ends - begins)
    found = items[flat]
    return found[np.lexsort((found, row))].astype(np.int32), indptr


def _cut(queries: Queries, row: NDArray[np.int64], keep: Bools) -> Queries:
    """Leave acts out of histories."""
    counts = np.bincount(row[keep], minlength=len(queries))
    columns = {name: getattr(queries, name)[keep] for name in ("items", "times", "kinds", "values", "weights")}
    return dataclasses.replace(queries, indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), **columns)


def _answerable(asked: Evidence) -> Evidence:
    """Leave out questions without a history, and those whose answers are all unknown to training or to be masked."""
    train = asked.train
    trained = np.bincount(train.items, minlength=len(train.catalogue)) > 0
    row = np.repeat(np.arange(len(asked)), np.diff(asked.indptr))
    seen = asked.histories.csr()
    width = np.int64(len(train.catalogue))
    owned = np.repeat(np.arange(len(asked)), np.diff(seen.indptr)) * width + seen.indices
    told = row * width + asked.answers
    place = np.minimum(np.searchsorted(owned, told), max(0, len(owned) - 1))
    good = trained[asked.answers] & ((owned[place] != told) if len(owned) else True)
    keep = (np.bincount(row[good], minlength=len(asked)) > 0) & (np.diff(seen.indptr) > 0)
    return _taken(asked, keep, row, good)


def _taken(asked: Evidence, keep: Bools, row: NDArray[np.int64], good: Bools) -> Evidence:
    """Keep some questions, and of their answers the good ones."""
    answers = good & keep[row]
    counts = np.bincount(row[answers], minlength=len(asked))[keep]
    rows = np.flatnonzero(keep)
    everyone = Histories(asked.train.user_ids, asked.histories)  # its rows are asked for by place
    return dataclasses.replace(
        asked,
        users=asked.users[keep],
        domains=asked.domains[keep],
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
        answers=asked.answers[answers],
        histories=everyone.rows(rows.astype(np.int32)),
    )
