"""evaluate(models, data, protocol) -> Report: split, fit, ask everybody, judge, compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from crossrec.core.arrays import Doubles
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.interactions import Interactions
from crossrec.data.split import Split
from crossrec.evaluation.examination import Examination
from crossrec.evaluation.judge import check_metrics, corrected
from crossrec.evaluation.lists import forget_peak
from crossrec.evaluation.protocol import Protocol
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
        batch_size: Questions asked at once; None takes 32,768. No number depends on it.
        reference: Compare every model with this one; None compares all pairs.
        resamples: Draws behind intervals and p; 0 leaves both out.
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
    sitting = Examination.of(chosen.split(data.liked), chosen, metrics=names, resamples=resamples)
    reports: list[ModelReport] = []
    values: dict[str, dict[str, Doubles]] = {}
    for name, model in named.items():
        report, values[name] = sitting.sat(name, model, batch_size=batch_size, progress=progress)
        reports.append(report)
    pairs = combinations(named, 2) if reference is None else ((a, reference) for a in named if a != reference)
    differences = corrected([one for a, b in pairs for one in sitting.judge.differences(a, b, values[a], values[b])])
    return Report(data.fingerprint, sitting.told(), sitting.counts(), reports, differences, sitting.leakage())


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
        batch_size: Questions asked at once; None takes 32,768. No number depends on it.
        resamples: Bootstrap draws behind intervals; 0 leaves them out.
        progress: Called with the model's name, lists made and lists to make.

    Raises:
        InvalidInput: The split was made by another protocol, or there is nothing to test.
    """
    chosen = Protocol(protocol) if isinstance(protocol, str) else protocol
    if chosen.name != split.name:
        raise InvalidInput(f"protocol: expected '{split.name}', by which the split was made, got '{chosen.name}'")
    named = name or type(model).__name__
    sitting = Examination.of(split, chosen, metrics=metrics, resamples=resamples)
    forget_peak()
    report, _ = sitting.asked(named, model, seconds=float("nan"), batch_size=batch_size, progress=progress)
    return Report(
        sitting.questions.train.fingerprint, sitting.told(), sitting.counts(), [report], [], sitting.leakage()
    )


def _named(models: Mapping[str, Recommender] | Recommender) -> Mapping[str, Recommender]:
    """Give one model its class's name."""
    if not isinstance(models, Mapping):
        return {type(models).__name__: models}
    if not models:
        raise InvalidInput("models: expected at least one, got none")
    return models
