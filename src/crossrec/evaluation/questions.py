"""Questions: who is asked about in a test, with what history, and which answers are right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Offsets
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.data.split import Split, joined
from crossrec.evaluation.protocol import Protocol
from crossrec.models.histories import Histories

__all__ = ["Questions", "audience", "questions_of"]


@dataclass(frozen=True, eq=False)
class Questions:
    """N questions, one for each pair of a user and a domain in which the user has right answers.

    Args:
        users: Int32[N] user codes; questions of one domain lie together, users rising.
        domains: Int16[N] the domain that is asked for.
        indptr: Int64[N + 1] row pointers into `answers`.
        answers: Right items, sorted within a row, each once.
        train: What the models learn from.
        past: The parts that make up the askers' histories.
    """

    users: Codes
    domains: NDArray[np.int16]
    indptr: Offsets
    answers: Codes
    train: Interactions
    past: tuple[Interactions, ...]

    def __len__(self) -> int:
        return len(self.users)

    @property
    def catalogue(self) -> Catalogue:
        """The items of the data; all codes here are its."""
        return self.train.catalogue

    @cached_property
    def history(self) -> Histories:
        """What is known of all users when they are asked, by user code."""
        return Histories.of(joined(self.past))

    @cached_property
    def relevant(self) -> NDArray[np.int64]:
        """Int64[N] number of right answers."""
        return np.diff(self.indptr)

    @cached_property
    def audience(self) -> tuple[NDArray[np.int64], int]:
        """Int64[I] number of different training users who had each item, and number of training users."""
        train = self.train
        return audience(train.users, train.items, len(train.user_ids), len(train.catalogue))

    @cached_property
    def trained(self) -> Bools:
        """Bool[I], true for the items that occur in training."""
        return np.asarray(_marked(self.train.items, len(self.train.catalogue)))

    @cached_property
    def known_persons(self) -> Bools:
        """Bool[U], true for the persons who occur in training."""
        return np.asarray(_marked(self.train.users, len(self.train.user_ids)))

    @cached_property
    def history_lengths(self) -> NDArray[np.int64]:
        """Int64[N] number of interactions in the history of each question's user."""
        return np.diff(self.history.acts.indptr)[self.users]

    def unseen_share(self) -> float:
        """Share of right answers that never occur in training; each counts as a miss."""
        return float(np.mean(~self.trained[self.answers]))

    def known_share(self) -> float:
        """Share of right answers that are in the asker's own history; masked, each counts as a miss."""
        acts = self.history.acts
        return float(_owned(self.users, self.indptr, self.answers, acts.indptr, acts.items) / len(self.answers))

    def domain_name(self, row: int) -> str | None:
        """Name the domain that a question asks for; None where the data has only one."""
        names = self.catalogue.domain_names
        return names[self.domains[row]] if len(names) > 1 else None

    def batches(self, size: int) -> list[slice]:
        """Cut the questions into slices of at most `size` that ask for one domain each."""
        edges = np.flatnonzero(np.diff(self.domains, prepend=-1, append=-1))
        return [
            slice(start, min(start + size, stop))
            for begin, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
            for start in range(begin, stop, size)
        ]

    def queries(self, rows: slice) -> Queries:
        """Return some questions of one domain as a batch with their histories."""
        return self.history.rows(self.users[rows]).to(self.domain_name(rows.start))


def questions_of(split: Split, protocol: Protocol) -> Questions:
    """Ask about every user of the part under test, once for each domain with right answers.

    Args:
        split: The three parts.
        protocol: Says which part is under test and what models learn from.

    Raises:
        InvalidInput: There is nothing to ask, or nothing to learn from.
    """
    exam = split.test if protocol.part == "test" else split.validation
    train = split.train if protocol.fit_on == "train" else split.before_test()
    if len(exam) == 0 or len(train) == 0:
        raise InvalidInput(
            f"protocol '{protocol.name}': expected rows to learn from and rows to ask about, got {len(train)} in "
            f"{protocol.fit_on} and {len(exam)} in {protocol.part}; take another protocol or more data"
        )
    users, items = np.int64(len(exam.user_ids)), np.int64(len(exam.catalogue))
    asked = exam.catalogue.domains[exam.items] * users + exam.users
    keys = np.sort(asked * items + exam.items, kind="stable")
    keys = keys[np.diff(keys, prepend=-1) != 0]
    asked = keys // items
    first = np.flatnonzero(np.diff(asked, prepend=-1))
    return Questions(
        users=(asked[first] % users).astype(np.int32),
        domains=(asked[first] // users).astype(np.int16),
        indptr=np.append(first, len(keys)).astype(np.int64),
        answers=(keys - asked * items).astype(np.int32),
        train=train,
        past=split.past(protocol.part),
    )


def audience(users: Codes, items: Codes, user_count: int, item_count: int) -> tuple[NDArray[np.int64], int]:
    """Count the different users of each item, and the users there are, in time linear in the rows.

    Args:
        users: Int32[N] codes below `user_count`, in any order.
        items: Int32[N] codes below `item_count`.
        user_count: U.
        item_count: I.

    Returns:
        Int64[I], and the number of users with at least one row.

    >>> audience(np.array([1, 0, 1], np.int32), np.array([2, 2, 2], np.int32), 5, 3)
    (array([0, 0, 2]), 2)
    """
    if not _rising(users):
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(users, minlength=user_count))])
        users, items = _by_user(users, items, starts)
    counts, present = _count_audience(users, items, item_count)
    return counts, int(present)


@numba.njit(cache=True, nogil=True)
def _marked(codes: Codes, size: int) -> Bools:  # pragma: no cover - compiled
    """Mark the codes that occur."""
    found = np.zeros(size, dtype=np.bool_)
    for code in codes:
        found[code] = True
    return found


@numba.njit(cache=True, nogil=True)
def _rising(codes: Codes) -> bool:  # pragma: no cover - compiled
    """Is no code smaller than the one before?"""
    for row in range(1, len(codes)):  # noqa: SIM110 - the compiler takes no generator here
        if codes[row] < codes[row - 1]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _by_user(users: Codes, items: Codes, starts: Offsets) -> tuple[Codes, Codes]:  # pragma: no cover - compiled
    """Lay the rows of each user together, by counting."""
    at = starts.copy()
    ordered_users, ordered_items = np.empty_like(users), np.empty_like(items)
    for row in range(len(users)):
        place = at[users[row]]
        ordered_users[place], ordered_items[place] = users[row], items[row]
        at[users[row]] += 1
    return ordered_users, ordered_items


@numba.njit(cache=True, nogil=True)
def _count_audience(
    users: Codes, items: Codes, item_count: int
) -> tuple[NDArray[np.int64], int]:  # pragma: no cover - compiled
    """Count each pair once, rows of a user lying together."""
    counts = np.zeros(item_count, dtype=np.int64)
    last = np.full(item_count, -1, dtype=np.int32)
    present = 0
    for row in range(len(users)):
        if row == 0 or users[row] != users[row - 1]:
            present += 1
        if last[items[row]] != users[row]:
            last[items[row]] = users[row]
            counts[items[row]] += 1
    return counts, present


@numba.njit(cache=True, nogil=True)
def _owned(
    users: Codes, indptr: Offsets, answers: Codes, starts: Offsets, items: Codes
) -> int:  # pragma: no cover - compiled
    """Count the answers that are among the items of their user's history."""
    found = 0
    for row in range(len(users)):
        low, high = indptr[row], indptr[row + 1]
        owned = np.zeros(high - low, dtype=np.bool_)
        for act in range(starts[users[row]], starts[users[row] + 1]):
            place = low + np.searchsorted(answers[low:high], items[act])
            if place < high and answers[place] == items[act]:
                owned[place - low] = True
        found += owned.sum()
    return found
