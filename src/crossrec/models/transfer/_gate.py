"""The gate: for each domain and length of history there, alone, across or a blend, by what was held out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Doubles, Floats
from crossrec.models.transfer._blend import Blend
from crossrec.models.transfer._domains import counts_by_domain
from crossrec.models.transfer._evidence import Evidence
from crossrec.models.transfer._leading import Lead, leading
from crossrec.models.transfer._trying import ALONE, DIALS, judged

__all__ = ["STAGES", "Choice", "Groups", "decide", "decided", "dials_of", "stage_of", "untold"]

STAGES = ("0", "1-2", "3-5", "6-10", "11+")
"""Lengths of a history in the target domain."""
_FROM = np.array([1, 3, 6, 11])
_FEWEST = 20
"""Persons below which nothing is told of a group."""
_LEVEL = 0.95


@dataclass(frozen=True)
class Choice:
    """What the gate does for one group of persons, and why.

    Args:
        domain: The target.
        history: How many items they have had there, one of `STAGES`.
        control: Weight of the model of the target alone.
        transfer: Weight of the model of all domains; 0 is a closed gate.
        floor: Weight of the target's popularity.
        difference: NDCG@10 of the chosen weights with transfer, or of those that come nearest, less that of the best
            without; None where too few were asked.
        low: Lower end of its interval, persons drawn, 95 % for all weights that were tried at once.
        high: Upper end.
        persons: How many were asked who did something in other domains.
        reason: The decision in words.
        floor_alone: Weight of popularity for who did nothing in other domains; the rest is that of the target alone.
    """

    domain: str
    history: str
    control: float
    transfer: float
    floor: float
    difference: float | None
    low: float | None
    high: float | None
    persons: int
    reason: str
    floor_alone: float = 0.0

    @property
    def is_open(self) -> bool:
        """Does anything come from other domains?"""
        return self.transfer > 0

    def __str__(self) -> str:
        parts = {"target alone": self.control, "transfer": self.transfer, "popularity": self.floor}
        mixed = " + ".join(f"{weight:.2g} {name}" for name, weight in parts.items() if weight)
        return f"{self.domain}, {self.history} items had: {mixed} ({self.reason})"


def stage_of(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the place in `STAGES` of lengths of history."""
    return np.searchsorted(_FROM, counts, side="right")


def dials_of(choices: Sequence[Choice], domains: int) -> Floats:
    """Return Float32[D, 5, 2, 3], the parts' weights: first of who did nothing elsewhere, then of who did.

    Args:
        choices: One for each domain and length of history, in this order.
        domains: D.
    """
    alone = [(1 - one.floor_alone, 0.0, one.floor_alone) for one in choices]
    across = [(one.control, one.transfer, one.floor) for one in choices]
    dials: Floats = np.stack([alone, across], axis=1).astype(np.float32)
    return dials.reshape(domains, len(STAGES), 2, 3)


def decided(blend: Blend, evidence: Evidence, names: Sequence[str], seed: int) -> list[Choice]:
    """Ask all questions and choose for each domain and length of history; see `decide`.

    Args:
        blend: Parts that learned what the evidence left to learn from.
        evidence: The questions.
        names: The domains' names by code.
        seed: Of the draws.
    """
    counts = counts_by_domain(evidence.histories.csr(), blend.catalogue.domains, len(names))
    own = counts[np.arange(len(evidence)), evidence.domains]
    groups = Groups(evidence.users, evidence.domains, stage_of(own), counts.sum(axis=1) > own)
    return decide(judged(blend, evidence), groups, names, seed)


@dataclass(frozen=True, eq=False)
class Groups:
    """Of whom N questions are, and in which group each is.

    Args:
        users: Int32[N] whose question it is.
        domains: Int16[N] the domain asked for.
        stages: Int64[N] place in `STAGES`.
        elsewhere: Bool[N], has the person done anything in other domains?
    """

    users: Codes
    domains: NDArray[np.int16]
    stages: NDArray[np.int64]
    elsewhere: Bools


def decide(table: Doubles, groups: Groups, names: Sequence[str], seed: int) -> list[Choice]:
    """Choose for each domain and stage.

    The gate opens where the interval of the difference is above 0; popularity is mixed into a shut one by the same
    rule. Where a group alone cannot tell one or the other, all domains together are asked about the same length of
    history; a group that did worse itself with what they choose stays closed.

    Args:
        table: Float64[N, C], see `judged`.
        groups: Of whom the N questions are.
        names: The domains' names by code.
        seed: Of the draws.
    """
    everywhere = [_group(table, groups, groups.stages == stage, stage, seed) for stage in range(len(STAGES))]
    choices = []
    for code, name in enumerate(names):
        for stage, label in enumerate(STAGES):
            own = _group(table, groups, (groups.stages == stage) & (groups.domains == code), stage, seed)
            choices.append(_chosen(name, label, own, everywhere[stage]))
    return choices


def untold(names: Sequence[str], reason: str) -> list[Choice]:
    """Return closed gates for all groups: the target alone, or its popularity for who had nothing there."""
    return [
        _closed(name, label, _Group(0, None, _usual(STAGES.index(label))), reason) for name in names for label in STAGES
    ]


@dataclass(frozen=True)
class _Group:
    """Some questions: persons who did something elsewhere, what leads with transfer, and the best weights without it.

    Those without transfer are the best for everybody; -1 where too few were asked.
    """

    persons: int
    across: Lead | None
    alone: int
    means: Doubles | None = None


def _group(table: Doubles, groups: Groups, rows: Bools, stage: int, seed: int) -> _Group:
    """Look at one group of questions."""
    alone, usual = -1, _usual(stage)
    if len(np.unique(groups.users[rows])) >= _FEWEST:
        others = [place for place in range(len(ALONE)) if place != usual]
        lead = leading(table[rows], groups.users[rows], others, [usual], level=_LEVEL, seed=seed)
        alone = lead.place if lead.low > 0 else usual
    both = rows & groups.elsewhere
    persons = len(np.unique(groups.users[both]))
    if persons < _FEWEST:
        return _Group(persons, None, alone)
    bases, tried = range(len(ALONE)), range(len(ALONE), len(DIALS))
    found = leading(table[both], groups.users[both], tried, bases, level=_LEVEL, seed=seed)
    return _Group(persons, found, alone, table[both].mean(axis=0))


def _usual(stage: int) -> int:
    """Return the weights that need no evidence: the target alone, or its popularity for who had nothing there."""
    return 1 if stage == 0 else 0


def _chosen(name: str, label: str, own: _Group, everywhere: _Group) -> Choice:
    """Decide for one group, by itself or by all domains together."""
    mine, all_of_them, usual = own.across, everywhere.across, _usual(STAGES.index(label))
    if own.alone in {-1, usual}:
        own = dataclasses.replace(own, alone=usual if everywhere.alone < 0 else everywhere.alone)
    if mine is not None and mine.low > 0:
        return _opened(name, label, mine, own, "transfer helps here")
    if mine is not None and mine.high < 0:
        return _closed(name, label, own, "transfer harms here")
    if all_of_them is not None and all_of_them.low > 0 and not _behind(own, all_of_them.place):
        return _opened(
            name, label, all_of_them, own, "too few here to tell, and transfer helps in all domains together"
        )
    return _closed(name, label, own, _too_few(own) if mine is None else "whether transfer helps cannot be told")


def _behind(own: _Group, place: int) -> bool:
    """Is the mean of some weights below that of weights without transfer in this group?"""
    return own.means is not None and bool(own.means[place] < own.means[: len(ALONE)].max())


def _too_few(own: _Group) -> str:
    return f"{own.persons} persons were asked, {_FEWEST} are needed to tell anything"


def _opened(name: str, label: str, lead: Lead, own: _Group, reason: str) -> Choice:
    return _choice((name, label), lead.place, lead, own, reason)


def _closed(name: str, label: str, own: _Group, reason: str) -> Choice:
    return _choice((name, label), own.alone, own.across, own, reason)


def _choice(group: tuple[str, str], place: int, lead: Lead | None, own: _Group, reason: str) -> Choice:
    (control, transfer, floor), (name, label) = DIALS[place].tolist(), group
    value, low, high = (None, None, None) if lead is None else (lead.value, lead.low, lead.high)
    alone = float(DIALS[own.alone, 2])
    return Choice(name, label, control, transfer, floor, value, low, high, own.persons, reason, alone)
