"""Lists: what a model answers to all questions of a test, and what the answering took."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crossrec.core.arrays import Bools, Codes
from crossrec.core.catalogue import Catalogue
from crossrec.core.clock import stopwatch
from crossrec.core.errors import InvalidInput
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import Questions
from crossrec.evaluation.sampling import best_among, draw
from crossrec.models.machine import require_memory
from crossrec.models.recommender import Recommender

__all__ = ["Lists", "forget_peak", "lists_of", "peak_mb"]

_AT_ONCE, _CELLS = 32_768, 16_000_000
"""Questions at once by default, whose scores the model bounds; and scores held where candidates are drawn: 64 MB."""
_FIRST = 64
"""Questions with which everything is compiled outside the clock."""
_BYTES_A_PLACE = 24
"""Codes and hits of a place, and what metrics take from them in double precision."""


@dataclass(frozen=True, eq=False)
class Lists:
    """One list for each question.

    Args:
        items: Int32[N, K] codes in the catalogue of the data, -1 for an empty place.
        opinion: Bool[N], false where the model had none; its list is empty and counts as a miss.
        seconds: How long answering took.
    """

    items: Codes
    opinion: Bools
    seconds: float


def lists_of(
    model: Recommender,
    questions: Questions,
    protocol: Protocol,
    *,
    batch_size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Lists:
    """Ask a fitted model all questions, batch by batch, ranking what the protocol says.

    Args:
        model: Fitted.
        questions: N of them.
        protocol: Says how long lists are and whether history is masked.
        batch_size: Questions at once; None takes 32,768. No list depends on it.
        progress: Called with lists made and lists to make.

    Raises:
        InvalidInput: batch_size < 1.
        Refused: There are fewer items than the protocol draws.
        OutOfBudget: Lists of that length for all questions would not fit into memory.
    """
    catalogue = questions.catalogue
    size = batch_size
    if size is None:
        size = max(1, min(_AT_ONCE, _CELLS // max(1, len(catalogue)))) if protocol.sampled else _AT_ONCE
    if size < 1:
        raise InvalidInput(f"batch_size: expected >= 1, got {size}")
    k = protocol.lengths[-1]
    require_memory(len(questions) * k * _BYTES_A_PLACE, f"judging {len(questions):,} lists of {k:,} places")
    items = np.full((len(questions), k), -1, dtype=np.int32)
    opinion = np.zeros(len(questions), dtype=np.bool_)
    drawn = draw(questions, protocol.sampled, seed=protocol.seed) if protocol.sampled else None
    _answers(model, questions, questions.batches(_FIRST)[0], protocol, drawn=drawn)
    taken = stopwatch()
    for rows in questions.batches(size):
        found, opinion[rows] = _answers(model, questions, rows, protocol, drawn=drawn)
        items[rows, : found.shape[1]] = found
        if progress is not None:
            progress(rows.stop, len(questions))
    return Lists(items, opinion, taken())


def _answers(
    model: Recommender, questions: Questions, rows: slice, protocol: Protocol, *, drawn: list[Codes] | None
) -> tuple[Codes, Bools]:
    """Return the lists of some questions in the codes of the data, and whether the model had an opinion."""
    queries, k, exclude = questions.queries(rows), protocol.lengths[-1], not protocol.repeats
    if drawn is None:
        answer = model.recommend(queries, k, exclude_seen=exclude)
        return _on(answer.items, answer.catalogue, questions.catalogue), answer.opinion
    items, opinion = best_among(model, queries, drawn[rows], k, exclude_seen=exclude)
    return _on(items, model.catalogue_, questions.catalogue), opinion


def _on(items: Codes, theirs: Catalogue, ours: Catalogue) -> Codes:
    """Return lists in the codes of another catalogue; what it does not have becomes an empty place."""
    if theirs.same_items(ours):
        return items
    recoded = np.append(ours.ids.encode(theirs.ids.series), np.int32(-1))
    return np.asarray(recoded[items], dtype=np.int32)


def forget_peak() -> None:
    """Start a new measurement of peak memory, where the system allows it (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """Return the most resident memory of this process since `forget_peak`, in MB.

    Elsewhere than on Linux it is the most since the process began.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
