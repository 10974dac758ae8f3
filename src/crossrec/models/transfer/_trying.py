"""What is tried at a gate: weights of control, transfer and floor, and what each gives on the questions of evidence."""

from __future__ import annotations

import numba
import numpy as np

from crossrec.core.arrays import Codes, Doubles, Floats, Offsets
from crossrec.core.recommendations import push, settle, sink
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.models.transfer._blend import FAINT, Blend
from crossrec.models.transfer._evidence import Evidence

__all__ = ["ALONE", "DIALS", "judged"]

ALONE = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.75, 0.0, 0.25), (0.5, 0.0, 0.5), (0.25, 0.0, 0.75))
"""Weights of control, transfer and floor that take nothing from other domains."""
_ACROSS = (
    (0.0, 1.0, 0.0),
    *(
        (rest * (1 - share), 1 - rest, rest * share)
        for rest in (0.25, 0.5, 0.75, 0.9, 0.95)
        for share in (0.0, 0.5, 1.0)
    ),
)
DIALS: Floats = np.array([*ALONE, *_ACROSS], dtype=np.float32)
"""All weights that are tried, those without transfer first."""
_K = 10
_CELLS = 4_000_000


def judged(blend: Blend, evidence: Evidence) -> Doubles:
    """Return Float64[N, C], NDCG@10 of each question under each of the weights that are tried."""
    table = np.zeros((len(evidence), len(DIALS)))
    edges = np.flatnonzero(np.diff(evidence.domains, prepend=-1, append=-1))
    for begin, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        code = int(evidence.domains[begin])
        step = max(1, _CELLS // max(1, len(blend.catalogue)))
        for start in range(begin, stop, step):
            rows = slice(start, min(start + step, stop))
            table[rows] = _of_rows(blend, evidence, rows, code)
    return table


def _of_rows(blend: Blend, evidence: Evidence, rows: slice, code: int) -> Doubles:
    """Return NDCG@10 of some questions about one domain under all weights."""
    asked, items = evidence.histories[rows], blend.items[code]
    own = np.full(len(blend.catalogue), -1, dtype=np.int32)
    own[items] = np.arange(len(items), dtype=np.int32)
    pointers = evidence.indptr[rows.start : rows.stop + 1]
    answers, indptr = own[evidence.answers[pointers[0] : pointers[-1]]], pointers - pointers[0]
    history = asked.csr()[:, items].tocsr()
    history.sort_indices()
    seen = history.indptr.astype(np.int64), history.indices.astype(np.int32)
    lists = _lists(blend.views(asked, code), seen)
    found = np.empty((len(asked), len(DIALS)))
    for place, one in enumerate(lists):
        hits, width = find_hits(one, indptr, answers), one.shape[1]
        found[:, place] = rank_metrics(hits, np.diff(indptr), (width,), ("ndcg",))[f"ndcg@{width}"]
    return found


def _lists(views: Floats, seen: tuple[Offsets, Codes]) -> Codes:
    """Return Int32[C, B, 10], for each of the weights the best items of Float32[3, B, I] that nobody had."""
    _, batch, items = views.shape
    lists = np.full((len(DIALS), batch, min(_K, items)), -1, dtype=np.int32)
    weights = np.maximum(DIALS, np.array([0, 0, FAINT], dtype=np.float32))
    _fill(views, weights, *seen, lists)
    return lists


@numba.njit(cache=True, parallel=True, nogil=True)
def _fill(
    views: Floats, weights: Floats, indptr: Offsets, seen: Codes, lists: Codes
) -> None:  # pragma: no cover - compiled
    """Blend each row by each of the weights and scan it with a heap."""
    k = lists.shape[2]
    for row in numba.prange(views.shape[1]):
        blended = np.empty(views.shape[2], dtype=np.float32)
        for place in range(len(weights)):
            control, transfer, floor = weights[place]
            for code in range(len(blended)):
                blended[code] = (
                    control * views[0, row, code] + transfer * views[1, row, code] + floor * views[2, row, code]
                )
            blended[seen[indptr[row] : indptr[row + 1]]] = -np.inf
            heap, scores, size = lists[place, row], np.full(k, -np.inf, dtype=np.float32), 0
            for code in range(len(blended)):
                score = blended[code]
                if size < k:
                    if score > -np.inf:
                        push(heap, scores, size, code, score)
                        size += 1
                elif score > scores[0]:  # codes come in rising order, so the lower of two equal ones stays
                    sink(heap, scores, k, code, score)
            settle(heap, scores, size)
