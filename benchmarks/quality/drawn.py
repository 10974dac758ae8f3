"""Ranks each right answer of an exam among drawn items, as papers on transfer do."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossrec.core.arrays import Bools, Codes
from crossrec.core.clock import random
from crossrec.core.query import Queries
from crossrec.evaluation.sampling import best_among
from crossrec.evaluation.transferring.exam import Exam
from crossrec.metrics.significance import bootstrap_mean
from crossrec.models.fallback import Fallback
from crossrec.models.recommender import Recommender

DRAWN, K, AT_ONCE = 999, 10, 256


def drawn_among(exam: Exam, model: Recommender, chosen: Bools, *, seed: int = 0) -> dict[str, Any]:
    """Rank every right answer alone among 999 items of its domain that the person neither had nor wants.

    All models are asked with the same draw. Means are over answers, their intervals over persons.

    Args:
        exam: The questions.
        model: Fitted.
        chosen: Bool[N] the questions, of one domain.
        seed: Of the draw.
    """
    place = np.flatnonzero(chosen)
    domain = int(exam.domains[place[0]])
    trained = np.bincount(exam.train.items, minlength=len(exam.train.catalogue)) > 0
    pool = np.flatnonzero(trained & (exam.train.catalogue.domains == domain)).astype(np.int32)
    chance, seen = random(seed), exam.histories.csr()
    rows, candidates = [], []
    for row in place.tolist():
        answers = exam.answers[exam.indptr[row] : exam.indptr[row + 1]]
        barred = np.concatenate([answers, seen.indices[seen.indptr[row] : seen.indptr[row + 1]]])
        free = pool[~np.isin(pool, barred)]
        for answer in answers.tolist():
            rows.append(row)
            candidates.append(np.concatenate([[answer], chance.choice(free, DRAWN, replace=False)]).astype(np.int32))
    gains = np.zeros(len(rows))
    own = np.append(exam.train.catalogue.ids.encode(model.catalogue_.ids.series), np.int32(-1))
    for start in range(0, len(rows), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        asked = exam.queries(np.asarray(rows[part]), exam.names[domain])
        lists = own[filled_up(model, asked, candidates[part])]
        hit = lists == np.array([one[0] for one in candidates[part]])[:, None]
        gains[part] = (hit / np.log2(np.arange(2, lists.shape[1] + 2))).sum(axis=1)
    found: dict[str, Any] = {"answers": len(rows)}
    for name, column in (("hr@10", (gains > 0).astype(np.float64)), ("ndcg@10", gains)):
        one = bootstrap_mean(column, persons=exam.users[np.asarray(rows)])
        found[name] = [round(value, 5) for value in (one.value, one.low, one.high)]
    return found


def filled_up(model: Recommender, asked: Queries, candidates: list[Codes]) -> Codes:
    """Return the best of each person's candidates; what stands behind a model fills its short lists up, as in full.

    Args:
        model: Fitted, perhaps a chain.
        asked: B queries.
        candidates: B arrays of codes.

    Returns:
        Int32[B, K] codes in the model's catalogue, -1 for an empty place.
    """
    first, *others = model.members if isinstance(model, Fallback) else (model,)
    items, _ = best_among(first, asked, candidates, K, exclude_seen=True)
    for member in others:
        more, _ = best_among(member, asked, candidates, K, exclude_seen=True)
        for row in np.flatnonzero((items < 0).any(axis=1)):
            kept = items[row][items[row] >= 0]
            new = more[row][(more[row] >= 0) & ~np.isin(more[row], kept)]
            both = np.concatenate([kept, new])[: items.shape[1]]
            items[row, : len(both)] = both
    return items
