"""Touches: what somebody did in a domain on one day, and all that was known of them at that moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Offsets
from crossrec.core.clock import MILLISECONDS_PER_DAY, random
from crossrec.core.errors import Refused
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries

__all__ = ["Touches", "touches_of"]


@dataclass(frozen=True, eq=False)
class Touches:
    """N days of persons in domains; those of one domain lie together, users rising.

    Args:
        users: Int32[N] user codes.
        domains: Int16[N] domain codes.
        indptr: Int64[N + 1] row pointers into `answers`.
        answers: Int32[M] items of that day and domain, sorted within a row, each once.
        histories: N histories: strictly earlier acts, in all domains.
        earlier: Int64[N] number of those in the same domain.
    """

    users: Codes
    domains: NDArray[np.int16]
    indptr: Offsets
    answers: Codes
    histories: Queries
    earlier: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.users)


def touches_of(data: Interactions, since: int, *, first: bool, most: int | None = None, seed: int = 0) -> Touches:
    """Find the days on which persons did something, from a moment on.

    A day is a calendar day UTC; the history ends before its first act in the domain.

    Args:
        data: Interactions, each with a time.
        since: First moment, milliseconds UTC.
        first: Only each person's first day in each domain since then.
        most: Keep at most so many days, chosen at random; None keeps all.
        seed: Fixes that choice.

    Raises:
        Refused: Rows without a time.
    """
    if not data.has_times:
        raise Refused(f"touches need a time in every row; none in: {', '.join(data.untimed_domains()) or 'no rows'}")
    rows = data.liked.ordered()
    place = np.flatnonzero(rows.times >= since)
    days, domains = rows.times // MILLISECONDS_PER_DAY, rows.catalogue.domains[rows.items]
    place = place[np.lexsort((rows.times[place], days[place], rows.users[place], domains[place]))]
    pairs = domains[place].astype(np.int64) * len(rows.user_ids) + rows.users[place]
    new_pair = np.diff(pairs, prepend=-1) != 0
    new = new_pair | (np.diff(days[place], prepend=-1) != 0)
    group, starts = np.cumsum(new) - 1, np.flatnonzero(new)
    chosen = new_pair[starts] if first else np.ones(len(starts), dtype=np.bool_)
    if most is not None and int(chosen.sum()) > most:
        drawn = random(seed).permutation(np.flatnonzero(chosen))[:most]
        chosen = np.zeros(len(starts), dtype=np.bool_)
        chosen[drawn] = True
    keep = chosen[group]
    renumbered = np.cumsum(chosen) - 1
    indptr, answers = _distinct(renumbered[group[keep]], rows.items[place[keep]], int(chosen.sum()))
    opening = place[starts[chosen]]  # each day's first act
    return _asked(rows, domains, opening, indptr, answers)


def _asked(
    rows: Interactions, domains: NDArray[np.int16], opening: NDArray[np.int64], indptr: Offsets, answers: Codes
) -> Touches:
    """Gather what happened strictly before the first act of each day."""
    moments, rank = np.unique(rows.times, return_inverse=True)
    size = np.int64(len(moments) + 1)
    by_user = rows.users * size + rank  # rising: the rows are in this order
    begins = np.searchsorted(by_user, rows.users[opening] * size)
    ends = np.searchsorted(by_user, by_user[opening])
    pair = (domains.astype(np.int64) * len(rows.user_ids) + rows.users) * size
    by_pair = np.sort(pair + rank)
    earlier = np.searchsorted(by_pair, pair[opening] + rank[opening]) - np.searchsorted(by_pair, pair[opening])
    counts = ends - begins
    pointers = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    flat = np.arange(pointers[-1]) + np.repeat(begins - pointers[:-1], counts)
    histories = Queries(
        indptr=pointers,
        items=rows.items[flat],
        times=rows.times[flat],
        kinds=rows.kinds[flat],
        values=rows.ratings[flat],
        weights=rows.weights[flat],
        catalogue=rows.catalogue,
    )
    users, asked = rows.users[opening], domains[opening]
    return Touches(users, asked, indptr, answers, histories, np.asarray(earlier, dtype=np.int64))


def _distinct(rows: NDArray[np.int64], items: Codes, size: int) -> tuple[Offsets, Codes]:
    """Return the items of each row as CSR, sorted, each once."""
    width = np.int64(int(items.max(initial=0)) + 1)
    keys = np.unique(rows * width + items)
    indptr = np.searchsorted(keys, np.arange(size + 1) * width)
    return indptr.astype(np.int64), (keys % width).astype(np.int32)
