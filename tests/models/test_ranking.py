"""rank(): masks, candidates, domains and slices of bounded memory give what one plain sort gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import NotFound, OutOfBudget
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.core.recommendations import Scores
from crossrec.models import ranking
from crossrec.models.ranking import rank

ITEMS = [f"{domain}:{number}" for domain in ("a", "b") for number in range(4)]
DATA = Interactions.from_frame(
    pl.DataFrame({"user_id": ["u"] * 8, "item_id": [0, 1, 2, 3] * 2, "domain": ["a"] * 4 + ["b"] * 4})
)


@dataclass
class Table:
    """Scores row b of a table for the query of user b; no opinion for an empty history."""

    values: np.ndarray
    sizes: list[int] = field(default_factory=list)

    def __call__(self, queries: Queries, candidates: Sequence[Any] | None = None) -> Scores:
        self.sizes.append(len(queries))
        rows = self.values[list(queries.users or ())]
        columns = slice(None) if candidates is None else queries.catalogue.codes_of(candidates)
        return Scores(rows[:, columns].astype(np.float32), np.diff(queries.indptr) > 0)


def asking(histories: list[list[str]], domain: str | None = None) -> Queries:
    queries = [Query(row, tuple(Act(item) for item in items), domain) for row, items in enumerate(histories)]
    return Queries.from_queries(queries, DATA.catalogue)


histories = st.lists(st.lists(st.sampled_from([*ITEMS, "stranger"]), max_size=5), min_size=1, max_size=6)
candidate_lists = st.one_of(st.none(), st.lists(st.sampled_from([*ITEMS, "stranger"]), max_size=10))


@given(
    histories, candidate_lists, st.sampled_from([None, "a", "b"]), st.booleans(), st.integers(1, 10), st.integers(0, 99)
)
def test_lists_are_those_of_a_plain_sort(
    histories: list[list[str]], candidates: list[str] | None, domain: str | None, exclude_seen: bool, k: int, seed: int
) -> None:
    values = np.random.default_rng(seed).integers(0, 3, (len(histories), 8)).astype(np.float32)
    lists = rank(Table(values), asking(histories, domain), k, exclude_seen=exclude_seen, candidates=candidates)
    for row, history in enumerate(histories):
        fit = [
            code
            for code, item in enumerate(ITEMS)
            if (candidates is None or item in candidates)
            and (domain is None or item.startswith(domain))
            and not (exclude_seen and item in history)
        ]
        best = sorted(fit, key=lambda code: (-values[row, code], code))[:k] if history else []
        assert lists.ids()[row] == [ITEMS[code] for code in best]
        assert lists[row] == [(ITEMS[code], float(values[row, code])) for code in best]
        assert bool(lists.opinion[row]) is bool(history)
    known = len(ITEMS) if candidates is None else len({*candidates} - {"stranger"})
    assert lists.rows == tuple(range(len(histories))) and lists.items.shape == (len(histories), min(k, known))


def test_a_huge_k_costs_no_more_than_the_catalogue() -> None:
    lists = rank(Table(np.arange(8.0)[None, :]), asking([["a:0"]]), 10**12, exclude_seen=True)
    assert lists.items.shape == lists.scores.shape == (1, 8)
    assert lists.ids() == [[*reversed(ITEMS[1:])]]


def test_lists_that_would_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "SCORE_BUDGET", 8)
    monkeypatch.setattr("crossrec.models.machine.available_bytes", lambda: 100)
    with pytest.raises(OutOfBudget, match="7 lists of 8 items"):
        rank(Table(np.zeros((7, 8))), asking([["a:0"]] * 7), 10**12, exclude_seen=True)


def test_memory_is_bounded_and_slices_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).random((7, 8))
    whole, parts = Table(values), Table(values)
    expected = rank(whole, asking([["a:0"]] * 7), 3, exclude_seen=True)
    monkeypatch.setattr(ranking, "SCORE_BUDGET", 2 * 8 + 1)
    sliced = rank(parts, asking([["a:0"]] * 7), 3, exclude_seen=True)
    assert whole.sizes == [7] and parts.sizes == [2, 2, 2, 1]
    np.testing.assert_array_equal(expected.items, sliced.items)
    np.testing.assert_array_equal(expected.scores, sliced.scores)


def test_an_unknown_domain_is_named_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="no domain called 'c'"):
        rank(Table(np.zeros((1, 8))), asking([["a:0"]], "c"), 1, exclude_seen=True)


def test_nobody_asks() -> None:
    assert rank(Table(np.zeros((0, 8))), asking([]), 3, exclude_seen=True).items.shape == (0, 3)


def test_scores_at_or_below_the_floor_are_no_opinion_where_they_may_not_be_shown() -> None:
    values = np.array([[0, 3, 0, -1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 2, 0]], np.float32)

    def score(queries: Queries, candidates: Sequence[Any] | None = None) -> Scores:
        return Scores.above(values, np.ones(2, np.bool_))

    lists = rank(score, asking([["a:0"], ["a:0"]]), 5, exclude_seen=True)
    assert lists.ids() == [["a:1", "a:3"], ["b:2"]] and lists.opinion.tolist() == [True, True]
    lists = rank(score, asking([["a:0"], ["a:0"]], "b"), 5, exclude_seen=True)
    assert lists.ids() == [[], ["b:2"]] and lists.opinion.tolist() == [False, True]
    lists = rank(score, asking([["a:0"], ["b:2"]], "b"), 5, exclude_seen=True)
    assert lists.ids() == [[], []] and not lists.opinion.any()
    assert Scores.above(np.zeros((2, 0), np.float32), np.ones(2, np.bool_)).opinion.tolist() == [False, False]
    assert Scores.above(values, np.ones(2, np.bool_), np.full(2, 2, np.float32)).opinion.tolist() == [True, False]
