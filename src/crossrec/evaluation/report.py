"""Report: the numbers of an evaluation as objects, JSON and a plain table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossrec.core.errors import unknown_name
from crossrec.metrics.ranking import METRICS

__all__ = ["SCHEMA", "Difference", "ModelReport", "Number", "Report", "Slice", "aligned", "shown", "without_nan"]

SCHEMA = 1


@dataclass(frozen=True)
class Number:
    """One value of a metric; it carries where it comes from.

    Args:
        value: The mean over lists, or the value of all lists together (coverage, Gini).
        n: Number of lists it is of.
        low: Lower end of the 95 % interval; NaN where there is none.
        high: Upper end.
        protocol: Hash of the protocol.
        split: Hash of the rows of the split.
    """

    value: float
    n: int
    low: float
    high: float
    protocol: str
    split: str


@dataclass(frozen=True)
class Slice:
    """The numbers of a part of the questions: by "domain", "person", "history" or "popularity", and which."""

    by: str
    value: str
    metrics: Mapping[str, Number]


@dataclass(frozen=True)
class ModelReport:
    """The numbers of one model.

    Args:
        name: As the caller named it.
        settings: Its settings.
        fit_seconds: Time of `fit`; NaN where it came fitted.
        peak_mb: Most resident memory of the process while it was fitted and asked.
        lists_per_second: Speed of the answers, queries built, scored and cut to k.
        no_opinion_share: Share of questions without an answer; each counts as a miss.
        metrics: Name at length -> number: "ndcg@10".
        slices: The same for parts of the questions.
    """

    name: str
    settings: Mapping[str, Any]
    fit_seconds: float
    peak_mb: float
    lists_per_second: float
    no_opinion_share: float
    metrics: Mapping[str, Number]
    slices: Sequence[Slice]


@dataclass(frozen=True)
class Difference:
    """How much better `a` is than `b` on the same questions.

    Args:
        a: One model.
        b: The other.
        metric: In what.
        value: Mean of value of a minus value of b.
        low: Lower end of the paired bootstrap's 95 % interval.
        high: Upper end.
        p: Two-sided p of the paired bootstrap.
        p_permutation: Two-sided p of the paired sign-flip test.
        p_holm: The same, corrected for the number of pairs compared in this metric.
        protocol: Hash of the protocol.
        split: Hash of the rows of the split.
    """

    a: str
    b: str
    metric: str
    value: float
    low: float
    high: float
    p: float
    p_permutation: float
    p_holm: float
    protocol: str
    split: str


@dataclass(frozen=True)
class Report:
    """What `evaluate` found out.

    Args:
        data_hash: SHA-256 of the data.
        protocol: The protocol's settings and hash, the hash of the split, and by what items are of a kind.
        exam: Counts and shares of the questions: users, lists, answers, unseen_item_share,
            known_item_share.
        models: One report a model, in the caller's order.
        differences: Between the models.
        leakage: How much of what was learned is later than what was asked; empty where nobody looked.
    """

    data_hash: str
    protocol: Mapping[str, Any]
    exam: Mapping[str, float]
    models: Sequence[ModelReport]
    differences: Sequence[Difference]
    leakage: Mapping[str, Any] = field(default_factory=dict)

    def model(self, name: str) -> ModelReport:
        """Return the report of one model.

        Raises:
            NotFound: No model of that name.
        """
        for model in self.models:
            if model.name == name:
                return model
        raise unknown_name("model", name, [model.name for model in self.models])

    def best(self, metric: str) -> ModelReport:
        """Return the model with the highest value of a metric; of equal ones the first.

        Raises:
            NotFound: No such metric in the report.
        """
        if metric not in self.models[0].metrics:
            raise unknown_name("metric", metric, self.models[0].metrics)
        return max(self.models, key=lambda model: model.metrics[metric].value)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values; what is not known (NaN) is None."""
        models = [{**vars(model), "metrics": _numbers(model.metrics)} for model in self.models]
        for model in models:
            model["slices"] = [{**vars(part), "metrics": _numbers(part.metrics)} for part in model["slices"]]
        plain = {
            "schema": SCHEMA,
            "data_hash": self.data_hash,
            "protocol": self.protocol,
            "exam": self.exam,
            "models": models,
            "differences": [vars(difference) for difference in self.differences],
            "leakage": self.leakage,
        }
        cleaned: dict[str, Any] = without_nan(plain)
        return cleaned

    def to_json(self, indent: int | None = 2) -> str:
        """Return the report as JSON text: schema, data_hash, protocol, exam, models, differences, leakage."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def table(self) -> str:
        """Return the report as plain text for a terminal."""
        return "\n".join([*self.heading(), "", *self._models(), *self._beyond(), *self._differences()])

    def sliced(self, metric: str) -> str:
        """Return one metric in each slice as plain text: the number of lists, and every model's value.

        Args:
            metric: At length, at the main k: "ndcg@10".

        Raises:
            NotFound: No such metric in the slices.
        """
        parts = self.models[0].slices
        known = dict.fromkeys(name for part in parts for name in part.metrics)
        if metric not in known:
            raise unknown_name("metric in slices", metric, known)
        rows = [
            [f"{part.by}: {part.value}", f"{part.metrics[metric].n:,}"]
            + [shown(model.slices[place].metrics[metric].value) for model in self.models]
            for place, part in enumerate(parts)
            if metric in part.metrics
        ]
        return "\n".join(aligned([[metric, "n", *(model.name for model in self.models)], *rows]))

    def __str__(self) -> str:
        return self.table()

    def heading(self) -> list[str]:
        """Return the lines that stand above every table: protocol, split and what was asked."""
        told, exam = self.protocol, self.exam
        lines = [
            f"protocol {told['name']}, part {told['part']}, fitted on {told['fit_on']}, hash {told['hash']}",
            (
                f"split {told['split_hash']}, data {self.data_hash[:16]}, candidates: {told['candidates']}, "
                f"masked: {told['mask']}"
            ),
            (
                f"{exam['lists']:,} lists for {exam['users']:,} users with {exam['answers']:,} right answers; "
                f"{exam['unseen_item_share']:.1%} of them never occur in training (a miss)"
            ),
        ]
        if exam["known_item_share"] > 0 and not told["repeats"]:
            lines.append(
                f"{exam['known_item_share']:.1%} of the right answers are in the asker's history and masked (a miss): "
                "where repeats matter, allow them"
            )
        if told.get("sampled"):
            lines.append(
                f"warning: lists rank the right answers among {told['sampled']} drawn items: these numbers compare "
                "with those of papers that did the same and with no others, and may order models wrongly"
            )
        lines += [f"warning: {self.leakage['warning']}"] if self.leakage.get("warning") else []
        return lines

    def _models(self) -> list[str]:
        columns = [name for name in self.models[0].metrics if name.partition("@")[0] in METRICS]
        heads = ["model", *columns, "n", "no opinion", "fit s", "peak MB", "lists/s"]
        rows = [
            [
                model.name,
                *(shown(model.metrics[column].value) for column in columns),
                f"{max((number.n for number in model.metrics.values()), default=0):,}",
                f"{model.no_opinion_share:.1%}",
                shown(model.fit_seconds, 2),
                shown(model.peak_mb, 0),
                shown(model.lists_per_second, 0),
            ]
            for model in self.models
        ]
        return aligned([heads, *rows])

    def _beyond(self) -> list[str]:
        columns = [name for name in self.models[0].metrics if name.partition("@")[0] not in METRICS]
        if not columns:
            return []
        kinds = f"; kinds of items by {self.protocol['kinds']}" if self.protocol.get("kinds") else ""
        rows = [[model.name, *(shown(model.metrics[column].value) for column in columns)] for model in self.models]
        return ["", f"beyond accuracy{kinds}", *aligned([["model", *columns], *rows])]

    def _differences(self) -> list[str]:
        if not self.differences:
            return []
        rows = [
            [f"{d.a} - {d.b}", d.metric, f"{d.value:+.4f}", f"[{d.low:+.4f}, {d.high:+.4f}]"]
            + [f"{p:.3g}" for p in (d.p, d.p_permutation, d.p_holm)]
            for d in self.differences
            if d.metric.partition(" ")[0].endswith(f"@{self.protocol['k']}")
        ]
        title = (
            "differences, 95 % interval and p by paired bootstrap over users; p by flipping signs; "
            "that p corrected by Holm for the pairs of a metric"
        )
        heads = ["models", "metric", "value", "interval", "p bootstrap", "p signs", "p Holm"]
        return ["", title, *aligned([heads, *rows])]


def _numbers(metrics: Mapping[str, Number]) -> dict[str, Any]:
    """Turn numbers into dictionaries."""
    return {name: dict(vars(number)) for name, number in metrics.items()}


def without_nan(value: Any) -> Any:
    """Replace NaN by None at any depth: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shown(value: float, digits: int = 4) -> str:
    """Write a number, or a dash where it is not known."""
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def aligned(rows: list[list[str]]) -> list[str]:
    """Line columns up: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
