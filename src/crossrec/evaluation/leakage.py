"""Leakage: does a split let a model know what it should not of the questions it is asked?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Times
from crossrec.core.event import NO_TIME
from crossrec.core.interactions import SPLITS, Interactions
from crossrec.data.split import Split
from crossrec.evaluation.protocol import Protocol

__all__ = ["Leakage", "leakage_of"]

_SAFE = "global-time"


@dataclass(frozen=True)
class Leakage:
    """What a model could know of the time after the right answers, counted in answers that have a time.

    Args:
        protocol: Name of the protocol.
        answers: Rows under test.
        timed: Those of them with a time: only these can be looked at.
        after: Answers with an act in training, of anybody, that is later.
        later_share: Mean over answers of the share of training acts that are later; NaN where none is timed.
        own_after: Answers whose person has an act, in training or in the history that is asked with, that is later.
        own_users: Persons with such an answer.
        early_items: Answers whose item training has, but only at later times: nobody could have known it.
        asked: Persons that are tested in a domain; one in two domains counts twice.
        asked_twice: Those of them whom a validation part from the source asks in the same domain; its acts are in the
            history that they are tested with.
        warmed: Those of them who have no act of training there: without the validation part they would be new.
    """

    protocol: str
    answers: int
    timed: int
    after: int
    later_share: float
    own_after: int
    own_users: int
    early_items: int
    asked: int
    asked_twice: int
    warmed: int

    @property
    def warning(self) -> str:
        """Say what is wrong in one sentence, or nothing."""
        return "; ".join(filter(None, (self._of_time, self._of_persons)))

    @property
    def _of_persons(self) -> str:
        if not self.warmed:
            return ""
        return (
            f"validation and test ask the same persons in the same domain: {self.warmed:,} of {self.asked:,} have no "
            "act of training there and are tested with their acts of validation as history; if they should be new to "
            "the domain, leave the validation part out of the data"
        )

    @property
    def _of_time(self) -> str:
        if self.after or self.own_after:
            return (
                f"the future is in training: {self.after:,} of {self.timed:,} right answers are older than some act "
                f"that was learned from, the average one than {self.later_share:.1%} of all; {self.own_after:,} are "
                f"older than a known act of the same person; {self.early_items:,} are of items that training meets "
                "only later; 'global-time' lets none in"
            )
        if self.timed < self.answers and self.protocol != _SAFE:
            return (
                f"'{self.protocol}' lets the future into training, and how much cannot be counted: "
                f"{self.answers - self.timed:,} of {self.answers:,} right answers have no time"
            )
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return the counts and the warning."""
        return {**asdict(self), "warning": self.warning}


def leakage_of(split: Split, protocol: Protocol) -> Leakage:
    """Compare the times of the answers with those of what is learned from and asked with.

    Acts of the same moment are not later. Acts without a time are passed over.

    Args:
        split: The parts.
        protocol: Says which part is under test and what models learn from.
    """
    exam = split.test if protocol.part == "test" else split.validation
    train = split.train if protocol.fit_on == "train" else split.before_test()
    asked, learned = _timed(exam), _timed(train)
    moments = np.sort(learned.times)
    later = len(moments) - np.searchsorted(moments, asked.times, side="right")
    own = np.full(len(exam.user_ids), NO_TIME, dtype=np.int64)
    for part in (learned, *map(_timed, split.past(protocol.part))):
        np.maximum.at(own, part.users, part.times)
    own_after = own[asked.users] > asked.times
    first = _first_times(learned)
    return Leakage(
        protocol=protocol.name,
        answers=len(exam),
        timed=len(asked),
        after=int((later > 0).sum()),
        later_share=float(later.mean() / max(len(moments), 1)) if len(asked) else float("nan"),
        own_after=int(own_after.sum()),
        own_users=len(np.unique(asked.users[own_after])),
        early_items=int((first[asked.items] > asked.times).sum()),
        **_asked_twice(split, protocol),
    )


def _asked_twice(split: Split, protocol: Protocol) -> dict[str, int]:
    """Count the persons, by domain, that are asked by a validation part of the source and by the test part."""
    exam = split.test if protocol.part == "test" else split.validation
    tested, given = _persons(exam), split.validation
    if protocol.part == "test" and given.splits is not None:
        given = given.take(given.splits == SPLITS.index("valid"))  # what was carved from train is lent, and given back
        twice = np.intersect1d(tested, _persons(given))
    else:
        twice = tested[:0]
    warmed = len(np.setdiff1d(twice, _persons(split.train))) if len(twice) else 0
    return {"asked": len(tested), "asked_twice": len(twice), "warmed": warmed}


def _persons(rows: Interactions) -> NDArray[np.int64]:
    """Return Int64, each pair of a person and a domain with a row once, as one number."""
    width = np.int64(len(rows.catalogue.domain_ids))
    return np.unique(rows.users * width + rows.catalogue.domains[rows.items])


def _timed(rows: Interactions) -> Interactions:
    """Return the rows with a time."""
    timed = rows.times != NO_TIME
    return rows if timed.all() else rows.take(timed)


def _first_times(rows: Interactions) -> Times:
    """Return Int64[I], the first time of each item, `NO_TIME` for one without."""
    never = np.iinfo(np.int64).max
    first = np.full(len(rows.catalogue), never, dtype=np.int64)
    np.minimum.at(first, rows.items, rows.times)
    first[first == never] = NO_TIME
    return first
