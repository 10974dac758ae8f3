"""Every model on the shelf × every promise of models/contract.py; and the suite itself, broken on purpose."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossrec.core.interactions import Interactions
from crossrec.core.recommendations import Scores
from crossrec.models.boards import checkerboard
from crossrec.models.classic.ease import EASE
from crossrec.models.contract import CHECKS, exemption
from crossrec.models.recommender import MODELS

MODELS_FOUND = list(MODELS.paths())


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", MODELS_FOUND)
def test_model_keeps_its_promise(name: str, check: str, tmp_path: Path) -> None:
    kind = MODELS.load(name)
    reason = exemption(kind, check)
    if reason is None:
        CHECKS[check](kind, tmp_path)
        return
    with pytest.raises(AssertionError):  # an exemption that is not needed must go
        CHECKS[check](kind, tmp_path)


def test_exemptions_name_checks_that_exist() -> None:
    for name in MODELS_FOUND:
        exempt = getattr(MODELS.load(name), "exempt", {})
        assert set(exempt) <= set(CHECKS) and all(len(reason) > 10 for reason in exempt.values()), name


@dataclass
class ZerosForStrangers(EASE):
    def score(self, queries: Any, candidates: Any = None) -> Scores:
        return Scores(super().score(queries, candidates).values, np.ones(len(queries), dtype=np.bool_))


@dataclass
class WorstFirst(EASE):
    def score(self, queries: Any, candidates: Any = None) -> Scores:
        scores = super().score(queries, candidates)
        return Scores(-scores.values, scores.opinion)


@dataclass
class DependsOnBatch(EASE):
    def score(self, queries: Any, candidates: Any = None) -> Scores:
        scores = super().score(queries, candidates)
        return Scores(scores.values - scores.values.mean(axis=0), scores.opinion)


@dataclass
class SpoilsItsInput(EASE):
    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Any:
        fitted = super().fit(train, validation=validation)
        train.weights[:] += 1
        return fitted


@dataclass
class ForgetsCandidates(EASE):
    def score(self, queries: Any, candidates: Any = None) -> Scores:
        return super().score(queries, None if candidates is None else sorted(candidates))


@dataclass
class OwnsAUserTable(EASE):
    def score(self, queries: Any, candidates: Any = None) -> Scores:
        scores = super().score(queries, candidates)
        known = np.array([user in self.histories_.user_ids for user in queries.users or ()], dtype=np.bool_)
        return Scores(scores.values, scores.opinion & known)


@dataclass
class RollsDice(EASE):
    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Any:
        fitted = super().fit(train, validation=validation)
        self.weights_ = self.weights_ + np.random.default_rng().normal(0, 1e-3, self.weights_.shape).astype(np.float32)
        return fitted


@dataclass
class BlindToHistory(EASE):
    def score(self, queries: Any, candidates: Any = None) -> Scores:
        scores = super().score(queries, candidates)
        same = self.weights_.sum(axis=0, dtype=np.float32)
        return Scores(np.repeat(same[None, :], len(queries), axis=0), scores.opinion)


@dataclass
class AlikeToItself(EASE):
    def similar(self, items: Any, k: int = 10) -> Any:
        lists = super().similar(items, k)
        lists.items[:, 0] = self.catalogue_.codes_of(items)
        return lists


@dataclass
class ReasonsFromElsewhere(EASE):
    def explain(self, queries: Any, items: Any) -> Any:
        return np.full_like(super().explain(queries, items), 7)


@dataclass
class ShowsWhatIsNotAllowed(EASE):
    def recommend(self, asked: Any, k: int = 10, **options: Any) -> Any:
        return super().recommend(asked, k, **{**options, "allowed": None})


@dataclass
class SpoilsItsQueries(EASE):
    def score(self, queries: Any, candidates: Any = None) -> Scores:
        scores = super().score(queries, candidates)
        queries.weights[:] *= 2
        return scores


@dataclass
class RemembersTheFirst(EASE):
    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Any:
        before = getattr(self, "weights_", None)
        super().fit(train, validation=validation)
        if before is not None:
            self.weights_ = self.weights_ + before[:24, :24].mean()
        return self


@dataclass
class LearnsItsExam(EASE):
    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Any:
        whole = train if validation is None else checkerboard()
        return super().fit(whole)


@dataclass
class InventsLists(EASE):
    def score(self, queries: Any, candidates: Any = None) -> Scores:
        scores = super().score(queries, candidates)
        return Scores(scores.values, np.diff(queries.indptr) > 0)


@dataclass
class LearnsReturns(EASE):
    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Any:
        return super().fit(dataclasses.replace(train, kinds=np.zeros_like(train.kinds)))


BROKEN = {
    AlikeToItself: "similar_leaves_itself_out_and_is_ordered",
    ReasonsFromElsewhere: "reason_is_in_the_history",
    ShowsWhatIsNotAllowed: "allowed_restricts",
    SpoilsItsQueries: "score_leaves_queries_alone",
    RemembersTheFirst: "refit_forgets",
    LearnsItsExam: "validation_is_not_learned",
    InventsLists: "unrelated_history_gets_no_opinion",
    LearnsReturns: "only_taste_counts",
    ZerosForStrangers: "stranger_without_history",
    WorstFirst: "learns_taste",
    DependsOnBatch: "batch_size_changes_nothing",
    SpoilsItsInput: "fit_leaves_input_alone",
    ForgetsCandidates: "candidate_scores_are_columns",
    OwnsAUserTable: "stranger_with_history",
    RollsDice: "same_seed_same_answer",
    BlindToHistory: "carries_taste_across_domains",
}


@pytest.mark.parametrize(("kind", "check"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", value))
def test_a_broken_model_turns_its_check_red(kind: Any, check: str, tmp_path: Path) -> None:
    CHECKS[check](EASE, tmp_path / "whole")
    with pytest.raises(AssertionError):
        CHECKS[check](kind, tmp_path / "broken")
