"""Leaderboard: models in the order of one metric, with what each costs and how sure the order is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossrec.evaluation.comparing.words import markdown, terminal
from crossrec.evaluation.report import ModelReport, Report, without_nan

__all__ = ["SCHEMA", "Entry", "Gap", "Leaderboard"]

SCHEMA = 1


@dataclass(frozen=True)
class Gap:
    """How much more a model has than another on the same questions.

    Args:
        to: The other model.
        value: The mean difference.
        low: Lower end of its 95 % paired bootstrap interval.
        high: Upper end.
        p: Of the permutation test.
        p_holm: The same, corrected for all differences of the leaderboard.
    """

    to: str
    value: float
    low: float
    high: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class Entry:
    """One model of a leaderboard.

    Args:
        name: As the caller named it.
        baseline: Is it one of those that are always there?
        report: Its numbers; None where it failed.
        failure: Why it failed; empty where it did not.
        to_best: Its gap to the best; None for the best itself, for one that failed, and without draws.
        to_baseline: Its gap to the best baseline, likewise.
    """

    name: str
    baseline: bool
    report: ModelReport | None
    failure: str = ""
    to_best: Gap | None = None
    to_baseline: Gap | None = None


@dataclass(frozen=True)
class Leaderboard:
    """What `compare` found out.

    Args:
        goal: The metric that gives the order, as the reports name it: "ndcg@10".
        report: What was asked, how, of what data; and the models that did not fail, the best first.
        entries: All models, the best first, those that failed last.
        notes: What a reader must know before believing the numbers.
    """

    goal: str
    report: Report
    entries: Sequence[Entry]
    notes: Sequence[str] = ()

    @property
    def best(self) -> Entry | None:
        """The first model; None where all failed."""
        return self.entries[0] if self.entries and self.entries[0].report is not None else None

    @property
    def baseline(self) -> Entry | None:
        """The best of the baselines; None where there is none, or all failed."""
        return next((entry for entry in self.entries if entry.baseline and entry.report is not None), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the leaderboard as plain values; what is not known (NaN) is None."""
        whole = self.report.to_dict()
        reports = {model["name"]: model for model in whole.pop("models")}
        del whole["differences"]
        entries = [self._entry(entry, reports.get(entry.name)) for entry in self.entries]
        found: dict[str, Any] = without_nan(
            {**whole, "schema": SCHEMA, "goal": self.goal, "notes": list(self.notes), "entries": entries}
        )
        return found

    def to_json(self, indent: int | None = 2) -> str:
        """Return the leaderboard as JSON text: schema, goal, data_hash, protocol, exam, notes, entries."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def markdown(self) -> str:
        """Return the leaderboard as Markdown."""
        return markdown(self)

    def __str__(self) -> str:
        return terminal(self)

    def _entry(self, entry: Entry, report: Mapping[str, Any] | None) -> dict[str, Any]:
        gaps = {"to_best": entry.to_best, "to_baseline": entry.to_baseline}
        return {
            "name": entry.name,
            "baseline": entry.baseline,
            "failure": entry.failure,
            "report": report,
            **{name: None if gap is None else vars(gap) for name, gap in gaps.items()},
        }
