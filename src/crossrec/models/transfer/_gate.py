"""The gate: for each domain and length of history there, alone, across or a blend, by what was held out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles, Floats
from crossrec.core.clock import random
from crossrec.core.recommendations import top_k
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.metrics.significance import Interval, bootstrap_mean
from crossrec.models.transfer._blend import Blend, weighed
from crossrec.models.transfer._evidence import Evidence

__all__ = ["STAGES", "Choice", "decide", "judged", "stage_of", "untold"]

STAGES = ("0", "1-2", "3-5", "6-10", "11+")
"""Lengths of a history in the target domain."""
_FROM = np.array([1, 3, 6, 11])
_ALONE = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.75, 0.0, 0.25), (0.5, 0.0, 0.5), (0.25, 0.0, 0.75))
"""Weights of control, transfer and floor that take nothing from other domains."""
_ACROSS = (
    (0.0, 1.0, 0.0),
    *(
        (rest * (1 - share), 1 - rest, rest * share)
        for rest in (0.25, 0.5, 0.75, 0.9, 0.95)
        for share in (0.0, 0.5, 1.0)
    ),
)
_DIALS: Floats = np.array([*_ALONE, *_ACROSS], dtype=np.float32)
_K = 10
_FEWEST = 20
"""Persons below which nothing is told of a group."""
_CELLS = 4_000_000


@dataclass(frozen=True)
class Choice:
    """What the gate does for one group of persons, and why.

    Args:
        domain: The target.
        history: How many items they have had there, one of `STAGES`.
        control: Weight of the model of the target alone.
        transfer: Weight of the model of all domains; 0 is a closed gate.
        floor: Weight of the target's popularity.
        difference: NDCG@10 of the best blend with transfer less that of the best without, each chosen on one half of
            the persons and judged on the other; None where too few were asked.
        low: Lower end of its 95 % interval, persons drawn.
        high: Upper end.
        persons: How many were asked.
        reason: The decision in words.
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


def judged(blend: Blend, evidence: Evidence) -> Doubles:
    """Return Float64[N, C], NDCG@10 of each question under each of the weights that are tried."""
    table = np.zeros((len(evidence), len(_DIALS)))
    edges = np.flatnonzero(np.diff(evidence.domains, prepend=-1, append=-1))
    for begin, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        code = int(evidence.domains[begin])
        step = max(1, _CELLS // max(1, len(blend.catalogue)))
        for start in range(begin, stop, step):
            rows = slice(start, min(start + step, stop))
            table[rows] = _of_rows(blend, evidence, rows, code)
    return table


def decide(
    table: Doubles, evidence: Evidence, stages: NDArray[np.int64], names: Sequence[str], seed: int
) -> list[Choice]:
    """Choose for each domain and stage.

    The gate opens where the interval of the difference is above 0; popularity is mixed into a shut one by the same
    rule. Where a group alone cannot tell one or the other, all domains together are asked about the same length of
    history; a group that says it is harmed stays closed.

    Args:
        table: Float64[N, C], see `judged`.
        evidence: The N questions.
        stages: Int64[N] place in `STAGES` of each.
        names: The domains' names by code.
        seed: Of the halves and of the bootstrap.
    """
    everywhere = [_group(table, evidence, stages == stage, stage, seed) for stage in range(len(STAGES))]
    choices = []
    for code, name in enumerate(names):
        for stage, label in enumerate(STAGES):
            own = _group(table, evidence, (stages == stage) & (evidence.domains == code), stage, seed)
            choices.append(_chosen(name, label, own, everywhere[stage]))
    return choices


def untold(names: Sequence[str], reason: str) -> list[Choice]:
    """Return closed gates for all groups: the target alone, or its popularity for who had nothing there."""
    return [
        _closed(name, label, _Group(0, None, _usual(STAGES.index(label)), len(_ALONE)), reason)
        for name in names
        for label in STAGES
    ]


@dataclass(frozen=True)
class _Group:
    """Some questions: persons, the difference of transfer, and the best weights without and with it."""

    persons: int
    difference: Interval | None
    alone: int
    across: int


def _of_rows(blend: Blend, evidence: Evidence, rows: slice, code: int) -> Doubles:
    """Return NDCG@10 of some questions about one domain under all weights."""
    asked, items = evidence.histories[rows], blend.items[code]
    own = np.full(len(blend.catalogue), -1, dtype=np.int32)
    own[items] = np.arange(len(items), dtype=np.int32)
    pointers = evidence.indptr[rows.start : rows.stop + 1]
    answers, indptr = own[evidence.answers[pointers[0] : pointers[-1]]], pointers - pointers[0]
    history = asked.csr()[:, items].tocsr()
    history.sort_indices()
    seen = history.indptr.astype(np.int64), history.indices.astype(np.int32)
    views = blend.views(asked, code)
    found = np.empty((len(asked), len(_DIALS)))
    for place, dial in enumerate(_DIALS):
        lists, _ = top_k(weighed(views, np.repeat(dial[None, :], len(asked), axis=0)), _K, seen=seen)
        hits, width = find_hits(lists, indptr, answers), lists.shape[1]
        found[:, place] = rank_metrics(hits, np.diff(indptr), (width,), ("ndcg",))[f"ndcg@{width}"]
    return found


def _group(table: Doubles, evidence: Evidence, rows: NDArray[np.bool_], stage: int, seed: int) -> _Group:
    """Look at one group of questions."""
    users = evidence.users[rows]
    persons = len(np.unique(users))
    if persons < _FEWEST:
        return _Group(persons, None, -1, -1)
    part, usual = table[rows], _usual(stage)
    half = random(seed).integers(0, 2, size=int(evidence.users.max()) + 1)[users]
    difference, gain = np.zeros(len(part)), np.zeros(len(part))
    for side in (0, 1):
        learned, asked = part[half != side], half == side
        if len(learned) == 0 or not asked.any():
            return _Group(persons, None, -1, -1)
        alone, across = _best(learned)
        difference[asked] = part[asked, across] - part[asked, alone]
        gain[asked] = part[asked, alone] - part[asked, usual]
    alone, across = _best(part)
    if not bootstrap_mean(gain, persons=users, seed=seed).low > 0:
        alone = usual
    return _Group(persons, bootstrap_mean(difference, persons=users, seed=seed), alone, across)


def _usual(stage: int) -> int:
    """Return the weights that need no evidence: the target alone, or its popularity for who had nothing there."""
    return 1 if stage == 0 else 0


def _best(table: Doubles) -> tuple[int, int]:
    """Return the places of the best weights without and with transfer; of equal ones the first."""
    means, size = table.mean(axis=0), len(_ALONE)
    return int(np.argmax(means[:size])), size + int(np.argmax(means[size:]))


def _chosen(name: str, label: str, own: _Group, everywhere: _Group) -> Choice:
    """Decide for one group, by itself or by all domains together."""
    mine, all_of_them = own.difference, everywhere.difference
    if own.alone == _usual(STAGES.index(label)) and everywhere.alone >= 0:
        own = dataclasses.replace(own, alone=everywhere.alone)
    if mine is not None and mine.low > 0:
        return _opened(name, label, own, own, "transfer helps here")
    if mine is not None and mine.high < 0:
        return _closed(name, label, own, "transfer harms here")
    if all_of_them is not None and all_of_them.low > 0:
        return _opened(name, label, everywhere, own, "too few here to tell, and transfer helps in all domains together")
    if mine is not None:
        return _closed(name, label, own, "whether transfer helps cannot be told")
    if everywhere.alone >= 0:
        return _closed(
            name, label, dataclasses.replace(everywhere, persons=own.persons, difference=None), _too_few(own)
        )
    return dataclasses.replace(untold([name], _too_few(own))[int(STAGES.index(label))], persons=own.persons)


def _too_few(own: _Group) -> str:
    return f"{own.persons} persons were asked, {_FEWEST} are needed to tell anything"


def _opened(name: str, label: str, chosen: _Group, own: _Group, reason: str) -> Choice:
    return _choice((name, label), chosen.across, own.persons, chosen.difference, reason)


def _closed(name: str, label: str, own: _Group, reason: str) -> Choice:
    return _choice((name, label), own.alone, own.persons, own.difference, reason)


def _choice(group: tuple[str, str], place: int, persons: int, found: Interval | None, reason: str) -> Choice:
    control, transfer, floor = _DIALS[place].tolist()
    difference, low, high = (None, None, None) if found is None else (found.value, found.low, found.high)
    name, label = group
    return Choice(name, label, control, transfer, floor, difference, low, high, persons, reason)
