"""evaluate(models, data, protocol) -> Report: split, fit, ask everybody, judge, compare."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from crossrec.core.arrays import Doubles
from crossrec.core.clock import stopwatch
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.data.split import Split
from crossrec.evaluation.judge import Judge, check_metrics
from crossrec.evaluation.lists import Lists, forget_peak, lists_of, peak_mb
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import Questions, questions_of
from crossrec.evaluation.report import ModelReport, Report
from crossrec.models.progress import Progress
from crossrec.models.recommender import Recommender

__all__ = ["evaluate", "evaluate_fitted"]


def evaluate(
    models: Mapping[str, Recommender] | Recommender,
    data: Interactions,
    protocol: Protocol | str,
    *,
    metrics: Iterable[str] | None = None,
    batch_size: int | None = None,
    reference: str | None = None,
    resamples: int = 1000,
    progress: Progress | None = None,
) -> Report:
    """Fit models on the training part and compare their lists for all users of the test part.

    Each model is fitted anew, as a copy, on the training part alone: a model that came fitted on more
    cannot leak it, and the caller's models stay as they are. For a fitted one see `evaluate_fitted`.

    Args:
        models: Name -> model, or one model.
        data: All interactions.
        protocol: How to split and ask, or its name for the defaults.
        metrics: Names of metrics to show; None is all.
        batch_size: Questions asked at once; None fits 64 MB of scores. No number depends on it.
        reference: Compare every model with this one; None compares all pairs.
        resamples: Bootstrap draws behind intervals and p; 0 leaves both out.
        progress: Called with a model's name, lists made and lists to make.

    Raises:
        NotFound: No such protocol, metric or reference.
        Refused: The data cannot bear the protocol.
        InvalidInput: No model, or nothing to test.
    """
    chosen = Protocol(protocol) if isinstance(protocol, str) else protocol
    named = _named(models)
    if reference is not None and reference not in named:
        raise unknown_name("model", reference, named)
    names = check_metrics(metrics)
    split = chosen.split(data.liked)
    questions = questions_of(split, chosen)
    judge = Judge(questions, chosen, split.fingerprint[:16], names, resamples)
    reports: list[ModelReport] = []
    values: dict[str, dict[str, Doubles]] = {}
    for name, model in named.items():
        forget_peak()
        fitted, seconds = _fitted(model, questions, split, chosen)
        lists = lists_of(fitted, questions, chosen, batch_size=batch_size, progress=_told(name, progress))
        values[name] = judge.values(lists)
        reports.append(_model_report(name, model, seconds, lists, judge=judge, values=values[name]))
        del fitted
    pairs = combinations(named, 2) if reference is None else ((a, reference) for a in named if a != reference)
    differences = [found for a, b in pairs for found in judge.differences(a, b, values[a], values[b])]
    return Report(data.fingerprint, _told_protocol(judge), _exam(questions), reports, differences)


def evaluate_fitted(
    model: Recommender,
    split: Split,
    protocol: Protocol | str,
    *,
    name: str | None = None,
    metrics: Iterable[str] | None = None,
    batch_size: int | None = None,
    resamples: int = 1000,
    progress: Progress | None = None,
) -> Report:
    """Judge a model as it is; that it learned from the training part only is the caller's word.

    Args:
        model: Fitted.
        split: The parts; the catalogue is that of its training part.
        protocol: How to ask, or its name for the defaults; must be the one the split was made by.
        name: What to call the model; None is its class.
        metrics: Names of metrics to show; None is all.
        batch_size: Questions asked at once; None fits 64 MB of scores. No number depends on it.
        resamples: Bootstrap draws behind intervals; 0 leaves them out.
        progress: Called with the model's name, lists made and lists to make.

    Raises:
        InvalidInput: The split was made by another protocol, or there is nothing to test.
    """
    chosen = Protocol(protocol) if isinstance(protocol, str) else protocol
    if chosen.name != split.name:
        raise InvalidInput(f"protocol: expected '{split.name}', by which the split was made, got '{chosen.name}'")
    named = name or type(model).__name__
    questions = questions_of(split, chosen)
    judge = Judge(questions, chosen, split.fingerprint[:16], check_metrics(metrics), resamples)
    forget_peak()
    lists = lists_of(model, questions, chosen, batch_size=batch_size, progress=_told(named, progress))
    report = _model_report(named, model, float("nan"), lists, judge=judge, values=judge.values(lists))
    return Report(questions.train.fingerprint, _told_protocol(judge), _exam(questions), [report], [])


def _named(models: Mapping[str, Recommender] | Recommender) -> Mapping[str, Recommender]:
    """Give one model its class's name."""
    if not isinstance(models, Mapping):
        return {type(models).__name__: models}
    if not models:
        raise InvalidInput("models: expected at least one, got none")
    return models


def _fitted(model: Recommender, questions: Questions, split: Split, protocol: Protocol) -> tuple[Recommender, float]:
    """Fit a copy, with the validation part where it is not learned from; say how long it took."""
    fresh = copy.deepcopy(model)
    validation = split.validation if protocol.fit_on == "train" and len(split.validation) else None
    taken = stopwatch()
    return fresh.fit(questions.train, validation=validation), taken()


def _model_report(
    name: str, model: Recommender, seconds: float, lists: Lists, *, judge: Judge, values: dict[str, Doubles]
) -> ModelReport:
    return ModelReport(
        name=name,
        settings=_settings(model),
        fit_seconds=seconds,
        peak_mb=peak_mb(),
        lists_per_second=len(lists.items) / max(lists.seconds, 1e-9),
        no_opinion_share=float(np.mean(~lists.opinion)),
        metrics=judge.numbers(lists, values),
        slices=judge.slices(lists),
    )


def _settings(model: object) -> dict[str, Any]:
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


def _told_protocol(judge: Judge) -> dict[str, Any]:
    return {**judge.protocol.to_json(), "split_hash": judge.split_hash}


def _exam(questions: Questions) -> dict[str, float]:
    """Count the questions, and the shares of answers that no list can hold."""
    return {
        "users": len(np.unique(questions.users)),
        "lists": len(questions),
        "answers": len(questions.answers),
        "unseen_item_share": questions.unseen_share(),
        "known_item_share": questions.known_share(),
    }
