"""Beyond accuracy: what these metrics need to know of training and of the askers, worked out once for all models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from crossrec.core.arrays import Bools, Codes, Doubles, Offsets
from crossrec.evaluation.judging.kinds import Kinds, kinds_of
from crossrec.evaluation.questions import Questions
from crossrec.evaluation.slices import popularity_groups
from crossrec.metrics.beyond import novelty, popularity, popularity_lift, self_information, serendipity
from crossrec.metrics.diversity import intra_list_distances
from crossrec.metrics.fairness import exposure_gap, exposure_shares, group_gap, miscalibration, mix_of

__all__ = ["OF_A_LIST", "Background"]

_ACTIVE_SHARE = 0.2
_BLOCK = 65_536
"""Lists whose mixes are held at once."""


@dataclass(frozen=True, eq=False)
class Background:
    """What the questions of a test say about items and askers.

    Args:
        questions: N of them.
        repeats: May a list hold what the asker already had?
        width: Length K of the longest list.
    """

    questions: Questions
    repeats: bool
    width: int

    @cached_property
    def bits(self) -> Doubles:
        """[I] self-information of each item."""
        return self_information(*self.questions.audience)

    @cached_property
    def shares(self) -> Doubles:
        """[I] share of the training users who had each item."""
        counts, users = self.questions.audience
        return np.asarray(counts / users)

    @cached_property
    def shares_of_history(self) -> Doubles:
        """[N] mean of that over the acts of each asker's history, NaN without one."""
        acts, users = self.questions.history.acts, self.questions.users
        running = np.concatenate([[0.0], np.cumsum(self.shares[acts.items])])
        sums = (running[acts.indptr[1:]] - running[acts.indptr[:-1]])[users]
        lengths = self.questions.history_lengths
        means: Doubles = np.divide(sums, lengths, out=np.full(len(sums), np.nan), where=lengths > 0)
        return means

    @cached_property
    def kinds(self) -> Kinds:
        """The kinds of items."""
        return kinds_of(self.questions.catalogue, popularity_groups(self.questions))

    @cached_property
    def best_sellers(self) -> Codes:
        """Int32[N, K] the most popular items that each asker may be shown, -1 behind the end."""
        asked, (counts, _) = self.questions, self.questions.audience
        order = np.lexsort((np.arange(len(counts)), -counts, asked.catalogue.domains)).astype(np.int32)
        order = order[counts[order] > 0]
        starts = np.searchsorted(asked.catalogue.domains[order], np.arange(len(asked.catalogue.domain_names) + 1))
        found = np.full((len(asked), self.width), -1, dtype=np.int32)
        acts = asked.history.acts
        indptr = np.zeros_like(acts.indptr) if self.repeats else acts.indptr
        _fill_most_popular(
            order, starts, asked.domains, asked.users, indptr, acts.items, np.zeros(len(counts), np.int32), found
        )
        return found

    @cached_property
    def users_of_items(self) -> tuple[Offsets, Codes]:
        """The different training users of each item as CSR: Int64[I + 1], and user codes."""
        columns = self.questions.train.csr().tocsc()
        return columns.indptr.astype(np.int64), columns.indices.astype(np.int32)

    @cached_property
    def active(self) -> Bools:
        """Bool[N], is the asker in the fifth with the longest histories? They are more or fewer where lengths tie."""
        lengths = self.questions.history_lengths
        least = np.quantile(lengths, 1 - _ACTIVE_SHARE, method="higher")
        return np.asarray(lengths >= least if least > lengths.min() else lengths > least)

    def distances(self, items: Codes) -> Doubles:
        """[N, K] mean distance of the items in the first places, see `intra_list_distances`."""
        return intra_list_distances(items, *self.users_of_items, len(self.questions.train.user_ids))

    def miscalibration(self, items: Codes) -> Doubles:
        """[N] see `metrics.fairness.miscalibration`, in blocks of bounded memory."""
        acts, parts, users = self.questions.history.acts, self.kinds.parts, self.questions.users
        had = sp.csr_array((np.ones(len(acts.items)), acts.items, acts.indptr), shape=(len(acts), len(parts)))
        found = np.full(len(items), np.nan)
        for start in range(0, len(items), _BLOCK):
            rows = slice(start, start + _BLOCK)
            sums = np.asarray(had[users[rows]] @ parts)
            totals = sums.sum(axis=1, keepdims=True)
            histories = np.divide(sums, totals, out=np.full(sums.shape, np.nan), where=totals > 0)
            found[rows] = miscalibration(mix_of(items[rows], parts), histories)
        return found

    def merits(self, rows: Bools) -> Doubles:
        """[G] share of each kind in the right answers of some questions."""
        answers = self.questions.answers[np.repeat(rows, self.questions.relevant)]
        sums = np.bincount(answers, minlength=len(self.kinds.parts)) @ self.kinds.parts
        return np.asarray(sums / sums.sum() if sums.sum() > 0 else np.full(len(sums), np.nan))

    def exposure_gap(self, items: Codes, rows: Bools) -> float:
        """See `metrics.fairness`; items are those of the rows."""
        return exposure_gap(exposure_shares(items, self.kinds.parts), self.merits(rows))

    def active_user_gap(self, values: Doubles, rows: Bools) -> float:
        """See `group_gap`; values are those of the rows."""
        return group_gap(values, self.active[rows])


def _serendipity(known: Background, items: Codes, hits: Bools) -> Doubles:
    width = items.shape[1]
    expected = np.zeros(items.shape, dtype=np.bool_)
    _mark_expected(items, np.ascontiguousarray(known.best_sellers[:, :width]), expected)
    return serendipity(hits, expected)


OF_A_LIST: dict[str, Callable[[Background, Codes, Bools], Doubles]] = {
    "novelty": lambda known, items, _: novelty(items, known.bits),
    "diversity": lambda known, items, _: known.distances(items)[:, -1],
    "serendipity": _serendipity,
    "popularity": lambda known, items, _: popularity(items, known.shares),
    "popularity_lift": lambda known, items, _: popularity_lift(items, known.shares, known.shares_of_history),
    "miscalibration": lambda known, items, _: known.miscalibration(items),
}
"""Name -> value of each list, from Int32[N, k] items and Bool[N, k] hits."""


@numba.njit(cache=True, nogil=True)
def _fill_most_popular(
    order: Codes,
    starts: Offsets,
    domains: NDArray[np.int16],
    users: Codes,
    indptr: Offsets,
    items: Codes,
    stamps: Codes,
    found: Codes,
) -> None:  # pragma: no cover - compiled
    """Walk down the items of the asked domain, past those of the history."""
    for row in range(len(users)):
        for act in range(indptr[users[row]], indptr[users[row] + 1]):
            stamps[items[act]] = row + 1
        place = 0
        for at in range(starts[domains[row]], starts[domains[row] + 1]):
            if place == found.shape[1]:
                break
            if stamps[order[at]] != row + 1:
                found[row, place] = order[at]
                place += 1


@numba.njit(cache=True, nogil=True)
def _mark_expected(items: Codes, lists: Codes, expected: Bools) -> None:  # pragma: no cover - compiled
    """Mark the items that are in the other list of their row too."""
    for row in range(items.shape[0]):
        for place in range(items.shape[1]):
            for other in range(lists.shape[1]):
                if items[row, place] >= 0 and items[row, place] == lists[row, other]:
                    expected[row, place] = True
