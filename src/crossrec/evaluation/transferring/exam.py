"""Exam: questions about one domain each, with a history in all domains, asked of models of any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Doubles, Offsets
from crossrec.core.errors import InvalidInput, Refused
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.data.preparing.touches import touches_of
from crossrec.evaluation.leakage import leakage_of
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import questions_of
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.models.histories import Histories
from crossrec.models.recommender import Recommender

__all__ = ["FIRST_TOUCH", "Exam", "exam_of", "of_domains"]

FIRST_TOUCH = "first-touch"
"""Protocol: train before a moment; each person's first day in a domain since then, with all they did before it."""
_CELLS = 16_000_000


@dataclass(frozen=True, eq=False)
class Exam:
    """N questions that can be answered: each has a right answer among the trained items, and only such ones count.

    Args:
        train: What models learn from.
        users: Int32[N] whose question it is.
        domains: Int16[N] the domain asked for; questions of one lie together.
        indptr: Int64[N + 1] row pointers into `answers`.
        answers: Int32[M] right items, sorted within a row.
        histories: N histories, in all domains.
        asked: Questions there were before those without a trained answer were left out.
        told: The protocol and what it was told; "warning" is that of `Leakage`, where there is one.
    """

    train: Interactions
    users: Codes
    domains: NDArray[np.int16]
    indptr: Offsets
    answers: Codes
    histories: Queries
    asked: int
    told: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Int64[N, D] number of different items of each domain in each history."""
        rows, size = self.histories.csr(), len(self.train.catalogue.domain_ids)
        row = np.repeat(np.arange(len(self)), np.diff(rows.indptr))
        cells = np.bincount(row * size + self.train.catalogue.domains[rows.indices], minlength=len(self) * size)
        return np.asarray(cells.reshape(len(self), size), dtype=np.int64)

    @property
    def names(self) -> list[str]:
        """The domains' names by code."""
        return self.train.catalogue.domain_names

    def batches(self, rows: Bools) -> list[tuple[NDArray[np.int64], str]]:
        """Cut chosen questions into batches of bounded memory that ask for one domain each, with its name."""
        found, step = [], max(1, min(8192, _CELLS // max(1, len(self.train.catalogue))))
        for code in np.unique(self.domains[rows]).tolist():
            place = np.flatnonzero(rows & (self.domains == code))
            found += [(place[start : start + step], self.names[code]) for start in range(0, len(place), step)]
        return found

    def queries(self, place: NDArray[np.int64], domain: str) -> Queries:
        """Return some histories as queries for a domain."""
        return Histories(self.train.user_ids, self.histories).rows(place.astype(np.int32)).to(domain)

    def ndcg(self, model: Recommender, rows: Bools, k: int) -> Doubles:
        """Return Float64[N], NDCG@k of a fitted model on the chosen questions, NaN elsewhere.

        Args:
            model: Over all items, or over those of some domains; what else a history has is unknown to it.
            rows: Bool[N].
            k: Length of the lists.
        """
        values = np.full(len(self), np.nan)
        own = np.append(self.train.catalogue.ids.encode(model.catalogue_.ids.series), np.int32(-1))
        for place, domain in self.batches(rows):
            lists = own[model.recommend(self.queries(place, domain), k).items]
            width = lists.shape[1]
            counts = np.diff(self.indptr)[place]
            pointers = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
            flat = np.arange(pointers[-1]) + np.repeat(self.indptr[place] - pointers[:-1], counts)
            hits = find_hits(lists.astype(np.int32), pointers, self.answers[flat])
            values[place] = rank_metrics(hits, counts, (width,), ("ndcg",))[f"ndcg@{width}"]
        return values


def exam_of(data: Interactions, protocol: str, *, seed: int = 0, quantile: float = 0.5) -> Exam:
    """Split data and ask.

    Args:
        data: Several domains.
        protocol: "first-touch", or a protocol of `crossrec.evaluation.protocol`.
        seed: Fixes what the split leaves to chance.
        quantile: Share of the rows before the moment of "first-touch", in (0, 1).

    Raises:
        NotFound: No such protocol.
        Refused: The data cannot bear it.
        InvalidInput: The quantile is out of range, or nothing can be asked.
    """
    liked = data.liked
    if protocol == FIRST_TOUCH:
        return _first_touch(liked, quantile)
    chosen = Protocol(protocol, seed=seed)
    split = chosen.split(liked)
    asked = questions_of(split, chosen)
    warning = leakage_of(split, chosen).warning
    told = {**chosen.to_json(), "split_hash": split.fingerprint[:16], "warning": warning}
    found = Exam(
        train=asked.train,
        users=asked.users,
        domains=asked.domains,
        indptr=asked.indptr,
        answers=asked.answers,
        histories=asked.history.rows(asked.users),
        asked=len(asked),
        told=told,
    )
    return _answerable(found)


def of_domains(data: Interactions, codes: list[int]) -> Interactions:
    """Return the rows and the items of some domains; ids keep their spelling."""
    keep = np.flatnonzero(np.isin(data.catalogue.domains, codes)).astype(np.int32)
    own = np.full(len(data.catalogue), -1, dtype=np.int32)
    own[keep] = np.arange(len(keep), dtype=np.int32)
    rows = data.take(own[data.items] >= 0)
    return replace(rows, items=own[rows.items], catalogue=data.catalogue.restrict(keep))


def _first_touch(data: Interactions, quantile: float) -> Exam:
    """Cut at a moment, and ask for each person's first day in each domain since then."""
    if not 0 < quantile < 1:
        raise InvalidInput(f"quantile: expected a share in (0, 1), got {quantile}")
    if not data.has_times:
        names = ", ".join(data.untimed_domains()) or "there are no rows"
        raise Refused(f"protocol '{FIRST_TOUCH}' needs a time in every row; none in: {names}. Take 'random' or 'given'")
    since = int(np.sort(data.times)[int(quantile * len(data))])
    days = touches_of(data, since, first=True)
    rows = hashlib.sha256(f"{data.fingerprint} {since}".encode()).hexdigest()[:16]
    told = {"name": FIRST_TOUCH, "since": since, "quantile": quantile, "split_hash": rows}
    train = data.take(data.times < since)
    found = Exam(train, days.users, days.domains, days.indptr, days.answers, days.histories, len(days), told)
    return _answerable(found)


def _answerable(exam: Exam) -> Exam:
    """Keep trained answers that are not in the history, and the questions that have one."""
    train, size = exam.train, len(exam)
    trained = np.bincount(train.items, minlength=len(train.catalogue)) > 0
    row, width = np.repeat(np.arange(size), np.diff(exam.indptr)), np.int64(len(train.catalogue))
    seen = exam.histories.csr()
    owned = np.repeat(np.arange(size), np.diff(seen.indptr)) * width + seen.indices
    good = trained[exam.answers] & ~np.isin(row * width + exam.answers, owned)
    counts = np.bincount(row[good], minlength=size)
    keep = np.flatnonzero(counts)
    if len(keep) == 0 or len(train) == 0:
        raise InvalidInput(
            f"protocol '{exam.told['name']}': expected questions with an answer that was trained, got none of {size}; "
            "take another protocol or more data"
        )
    return Exam(
        train=train,
        users=exam.users[keep],
        domains=exam.domains[keep],
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts[keep])]),
        answers=exam.answers[good],
        histories=Histories(train.user_ids, exam.histories).rows(keep.astype(np.int32)),
        asked=exam.asked,
        told=exam.told,
    )
