"""Judge: lists and right answers to numbers, values of each question and intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from crossrec.core.arrays import Bools, Codes, Doubles
from crossrec.core.errors import unknown_name
from crossrec.evaluation.judging.background import OF_A_LIST, Background
from crossrec.evaluation.lists import Lists
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import Questions
from crossrec.evaluation.report import Difference, Number, Slice
from crossrec.evaluation.slices import Part, parts_of
from crossrec.metrics.beyond import coverage, exposure, gini
from crossrec.metrics.ranking import METRICS, Counts, find_hits, rank_metrics
from crossrec.metrics.significance import bootstrap_means, holm, permutation_p_values

__all__ = ["METRIC_NAMES", "Judge", "check_metrics", "corrected"]

_OF_ALL_LISTS = ("coverage", "gini", "exposure_gap", "active_user_gap")


def _names() -> tuple[str, ...]:
    return (*METRICS, *OF_A_LIST, *_OF_ALL_LISTS)


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


def corrected(differences: Sequence[Difference]) -> list[Difference]:
    """Correct p of the sign-flip test, by Holm, for the number of pairs of models compared in each metric."""
    found = list(differences)
    for metric in dict.fromkeys(difference.metric for difference in differences):
        rows = [row for row, difference in enumerate(differences) if difference.metric == metric]
        for row, p in zip(rows, holm(np.array([found[row].p_permutation for row in rows])).tolist(), strict=True):
            found[row] = replace(found[row], p_holm=p)
    return found


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

    @cached_property
    def background(self) -> Background:
        """What the metrics beyond accuracy need to know."""
        return Background(self.questions, self.protocol.repeats, self.protocol.lengths[-1])

    def values(self, lists: Lists) -> dict[str, Doubles]:
        """Return the metrics of each question, "ndcg@10" -> [N].

        An item that never occurs in training cannot be a hit.
        """
        hits, lengths = self._hits(lists), self.protocol.lengths
        found = self._ranked(hits, self.questions.relevant, lengths)
        for name in (name for name in OF_A_LIST if name in self.names):
            for k in lengths:
                value = OF_A_LIST[name](self.background, lists.items[:, :k], hits[:, :k])
                found[self.protocol.named(name, k)] = value
        return found

    def numbers(self, lists: Lists, values: dict[str, Doubles], part: Part | None = None) -> dict[str, Number]:
        """Return the means of values with their intervals, and what is a number of all lists together."""
        rows = np.ones(len(self.questions), dtype=np.bool_) if part is None else part.rows
        numbers = self._means(values, self.questions.users[rows])
        if part is not None and part.by != "domain":
            return numbers
        shelf = None if part is None else self.questions.catalogue.in_domain(part.value)
        for name in (name for name in _OF_ALL_LISTS if name in self.names):
            for k in self.protocol.lengths if part is None else (self.protocol.k,):
                value = self._of_all(name, lists, rows, k, shelf=shelf)
                numbers[self.protocol.named(name, k)] = self._number(value, int(rows.sum()), np.nan, np.nan)
        return numbers

    def slices(self, lists: Lists, values: dict[str, Doubles]) -> list[Slice]:
        """Return the numbers at the main k for each part of the questions."""
        return [
            Slice(part.by, part.value, self.numbers(lists, self._of_part(lists, values, part), part))
            for part in parts_of(self.questions)
        ]

    def differences(self, a: str, b: str, of_a: dict[str, Doubles], of_b: dict[str, Doubles]) -> list[Difference]:
        """Compare two models question by question, not yet `corrected` for other pairs.

        Users are drawn, or their signs flipped, each with all of its questions.
        """
        if self.resamples == 0 or not of_a:
            return []
        table = np.stack([of_a[name] - of_b[name] for name in of_a], axis=1)
        users, seed = self.questions.users, self.protocol.seed
        intervals = bootstrap_means(table, persons=users, resamples=self.resamples, seed=seed)
        flipped = permutation_p_values(table, persons=users, resamples=self.resamples, seed=seed).tolist()
        hashes = {"protocol": self.protocol.hash, "split": self.split_hash}
        return [
            Difference(a, b, name, found.value, found.low, found.high, found.p, p, p, **hashes)
            for name, found, p in zip(of_a, intervals, flipped, strict=True)
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

    def _hits(self, lists: Lists, counting: Bools | None = None) -> Bools:
        """Mark the places with a right answer that training had, and that counts."""
        hits = find_hits(lists.items, self.questions.indptr, self.questions.answers)
        trained = self.questions.trained
        hits &= (trained if counting is None else trained & counting)[np.maximum(lists.items, 0)]
        return hits

    def _ranked(self, hits: Bools, relevant: Counts, lengths: Sequence[int]) -> dict[str, Doubles]:
        """Return the ranking metrics that were asked for."""
        chosen = [name for name in self.names if name in METRICS]
        found = rank_metrics(hits, relevant, lengths, chosen)
        return {self.protocol.named(name, k): found[f"{name}@{k}"] for k in lengths for name in chosen}

    def _of_part(self, lists: Lists, values: dict[str, Doubles], part: Part) -> dict[str, Doubles]:
        """Return the values of a part's questions at the main k: ranking metrics alone where some answers count."""
        k = self.protocol.k
        if part.items is None:
            names = [self.protocol.named(name, k) for name in self.names]
            return {name: values[name][part.rows] for name in names if name in values}
        relevant = self._answers_in(part.items)
        return self._ranked(self._hits(lists, part.items)[part.rows], relevant[part.rows], (k,))

    def _of_all(self, name: str, lists: Lists, rows: Bools, k: int, *, shelf: Bools | None) -> float:
        """Return one number of some lists together, of the items on the shelf."""
        items = lists.items[rows, :k]
        if name == "exposure_gap":
            return self.background.exposure_gap(items, rows)
        if name == "active_user_gap":
            gains = METRICS["ndcg"](self._hits(lists)[rows, :k], self.questions.relevant[rows])
            return self.background.active_user_gap(gains, rows)
        shown = exposure(items, len(self.questions.catalogue))
        return (coverage if name == "coverage" else gini)(shown if shelf is None else shown[shelf])

    def _answers_in(self, items: Bools) -> Counts:
        """Count the answers of each question that are among some items."""
        running = np.concatenate([[0], np.cumsum(items[self.questions.answers])])
        return np.diff(running[self.questions.indptr])
