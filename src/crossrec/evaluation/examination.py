"""Examination: one model after the other learns from the same rows and is asked the same questions."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from crossrec.core.arrays import Doubles
from crossrec.core.clock import stopwatch
from crossrec.data.split import Split
from crossrec.evaluation.judge import Judge, check_metrics
from crossrec.evaluation.leakage import leakage_of
from crossrec.evaluation.lists import Lists, forget_peak, lists_of, peak_mb
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import Questions, questions_of
from crossrec.evaluation.report import ModelReport
from crossrec.models.progress import Progress
from crossrec.models.recommender import Recommender

__all__ = ["Examination", "settings_of"]


@dataclass(frozen=True, eq=False)
class Examination:
    """The questions of a split, and who judges the answers.

    Args:
        split: The parts.
        judge: Turns lists into numbers.
    """

    split: Split
    judge: Judge

    @staticmethod
    def of(split: Split, protocol: Protocol, *, metrics: Iterable[str] | None, resamples: int) -> Examination:
        """Ask what a protocol asks.

        Args:
            split: The parts, made by the protocol.
            protocol: How to ask.
            metrics: Names of metrics to show; None is all.
            resamples: Bootstrap draws behind intervals; 0 leaves them out.

        Raises:
            NotFound: No such metric.
            InvalidInput: Nothing to learn from, or nothing to ask.
        """
        names = check_metrics(metrics)
        return Examination(
            split, Judge(questions_of(split, protocol), protocol, split.fingerprint[:16], names, resamples)
        )

    @property
    def questions(self) -> Questions:
        """What is asked."""
        return self.judge.questions

    def fitted(self, model: Recommender) -> tuple[Recommender, float]:
        """Fit a copy, with the validation part where it is not learned from; say how long it took in seconds."""
        fresh = copy.deepcopy(model)
        learns = self.judge.protocol.fit_on == "train"
        validation = self.split.exam() if learns and len(self.split.validation) else None
        taken = stopwatch()
        return fresh.fit(self.questions.train, validation=validation), taken()

    def sat(
        self, name: str, model: Recommender, *, batch_size: int | None = None, progress: Progress | None = None
    ) -> tuple[ModelReport, dict[str, Doubles]]:
        """Fit a copy of a model and ask it: its numbers, and the values of each question behind them.

        Args:
            name: What to call it.
            model: Left as it is.
            batch_size: Questions asked at once; None takes 32,768. No number depends on it.
            progress: Called with the name, lists made and lists to make.
        """
        forget_peak()
        fitted, seconds = self.fitted(model)
        return self.asked(name, fitted, seconds=seconds, batch_size=batch_size, progress=progress)

    def asked(
        self,
        name: str,
        fitted: Recommender,
        *,
        seconds: float,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[ModelReport, dict[str, Doubles]]:
        """Ask a fitted model; `seconds` is what fitting took. See `sat`."""
        told = _told(name, progress)
        lists = lists_of(fitted, self.questions, self.judge.protocol, batch_size=batch_size, progress=told)
        values = self.judge.values(lists)
        return self._report_of(name, fitted, seconds, lists, values=values), values

    def told(self) -> dict[str, Any]:
        """Return the protocol's settings and hash, the hash of the split, and by what items are of a kind."""
        kinds = self.judge.background.kinds.source if {"miscalibration", "exposure_gap"} & {*self.judge.names} else ""
        return {**self.judge.protocol.to_json(), "split_hash": self.judge.split_hash, "kinds": kinds}

    def counts(self) -> dict[str, float]:
        """Count the questions, and the shares of answers that no list can hold."""
        asked = self.questions
        return {
            "users": len(np.unique(asked.users)),
            "lists": len(asked),
            "answers": len(asked.answers),
            "unseen_item_share": asked.unseen_share(),
            "known_item_share": asked.known_share(),
        }

    def leakage(self) -> dict[str, Any]:
        """Count what models learn from that is later than what they are asked."""
        return leakage_of(self.split, self.judge.protocol).to_json()

    def _report_of(
        self, name: str, model: Recommender, seconds: float, lists: Lists, *, values: dict[str, Doubles]
    ) -> ModelReport:
        return ModelReport(
            name=name,
            settings=settings_of(model),
            fit_seconds=seconds,
            peak_mb=peak_mb(),
            lists_per_second=len(lists.items) / max(lists.seconds, 1e-9),
            no_opinion_share=float(np.mean(~lists.opinion)),
            metrics=self.judge.numbers(lists, values),
            slices=self.judge.slices(lists, values),
        )


def settings_of(model: object) -> dict[str, Any]:
    """Return the dataclass fields of a model as JSON values; what is none is written as text."""
    if not dataclasses.is_dataclass(model):
        return {}
    found = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    return {
        name: value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)
        for name, value in found.items()
    }


def _told(name: str, progress: Progress | None) -> Callable[[int, int], None] | None:
    """Add a model's name to its progress."""
    return None if progress is None else lambda made, all_of_them: progress(name, made, all_of_them)
