"""The exam of a network while it is trained: NDCG on the validation part, over the full catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Codes, Offsets
from crossrec.core.clock import random
from crossrec.core.interactions import Interactions, sparse_rows
from crossrec.core.query import Queries
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.models.histories import Histories
from crossrec.models.ranking import Scorer, rank

__all__ = ["Exam", "exam_of"]

_MOST = 10_000


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
        values = rank_metrics(hits, np.diff(self.indptr), [self.k], ["ndcg"])
        return float(values[f"ndcg@{self.k}"].mean())


def exam_of(train: Interactions, validation: Interactions | None, *, seed: int = 0) -> Exam | None:
    """Make the exam of two parts of one data set; of more than 10,000 persons a sample is asked.

    Args:
        train: What is learned from: histories are taken from here.
        validation: Where answers are taken from; None or no person with a history gives no exam.
        seed: Fixes the sample.
    """
    if validation is None or not len(validation):
        return None
    histories, liked = Histories.of(train), validation.liked
    users = train.user_ids.encode(liked.user_ids.series)[liked.users]
    items = train.catalogue.ids.encode(liked.catalogue.ids.series)[liked.items]
    shape = (len(train.user_ids), len(train.catalogue))
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
