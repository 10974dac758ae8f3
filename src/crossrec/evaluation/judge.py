"""Judge: lists and right answers to numbers, values of each question and intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Codes, Doubles
from crossrec.core.errors import unknown_name
from crossrec.evaluation.lists import Lists
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import Questions
from crossrec.evaluation.report import Difference, Number, Slice
from crossrec.evaluation.slices import Part, parts_of
from crossrec.metrics.beyond import coverage, exposure, gini, novelty, self_information
from crossrec.metrics.ranking import METRICS, Counts, find_hits, rank_metrics
from crossrec.metrics.significance import bootstrap_means

__all__ = ["METRIC_NAMES", "Judge", "check_metrics"]

_OF_ALL_LISTS: dict[str, Callable[[Counts], float]] = {"coverage": coverage, "gini": gini}


def _names() -> tuple[str, ...]:
    return (*METRICS, "novelty", *_OF_ALL_LISTS)


METRIC_NAMES = _names()
"""The metrics a report can show, in its order."""


def check_metrics(names: Iterable[str] | None) -> tuple[str, ...]:
    """Return the metrics to show, all for None.

    Raises:
        NotFound: No metric of that name.
    """
    chosen = _names() if names is None else tuple(names)
    for name in chosen:
        if name not in _names():
            raise unknown_name("metric", name, _names())
    return chosen


@dataclass(frozen=True, eq=False)
class Judge:
    """Turns the lists of any model into numbers about the same questions.

    Args:
        questions: What was asked.
        protocol: How.
        split_hash: Of what rows.
        names: Metrics to show.
        resamples: Bootstrap draws for intervals; 0 leaves them out.
    """

    questions: Questions
    protocol: Protocol
    split_hash: str
    names: tuple[str, ...]
    resamples: int = 1000

    def values(self, lists: Lists, part: Part | None = None) -> dict[str, Doubles]:
        """Return the metrics of each question, "ndcg@10" -> [N], or [rows of the part] at the main k.

        An item that never occurs in training cannot be a hit.
        """
        asked, items = self.questions, lists.items
        cutoffs: Sequence[int] = self.protocol.lengths if part is None else (self.protocol.k,)
        counting = asked.trained if part is None or part.items is None else asked.trained & part.items
        hits = find_hits(items, asked.indptr, asked.answers)
        hits &= counting[np.maximum(items, 0)]
        relevant = asked.relevant if part is None or part.items is None else self._answers_in(part.items)
        if part is not None:
            hits, relevant, items = hits[part.rows], relevant[part.rows], items[part.rows]
        values = rank_metrics(hits, relevant, cutoffs, [name for name in self.names if name in METRICS])
        if "novelty" in self.names and (part is None or part.items is None):
            bits = self_information(*asked.audience)
            values |= {f"novelty@{k}": novelty(items[:, :k], bits) for k in cutoffs}
        return values

    def numbers(self, lists: Lists, values: dict[str, Doubles], part: Part | None = None) -> dict[str, Number]:
        """Return the means of values with their intervals, and coverage and Gini of all lists together."""
        rows = np.ones(len(self.questions), dtype=np.bool_) if part is None else part.rows
        numbers = self._means(values, self.questions.users[rows])
        if part is not None and part.by != "domain":
            return numbers
        shelf = None if part is None else self.questions.catalogue.in_domain(part.value)
        for name, function in _OF_ALL_LISTS.items():
            for k in (self.protocol.lengths if part is None else (self.protocol.k,)) if name in self.names else ():
                shown = exposure(lists.items[rows, :k], len(self.questions.catalogue))
                value = function(shown if shelf is None else shown[shelf])
                numbers[f"{name}@{k}"] = self._number(value, int(rows.sum()), np.nan, np.nan)
        return numbers

    def slices(self, lists: Lists) -> list[Slice]:
        """Return the numbers at the main k for each part of the questions."""
        return [
            Slice(part.by, part.value, self.numbers(lists, self.values(lists, part), part))
            for part in parts_of(self.questions)
        ]

    def differences(self, a: str, b: str, of_a: dict[str, Doubles], of_b: dict[str, Doubles]) -> list[Difference]:
        """Compare two models question by question; users are drawn, each with all of its questions."""
        if self.resamples == 0 or not of_a:
            return []
        table = np.stack([of_a[name] - of_b[name] for name in of_a], axis=1)
        intervals = bootstrap_means(
            table, persons=self.questions.users, resamples=self.resamples, seed=self.protocol.seed
        )
        hashes = {"protocol": self.protocol.hash, "split": self.split_hash}
        return [
            Difference(a, b, name, found.value, found.low, found.high, found.p, **hashes)
            for name, found in zip(of_a, intervals, strict=True)
        ]

    def _means(self, values: dict[str, Doubles], persons: Codes) -> dict[str, Number]:
        """Take the mean of each metric over the questions that have a value."""
        if not values:
            return {}
        table = np.stack(list(values.values()), axis=1)
        if self.resamples:
            found = bootstrap_means(table, persons=persons, resamples=self.resamples, seed=self.protocol.seed)
            return {
                name: self._number(one.value, one.n, one.low, one.high) for name, one in zip(values, found, strict=True)
            }
        known = (~np.isnan(table)).sum(axis=0)
        means = np.divide(np.nansum(table, axis=0), known, out=np.full(len(known), np.nan), where=known > 0)
        return {
            name: self._number(float(mean), int(n), np.nan, np.nan)
            for name, mean, n in zip(values, means, known, strict=True)
        }

    def _number(self, value: float, n: int, low: float, high: float) -> Number:
        return Number(value, n, low, high, self.protocol.hash, self.split_hash)

    def _answers_in(self, items: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Counts:
        """Count the answers of each question that are among some items."""
        running = np.concatenate([[0], np.cumsum(items[self.questions.answers])])
        return np.diff(running[self.questions.indptr])
