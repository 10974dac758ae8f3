"""Ranking metrics against hand-worked values, bounds and a plain reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.metrics import ranking
from crossrec.metrics.ranking import METRICS, find_hits, metric, rank_metrics

HITS = np.array([[True, False, True, False], [False, False, False, False], [True, True, True, True]])
RELEVANT = np.array([3, 1, 9])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("recall", [2 / 3, 0, 4 / 9]),
        ("recall_min", [2 / 3, 0, 1]),
        ("precision", [0.5, 0, 1]),
        ("ndcg", [1.5 / (1 + 1 / math.log2(3) + 0.5), 0, 1]),
        ("mrr", [1, 0, 1]),
        ("map", [(1 + 2 / 3) / 3, 0, 1]),
        ("hit_rate", [1, 0, 1]),
    ],
)
def test_hand_worked_values(name: str, expected: list[float]) -> None:
    assert METRICS[name](HITS, RELEVANT) == pytest.approx(expected)


def test_every_metric_has_a_hand_worked_value() -> None:
    assert list(METRICS) == ["recall", "recall_min", "precision", "ndcg", "mrr", "map", "hit_rate"]


@pytest.mark.parametrize("name", list(METRICS))
def test_nothing_relevant_is_no_value(name: str) -> None:
    values = METRICS[name](np.array([[False, False], [True, False]]), np.array([0, 1]))
    assert np.isnan(values[0])
    assert values[1] > 0


@st.composite
def judged_lists(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rows, width = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    cells = draw(st.lists(st.booleans(), min_size=rows * width, max_size=rows * width))
    hits = np.array(cells).reshape(rows, width)
    more = draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
    return hits, np.maximum(1, hits.sum(axis=1) + np.array(more))


def plain(name: str, hits: list[bool], relevant: int) -> float:
    """The definitions, one list at a time."""
    k, count = len(hits), sum(hits)
    places = [place for place, hit in enumerate(hits, start=1) if hit]
    best = min(k, relevant)
    return {
        "recall": count / relevant,
        "recall_min": count / best,
        "precision": count / k,
        "ndcg": sum(1 / math.log2(p + 1) for p in places) / sum(1 / math.log2(p + 1) for p in range(1, best + 1)),
        "mrr": 1 / places[0] if places else 0.0,
        "map": sum(nth / p for nth, p in enumerate(places, start=1)) / best,
        "hit_rate": float(count > 0),
    }[name]


@given(judged_lists())
@settings(max_examples=50, deadline=None)
def test_equal_to_the_definitions_and_between_0_and_1(case: tuple[np.ndarray, np.ndarray]) -> None:
    hits, relevant = case
    for name, function in METRICS.items():
        values = function(hits, relevant)
        assert values == pytest.approx([plain(name, h.tolist(), int(r)) for h, r in zip(hits, relevant, strict=True)])
        assert (values >= 0).all()
        assert (values <= 1 + 1e-12).all()


@given(st.integers(1, 8), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_a_perfect_list_has_the_best_value(k: int, relevant: int) -> None:
    hits = (np.arange(k) < relevant)[None, :]
    for name in ("recall_min", "ndcg", "mrr", "map", "hit_rate"):
        assert METRICS[name](hits, np.array([relevant])) == pytest.approx([1.0])


@pytest.mark.parametrize("name", ["ndcg", "mrr", "map"])
def test_order_matters(name: str) -> None:
    early, late = METRICS[name](np.array([[True, False], [False, True]]), np.array([1, 1]))
    assert early > late


@pytest.mark.parametrize("name", ["recall", "recall_min", "precision", "hit_rate"])
def test_order_does_not_matter(name: str) -> None:
    early, late = METRICS[name](np.array([[True, False], [False, True]]), np.array([1, 1]))
    assert early == late


def test_lengths_share_one_matrix() -> None:
    values = rank_metrics(HITS, RELEVANT, [1, 4], ["precision", "recall"])
    assert list(values) == ["precision@1", "recall@1", "precision@4", "recall@4"]
    assert values["precision@1"].tolist() == [1, 0, 1]
    assert values["precision@4"].tolist() == [0.5, 0, 1]


@pytest.mark.parametrize("k", [0, 5])
def test_a_length_outside_the_lists_is_refused(k: int) -> None:
    with pytest.raises(InvalidInput, match=f"got {k}"):
        rank_metrics(HITS, RELEVANT, [k])


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'ndcg'"):
        rank_metrics(HITS, RELEVANT, [1], ["ndgc"])


def test_lengths_must_match() -> None:
    with pytest.raises(InvalidInput, match="expected 3 counts"):
        rank_metrics(HITS, RELEVANT[:2], [1])
    with pytest.raises(InvalidInput, match="expected 2 row pointers"):
        find_hits(np.zeros((1, 1), np.int32), np.array([0]), np.empty(0, np.int32))


def test_hits_are_found_by_row() -> None:
    items = np.array([[5, 1, -1], [5, 1, 0], [2, 2, 3]], np.int32)
    hits = find_hits(items, np.array([0, 2, 2, 4]), np.array([1, 7, 2, 3], np.int32))
    assert hits.tolist() == [[False, True, False], [False, False, False], [True, False, True]]


@given(st.lists(st.lists(st.integers(0, 9), unique=True, max_size=6), min_size=1, max_size=5), st.integers(0, 999))
@settings(max_examples=50, deadline=None)
def test_hits_are_membership(rows: list[list[int]], seed: int) -> None:
    generator = np.random.default_rng(seed)
    items = np.stack([generator.permutation(10)[:4] for _ in rows]).astype(np.int32)
    indptr = np.cumsum([0, *map(len, rows)])
    flat = np.array([code for row in rows for code in sorted(row)], np.int32)
    expected = [[code in row for code in line] for line, row in zip(items.tolist(), rows, strict=True)]
    assert find_hits(items, indptr, flat).tolist() == expected


def test_a_new_metric_appears_by_its_decorator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "METRICS", {})

    @metric
    def first(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
        return hits[:, 0].astype(float)

    assert rank_metrics(HITS, RELEVANT, [2])["first@2"].tolist() == [1, 0, 1]
    with pytest.raises(InvalidInput, match="'first'"):
        metric(first)
