"""What is tried at a gate: weights of control, transfer and floor, and what each gives on the questions of evidence."""

from __future__ import annotations

import numba
import numpy as np

from crossrec.core.arrays import Bools, Codes, Doubles, Floats, Offsets
from crossrec.models.transfer._blend import FAINT, Blend
from crossrec.models.transfer._evidence import Evidence
from crossrec.models.transfer._scales import add_up, on_one_scale

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
_CELLS = 1_000_000
_RUN = 256


def judged(blend: Blend, evidence: Evidence) -> Doubles:
    """Return Float64[N, C], NDCG@10 of each question under each of the weights that are tried."""
    table = np.zeros((len(evidence), len(DIALS)))
    edges = np.flatnonzero(np.diff(evidence.domains, prepend=-1, append=-1))
    for begin, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        code = int(evidence.domains[begin])
        step = max(1, _CELLS // max(1, blend.width(code)))
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
    found = np.empty((len(asked), len(DIALS)))
    discounts = 1.0 / np.log2(np.arange(2, min(_K, len(items)) + 2))
    weights = np.maximum(DIALS, np.array([0, 0, FAINT], dtype=np.float32))
    _judge(*blend.opinions(asked, code), blend.floors[code], weights, *seen, indptr, answers, discounts, found)
    return found


@numba.njit(cache=True, parallel=True, nogil=True)
def _judge(
    control: Floats,
    alone: Bools,
    transfer: Floats,
    across: Bools,
    floor: Floats,
    weights: Floats,
    seen_indptr: Offsets,
    seen: Codes,
    indptr: Offsets,
    answers: Codes,
    discounts: Doubles,
    found: Doubles,
) -> None:  # pragma: no cover - compiled
    """Fill in Float64[B, C], the `ndcg` of the best items that nobody had under each of C weightings; see `weigh`."""
    for row in numba.prange(len(found)):
        said, line = np.zeros((3, len(floor)), np.float32), np.empty(len(floor), np.float32)
        if alone[row]:
            on_one_scale(control[row], said[0])
        if across[row]:
            on_one_scale(transfer[row], said[1])
        said[2] = floor
        said[2][seen[seen_indptr[row] : seen_indptr[row + 1]]] = -np.inf  # every weighting has some of the floor
        right, hit = answers[indptr[row] : indptr[row + 1]], np.empty(len(discounts), np.bool_)
        ideal = discounts[: len(right)].sum()
        for place in range(len(weights)):
            _find(said, weights[place], right, line, hit)
            gain = 0.0
            for at in range(len(hit)):  # in the order of places, so that equal lists have equal sums
                if hit[at]:
                    gain += discounts[at]
            found[row, place] = gain / ideal


@numba.njit(cache=True, nogil=True)
def _find(said: Floats, weights: Floats, right: Codes, line: Floats, hit: Bools) -> None:  # pragma: no cover - compiled
    """Mark the places of the right items in a list, of equal items that of the lower code first.

    A place is the number of items ahead; as soon as there are as many as the list is long it is none, so most items'
    sums are never asked for.
    """
    hit[:] = False
    done, beaten = 0, np.float32(-np.inf)
    for answer in right:
        score = weights[0] * said[0, answer] + weights[1] * said[1, answer] + weights[2] * said[2, answer]
        if score < beaten or score == -np.inf:
            continue
        ahead = 0
        for start in range(0, len(line), _RUN):
            stop = min(len(line), start + _RUN)
            if stop > done:
                add_up(said[0, start:stop], said[1, start:stop], said[2, start:stop], weights, line[start:stop])
                done = stop
            ahead += _larger(line[start:stop], score)
            if ahead >= len(hit):
                break
        else:
            ahead += _equal(line[:answer], score)
        if ahead < len(hit):
            hit[ahead] = True
        else:
            beaten = max(beaten, score)


@numba.njit(cache=True, nogil=True)
def _larger(values: Floats, least: np.float32) -> int:  # pragma: no cover - compiled
    count = np.uint32(0)  # as wide as what is compared: sixteen at once
    for place in range(len(values)):
        count = np.uint32(count + np.uint32(values[place] > least))
    return int(count)


@numba.njit(cache=True, nogil=True)
def _equal(values: Floats, to: np.float32) -> int:  # pragma: no cover - compiled
    count = np.uint32(0)
    for place in range(len(values)):
        count = np.uint32(count + np.uint32(values[place] == to))
    return int(count)
