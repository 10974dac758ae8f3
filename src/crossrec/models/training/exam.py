"""The exam of a network while it is trained: NDCG on the validation part, over the full catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Codes, Offsets
from crossrec.core.clock import random
from crossrec.core.event import NO_ORDER, NO_TIME
from crossrec.core.interactions import SPLITS, Interactions, sparse_rows
from crossrec.core.query import Queries
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.models.histories import Histories
from crossrec.models.ranking import Scorer, rank

__all__ = ["Exam", "exam_of", "held_out", "past_and_held"]

_MOST = 10_000
_LEAST_PERSONS, _SHARE, _MOST_HELD, _LEAST_ACTS = 1_000, 0.05, 2_000, 3


@dataclass(frozen=True, eq=False)
class Exam:
    """Questions with their answers.

    Args:
        queries: What persons did in the training part.
        indptr: Int64[B + 1] row pointers of the answers.
        answers: Int32[nnz] item codes, sorted within a row.
        k: Length of the lists.
    """

    queries: Queries
    indptr: Offsets
    answers: Codes
    k: int = 10

    def ndcg(self, score: Scorer) -> float:
        """Return the mean NDCG@k of all questions; a model without an opinion gets 0."""
        lists = rank(score, self.queries, self.k, exclude_seen=True)
        hits = find_hits(lists.items, self.indptr, self.answers)
        length = hits.shape[1]  # of a small catalogue all items
        values = rank_metrics(hits, np.diff(self.indptr), [length], ["ndcg"])
        return float(values[f"ndcg@{length}"].mean())


def exam_of(train: Interactions, validation: Interactions | None, *, seed: int = 0) -> Exam | None:
    """Make the exam of two parts of one data set; of more than 10,000 persons a sample is asked.

    Args:
        train: What is learned from: histories are taken from here.
        validation: Where answers are taken from; None or no person with a history gives no exam. Of rows that are
            marked "train" beside others that are not, histories are made instead: of persons new to the model.
        seed: Fixes the sample.
    """
    if validation is None or not len(validation):
        return None
    past, held = past_and_held(train, validation)
    histories, liked = Histories.of(past), held.liked
    histories = Histories(histories.user_ids, histories.acts.on(train.catalogue))
    users = past.user_ids.encode(liked.user_ids.series)[liked.users]
    items = train.catalogue.ids.encode(liked.catalogue.ids.series)[liked.items]
    shape = (len(past.user_ids), len(train.catalogue))
    answers = sparse_rows(users, np.where(users >= 0, items, np.int32(-1)), liked.weights, shape, "binary")
    known = np.diff(histories.acts.indptr) > 0
    asked = np.flatnonzero(known & (np.diff(answers.indptr) > 0)).astype(np.int32)
    if not len(asked):
        return None
    if len(asked) > _MOST:
        asked = np.sort(random(seed).choice(asked, _MOST, replace=False))
    chosen = answers[asked]
    chosen.sort_indices()
    return Exam(histories.rows(asked), chosen.indptr.astype(np.int64), chosen.indices.astype(np.int32))


def held_out(
    train: Interactions, validation: Interactions | None, *, seed: int = 0
) -> tuple[Interactions, Interactions | None]:
    """Return what to learn from and what to examine on; without a validation part a little is held out of training.

    That is the last act of a twentieth of the persons, 2,000 at most, of those with three acts or more; where acts have
    no order, any one of them, since the last row is then no last act. Of fewer than 1,000 persons nothing is held out,
    and there is no exam.

    Args:
        train: All there is to learn from.
        validation: What the caller holds back; it is taken as it is.
        seed: Fixes what is chosen.
    """
    if validation is not None and len(validation):
        return train, validation
    rows = train.ordered().liked
    counts = np.bincount(rows.users, minlength=len(train.user_ids))
    able = np.flatnonzero(counts >= _LEAST_ACTS)
    if len(able) < _LEAST_PERSONS:
        return train, None
    chance = random(seed)
    chosen = chance.choice(able, min(_MOST_HELD, int(_SHARE * len(able))), replace=False)
    last = np.cumsum(counts)[chosen] - 1
    unordered = (rows.times[last] == NO_TIME) & (rows.positions[last] == NO_ORDER)
    held = np.where(unordered, last - chance.integers(0, counts[chosen]), last)
    kept = np.ones(len(rows), dtype=np.bool_)
    kept[held] = False
    return rows.take(kept), rows.take(~kept)


def past_and_held(train: Interactions, validation: Interactions) -> tuple[Interactions, Interactions]:
    """Return what histories and what answers are made of."""
    if validation.splits is not None:
        past = validation.splits == SPLITS.index("train")
        if past.any() and not past.all():
            return validation.take(past), validation.take(~past)
    return train, validation
