"""Leaderboards: their order, their baselines, what is sure about them, and models that fail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from stubs import ByCount, Walk, many

from crossrec.core.errors import InvalidInput, NotFound, OutOfBudget
from crossrec.core.interactions import Interactions
from crossrec.evaluation.comparing.compare import BASELINES, compare
from crossrec.evaluation.comparing.leaderboard import Leaderboard
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.protocol import Protocol
from crossrec.metrics.significance import holm
from crossrec.models.progress import tell
from crossrec.models.recommender import create

ASKED = Protocol("leave-last-out", k=5)


@dataclass
class Greedy(ByCount):
    """Wants more memory than there is."""

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Greedy:
        raise OutOfBudget("needs about 900.0 GB")


@dataclass
class Broken(ByCount):
    """Has a bug."""

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Broken:
        tell("epochs", 1, 2)
        raise ZeroDivisionError("by hand")


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return compare({"walk": Walk(), "down": ByCount(-1.0)}, many(), ASKED, resamples=200)


def test_the_best_is_first_and_baselines_are_there(board: Leaderboard) -> None:
    assert {entry.name for entry in board.entries} == {"walk", "down", *BASELINES}
    assert {entry.name for entry in board.entries if entry.baseline} == set(BASELINES)
    reached = [model.metrics["ndcg@5"].value for model in board.report.models]
    assert reached == sorted(reached, reverse=True)
    assert board.best is board.entries[0] and board.goal == "ndcg@5"


def test_numbers_are_those_of_evaluate(board: Leaderboard) -> None:
    told = evaluate({"walk": Walk(), "ease": create("ease")}, many(), ASKED, resamples=200)
    for model in told.models:
        assert board.report.model(model.name).metrics == model.metrics
        assert board.report.model(model.name).slices == model.slices
    assert board.report.protocol == told.protocol and board.report.exam == told.exam


def test_gaps_are_paired_differences_of_one_family(board: Leaderboard) -> None:
    assert board.best is not None and board.baseline is not None
    values = {model.name: model.metrics["ndcg@5"].value for model in board.report.models}
    gaps = [(entry.name, entry.to_best) for entry in board.entries if entry.to_best is not None]
    assert len(gaps) == len(board.entries) - 1 and board.best.to_best is None
    for name, gap in gaps:
        assert gap.to == board.best.name
        assert gap.value == pytest.approx(values[name] - values[gap.to])
        assert gap.low <= gap.value <= gap.high <= 1 and 0 < gap.p <= gap.p_holm <= 1
    others = [entry.to_baseline for entry in board.entries if entry.name not in (board.best.name, board.baseline.name)]
    family = [gap.p for _, gap in gaps]
    if board.baseline is not board.best:
        family += [gap.p for gap in others if gap is not None]
    assert [gap.p_holm for _, gap in gaps] == pytest.approx(holm(np.array(family))[: len(gaps)])


def test_the_gap_of_the_best_to_the_baseline_is_the_mirror() -> None:
    found = compare({"walk": Walk(), "popularity": ByCount(-1.0)}, many(), ASKED, baselines=True, resamples=100)
    names = [entry.name for entry in found.entries]
    there = {entry.name: entry for entry in found.entries}
    best, baseline = found.best, found.baseline
    assert best is not None and baseline is not None
    if best.baseline:  # then it is compared with itself, and there is nothing to mirror
        assert best.to_baseline is None
        return
    mine, theirs = there[best.name].to_baseline, there[baseline.name].to_best
    assert mine is not None and theirs is not None, names
    assert (mine.value, mine.low, mine.high, mine.p) == (-theirs.value, -theirs.high, -theirs.low, theirs.p)


def test_a_model_of_a_baselines_name_takes_its_place() -> None:
    found = compare({"ease": create("ease", l2=3.0)}, many(), ASKED, resamples=0)
    assert [entry.baseline for entry in found.entries] == [True] * 3
    assert found.report.model("ease").settings["l2"] == 3.0
    assert all(entry.to_best is None and entry.to_baseline is None for entry in found.entries)
    assert "differences" not in str(found)


def test_a_model_that_fails_is_a_row_with_its_reason() -> None:
    told: list[str] = []
    found = compare(
        {"greedy": Greedy(), "broken": Broken(), "count": ByCount()},
        many(),
        ASKED,
        baselines=False,
        progress=lambda name, done, total: told.append(name),
    )
    assert [entry.name for entry in found.entries] == ["count", "greedy", "broken"]
    assert [entry.failure for entry in found.entries] == ["", "needs about 900.0 GB", "ZeroDivisionError: by hand"]
    assert "greedy failed: needs about 900.0 GB" in str(found)
    assert "- `greedy`: needs about 900.0 GB" in found.markdown()
    assert "broken: epochs" in told and "count" in told
    assert json.loads(found.to_json())["entries"][1]["report"] is None


def test_every_model_is_kept_when_it_is_done() -> None:
    kept: list[Leaderboard] = []
    models = {"count": ByCount(), "broken": Broken(), "down": ByCount(-1.0)}
    found = compare(models, many(), ASKED, baselines=False, keep=kept.append)
    assert [[entry.name for entry in board.entries] for board in kept] == [
        ["count"],
        ["count", "broken"],
        ["down", "count", "broken"],
    ]
    assert [board.notes for board in kept] == [
        ["not finished: still to come are broken, down"],
        ["not finished: still to come are down"],
        (),
    ]
    assert kept[-1] is found and "not finished" in str(kept[0])


def test_where_all_fail_there_is_no_best() -> None:
    found = compare({"greedy": Greedy()}, many(), ASKED, baselines=False)
    assert found.best is None and found.baseline is None and found.report.models == []
    assert "greedy failed" in str(found) and "greedy" in found.markdown()


@pytest.mark.parametrize(
    ("models", "options", "error"),
    [
        ({}, {}, InvalidInput),
        (["eaze"], {}, NotFound),
        (["ease"], {"metric": "gini"}, NotFound),
    ],
)
def test_mistakes_are_refused_before_anything_is_fitted(
    models: Any, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        compare(models, many(), ASKED, **options)


def test_every_output_says_by_which_protocol_and_split(board: Leaderboard) -> None:
    told = board.report.protocol
    for text in (str(board), board.markdown(), board.to_json()):
        assert told["hash"] in text and told["split_hash"] in text


def test_json_holds_everything_that_the_tables_show(board: Leaderboard) -> None:
    plain = json.loads(board.to_json())
    assert plain["goal"] == "ndcg@5" and plain["data_hash"] == many().fingerprint
    first = plain["entries"][0]
    assert first["report"]["metrics"]["ndcg@5"]["value"] == board.report.models[0].metrics["ndcg@5"].value
    assert {"fit_seconds", "peak_mb", "lists_per_second", "slices", "settings"} <= set(first["report"])
    assert plain["entries"][1]["to_best"]["to"] == first["name"]


def test_markdown_has_a_row_for_each_model(board: Leaderboard) -> None:
    lines = board.markdown().splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("| model | ndcg@5 |"))
    table = lines[head : head + 2 + len(board.entries)]
    assert len({line.count(" | ") for line in table}) == 1
    assert [line.split(" | ")[0].strip("| ").removesuffix(" (baseline)") for line in table[2:]] == [
        entry.name for entry in board.entries
    ]
