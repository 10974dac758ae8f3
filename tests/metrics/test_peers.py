"""The same lists give the same values as in RecTools, ranx and RecBole; each runs where that library is installed.

Differences of definition are written out where they are: RecTools and ranx divide average precision by all right
answers, this package and RecBole by those that fit into the list.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crossrec.metrics.ranking import METRICS, find_hits, rank_metrics

NAMES = ("recall", "precision", "ndcg", "mrr", "map", "hit_rate")
LENGTHS = (1, 5, 10)
LISTS, ITEMS = 200, 60


def given() -> tuple[np.ndarray, list[np.ndarray]]:
    """Return lists of ten items, some cut short, and one to twenty right answers each."""
    chance = np.random.default_rng(11)
    items = np.stack([chance.permutation(ITEMS)[:10] for _ in range(LISTS)]).astype(np.int32)
    for row in range(0, LISTS, 7):
        items[row, 3 + row % 5 :] = -1
    answers = [np.sort(chance.choice(ITEMS, size=1 + row % 20, replace=False)).astype(np.int32) for row in range(LISTS)]
    return items, answers


def judged() -> tuple[np.ndarray, np.ndarray]:
    """Return hits and the number of right answers."""
    items, answers = given()
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in answers])])
    return find_hits(items, indptr, np.concatenate(answers)), np.diff(indptr)


def over_all_answers(name: str, k: int, values: np.ndarray) -> np.ndarray:
    """Return values as a library has them that divides average precision by all right answers."""
    relevant = judged()[1]
    return values * np.minimum(relevant, k) / relevant if name == "map" else values


def test_values_are_those_of_rectools() -> None:
    rectools = pytest.importorskip("rectools", reason="RecTools is not installed: six metrics are not compared with it")
    pd = pytest.importorskip("pandas")
    metrics: Any = pytest.importorskip("rectools.metrics")
    items, answers = given()
    row, place = np.nonzero(items >= 0)
    columns = rectools.Columns
    lists = pd.DataFrame({columns.User: row, columns.Item: items[row, place], columns.Rank: place + 1})
    users = np.repeat(np.arange(LISTS), [len(found) for found in answers])
    right = pd.DataFrame({columns.User: users, columns.Item: np.concatenate(answers)})
    for k in LENGTHS:
        theirs = {
            "recall": metrics.Recall(k=k),
            "precision": metrics.Precision(k=k),
            "ndcg": metrics.NDCG(k=k, divide_by_achievable=True),
            "mrr": metrics.MRR(k=k),
            "map": metrics.MAP(k=k),
            "hit_rate": metrics.HitRate(k=k),
        }
        found = metrics.calc_metrics(theirs, lists, interactions=right)
        ours = rank_metrics(*judged(), [k], NAMES)
        for name in NAMES:
            value = over_all_answers(name, k, ours[f"{name}@{k}"]).mean()
            assert value == pytest.approx(found[name], abs=1e-6), f"{name}@{k}"


def test_values_are_those_of_ranx() -> None:
    ranx: Any = pytest.importorskip("ranx", reason="ranx is not installed: six metrics are not compared with it")
    items, answers = given()
    listed = {
        f"q{row}": {f"d{item}": float(10 - place) for place, item in enumerate(line) if item >= 0}
        for row, line in enumerate(items.tolist())
    }
    right = {f"q{row}": {f"d{item}": 1 for item in found.tolist()} for row, found in enumerate(answers)}
    told = [f"{name}@{k}" for name in NAMES for k in LENGTHS]
    found = ranx.evaluate(ranx.Qrels(right), ranx.Run(listed), told, return_mean=False)
    ours = rank_metrics(*judged(), LENGTHS, NAMES)
    for name in told:
        metric, _, k = name.partition("@")
        values = over_all_answers(metric, int(k), ours[name])
        assert np.sort(found[name]) == pytest.approx(np.sort(values), abs=1e-6), name  # its order is its own


def test_values_are_those_of_recbole(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs: Any = pytest.importorskip(
        "recbole.evaluator.metrics", reason="RecBole is not installed: six metrics are not compared with it"
    )
    monkeypatch.setattr(np, "float", float, raising=False)  # RecBole 1.2.1 asks for a name that NumPy took away
    hits, relevant = judged()
    told = {"topk": list(LENGTHS), "metric_decimal_place": 10}
    kinds = {
        "recall": "Recall",
        "precision": "Precision",
        "ndcg": "NDCG",
        "mrr": "MRR",
        "map": "MAP",
        "hit_rate": "Hit",
    }
    ours = rank_metrics(hits, relevant, LENGTHS, NAMES)
    for name in NAMES:
        metric = getattr(theirs, kinds[name])(told)
        needed = (hits, relevant) if name in ("recall", "ndcg", "map") else (hits,)
        table = metric.metric_info(*needed)
        for k in LENGTHS:
            assert table[:, k - 1] == pytest.approx(ours[f"{name}@{k}"], abs=1e-6), f"{name}@{k}"


def test_the_lists_that_are_compared_tell_metrics_apart() -> None:
    values = rank_metrics(*judged(), [10], NAMES)
    means = sorted(found.mean() for found in values.values())
    assert set(NAMES) < set(METRICS)
    assert min(np.diff(means)) > 1e-3
