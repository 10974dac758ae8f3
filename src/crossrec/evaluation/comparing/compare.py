"""compare(models, data, protocol) -> Leaderboard: the same questions to all, baselines always among them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from crossrec.core.arrays import Doubles
from crossrec.core.errors import CrossrecError, InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.evaluation.comparing.leaderboard import Entry, Gap, Leaderboard
from crossrec.evaluation.examination import Examination
from crossrec.evaluation.goal import Goal
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.report import ModelReport, Report
from crossrec.metrics.significance import bootstrap_means, holm, permutation_p_values
from crossrec.models.progress import Progress, watching
from crossrec.models.recommender import Recommender, create

__all__ = ["BASELINES", "compare"]

BASELINES = ("popularity", "item_knn", "ease")
"""Models of the shelf that every leaderboard has: whoever does not beat them says so."""
_FLIPS = 10
"""Flips of a permutation test for each draw of the bootstrap: p must be small enough to be corrected."""
Values = dict[str, Doubles]


def compare(
    models: Mapping[str, Recommender] | Iterable[str],
    data: Interactions,
    protocol: Protocol | str,
    *,
    metric: str = "ndcg",
    baselines: bool = True,
    resamples: int = 1000,
    keep: Callable[[Leaderboard], None] | None = None,
    progress: Progress | None = None,
) -> Leaderboard:
    """Fit models on the training part, rank the full catalogue for all users of the test part, and order them.

    A model that fails, for want of memory or because the data cannot bear it, stands at the end with its reason.

    Args:
        models: Name -> unfitted model, or names of the shelf for models as they come.
        data: All interactions.
        protocol: How to split and ask, or its name for the defaults.
        metric: The ranking metric that gives the order, at the protocol's length of lists or its own: "ndcg@20".
        baselines: Add popularity, item_knn and ease as they come, where `models` has none of the name.
        resamples: Bootstrap draws behind intervals, and a tenth of the flips behind p; 0 leaves both out.
        keep: Called after every model with the leaderboard of those so far.
        progress: Told of epochs while a model learns, and of its lists.

    Raises:
        NotFound: No such protocol, metric or model.
        Refused: The data cannot bear the protocol.
        InvalidInput: No model, or nothing to test.
    """
    goal, chosen = Goal.of(metric, Protocol(protocol) if isinstance(protocol, str) else protocol)
    named = dict(models) if isinstance(models, Mapping) else {name: create(name) for name in models}
    if not named:
        raise InvalidInput("models: expected at least one, got none")
    usual = BASELINES if baselines else ()
    named |= {name: create(name) for name in usual if name not in named}
    sitting = Examination.of(chosen.split(data.liked), chosen, metrics=None, resamples=resamples)
    key = chosen.named(goal.metric, goal.k)
    asked = Report(data.fingerprint, sitting.told(), sitting.counts(), [], [], sitting.leakage())
    entries: list[Entry] = []
    values: Values = {}
    for name, model in named.items():
        entry, found = _sat(sitting, name, model, baseline=name in usual, progress=progress)
        entries.append(entry)
        if found is not None:
            values[name] = found[key]
        left = list(named)[len(entries) :]
        if keep is not None and left:
            notes = [f"not finished: still to come are {', '.join(left)}"]
            keep(_ordered(Leaderboard(key, asked, entries, notes), values, sitting))
    board = _ordered(Leaderboard(key, asked, entries), values, sitting)
    if keep is not None:
        keep(board)
    return board


def _ordered(board: Leaderboard, values: Mapping[str, Doubles], sitting: Examination) -> Leaderboard:
    """Put the entries in order and say how sure it is."""
    entries = sorted(board.entries, key=lambda entry: -_reached(entry.report, board.goal))
    if sitting.judge.resamples:
        entries = _with_gaps(entries, values, sitting)
    reports = [entry.report for entry in entries if entry.report is not None]
    return dataclasses.replace(board, entries=entries, report=dataclasses.replace(board.report, models=reports))


def _sat(
    sitting: Examination, name: str, model: Recommender, *, baseline: bool, progress: Progress | None
) -> tuple[Entry, Values | None]:
    """Examine one model; whatever goes wrong with it is its own failure, not that of the others."""
    try:
        with watching(_told(name, progress)):
            report, values = sitting.sat(name, model, progress=progress)
    except CrossrecError as error:
        return Entry(name, baseline, None, str(error)), None
    except Exception as error:  # hours of other models' work are not thrown away for one that is broken
        return Entry(name, baseline, None, f"{type(error).__name__}: {error}"), None
    return Entry(name, baseline, report), values


def _told(name: str, progress: Progress | None) -> Progress | None:
    """Put a model's name before what its loops say."""
    return None if progress is None else lambda loop, done, total: progress(f"{name}: {loop}", done, total)


def _reached(report: ModelReport | None, key: str) -> float:
    """Return the number that gives the order; what failed comes last."""
    return -np.inf if report is None else report.metrics[key].value


def _with_gaps(entries: list[Entry], values: Mapping[str, Doubles], sitting: Examination) -> list[Entry]:
    """Add the differences to the best and to the best baseline, all of them one family of tests."""
    stood = [entry.name for entry in entries if entry.report is not None]
    if len(stood) < 2:
        return entries
    best = stood[0]
    baseline = next((entry.name for entry in entries if entry.baseline and entry.report is not None), None)
    pairs = [(name, best) for name in stood[1:]]
    if baseline is not None and baseline != best:
        pairs += [(name, baseline) for name in stood if name not in (best, baseline)]
    table = np.stack([values[a] - values[b] for a, b in pairs], axis=1)
    persons, seed = sitting.questions.users, sitting.judge.protocol.seed
    resamples = sitting.judge.resamples
    intervals = bootstrap_means(table, persons=persons, resamples=resamples, seed=seed)
    p_values = permutation_p_values(table, persons=persons, resamples=_FLIPS * resamples, seed=seed)
    gaps: dict[tuple[str, str | None], Gap] = {
        (a, b): Gap(b, found.value, found.low, found.high, float(p), float(corrected))
        for (a, b), found, p, corrected in zip(pairs, intervals, p_values, holm(p_values), strict=True)
    }
    if baseline is not None and baseline != best:
        gaps[best, baseline] = _mirrored(gaps[baseline, best], baseline)
    return [
        dataclasses.replace(entry, to_best=gaps.get((entry.name, best)), to_baseline=gaps.get((entry.name, baseline)))
        for entry in entries
    ]


def _mirrored(gap: Gap, to: str) -> Gap:
    """Look at a difference from the other side."""
    return Gap(to, -gap.value, -gap.high, -gap.low, gap.p, gap.p_holm)
