"""The search: it finds what is there, goes on where it stopped, and never sees a test row."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from stubs import ByCount, many

from crossrec.core.errors import InvalidInput, NotFound, Refused
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.data.split import joined
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.tuning.tune import tune
from crossrec.evaluation.tuning.tuned import Tuned
from crossrec.models.space import Choice, Range, Space

ASKED = Protocol("leave-last-out", k=5)


@dataclass
class Dial(ByCount):
    """Ranks by number of rows, spoiled the more the dial is off 0.7; best with the sign of plus."""

    dial: float = 0.0
    way: str = "down"
    space: ClassVar[Space] = {"dial": Range(0, 1), "way": Choice(("up", "down"))}

    def score(self, queries: Queries, candidates: Any = None) -> Scores:
        found = super().score(queries, candidates)
        wave = np.sin(np.arange(found.values.shape[1]) * 7.0).astype(np.float32)
        values = (found.values if self.way == "up" else -found.values) + 40 * abs(self.dial - 0.7) * wave
        return Scores(values.astype(np.float32), found.opinion)


@dataclass
class Fragile(Dial):
    """Cannot be fitted with half of the dial."""

    def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Fragile:
        if self.dial > 0.5:
            raise InvalidInput(f"dial: expected <= 0.5, got {self.dial}")
        super().fit(train, validation=validation)
        return self


def popular(users: int = 200, items: int = 30) -> Interactions:
    """Make data in which what many had is what the next one has."""
    chance = np.random.default_rng(0)
    odds = 0.8 ** np.arange(items)
    triples = []
    for user in range(users):
        chosen = chance.choice(items, size=6, replace=False, p=odds / odds.sum())
        triples += [(f"u{user:03}", f"i{item:03}", 10**12 + step) for step, item in enumerate(chosen)]
    users_, items_, times = zip(*triples, strict=True)
    return Interactions.from_frame(pl.DataFrame({"user_id": users_, "item_id": items_, "timestamp": times}))


def same(tuned: Tuned) -> list[tuple[int, dict[str, Any], float | None]]:
    return [(trial.number, dict(trial.settings), trial.value) for trial in tuned.trials]


def test_it_begins_with_what_the_model_came_with_and_finds_better() -> None:
    found = tune(Dial(), popular(), ASKED, metric="ndcg@5", trials=25)
    assert len(found.trials) == 25 and found.trials[0].settings == {"dial": 0.0, "way": "down"}
    assert found.best.settings["way"] == "up" and abs(found.best.settings["dial"] - 0.7) < 0.2
    assert (found.best.value or 0) > (found.trials[0].value or 0)
    assert found.settings["dial"] == found.best.settings["dial"] and found.settings["sign"] == 1.0


def test_same_seed_same_trials() -> None:
    first, second, other = (tune(Dial(), many(), ASKED, metric="ndcg@5", trials=14, seed=seed) for seed in (3, 3, 4))
    assert same(first) == same(second) != same(other)


def test_a_search_that_stopped_goes_on_as_if_it_had_not() -> None:
    whole = tune(Dial(), many(), ASKED, trials=16)
    part = tune(Dial(), many(), ASKED, trials=7)
    assert same(tune(Dial(), many(), ASKED, trials=16, earlier=part)) == same(whole)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"seed": 1}, "seed"), ({"metric": "recall@10"}, "metric"), ({"space": {"dial": Range(0, 2)}}, "space")],
)
def test_another_search_is_not_gone_on_from(change: dict[str, Any], word: str) -> None:
    part = tune(Dial(), many(), ASKED, trials=2)
    with pytest.raises(Refused, match=word):
        tune(Dial(), many(), ASKED, trials=3, earlier=part, **change)
    with pytest.raises(Refused, match="sign"):
        tune(Dial(sign=-1.0), many(), ASKED, trials=3, earlier=part)
    with pytest.raises(Refused, match="data_hash|split_hash"):
        tune(Dial(), many(seed=1), ASKED, trials=3, earlier=part)


def key(rows: Interactions) -> Any:
    return rows.users.astype(np.int64) * len(rows.catalogue) + rows.items


def test_test_rows_change_nothing() -> None:
    """The test part is poison: whatever stands in it, the trials and the settings found are the same."""
    data = many()
    split = ASKED.split(data)
    marks = np.zeros(len(data), dtype=np.int8)
    for part, rows in ((1, split.validation), (2, split.test)):
        marks[np.isin(key(data), key(rows))] = part
    given = dataclasses.replace(data, splits=marks)
    poisoned = dataclasses.replace(
        given, items=np.where(marks == 2, (given.items + 11) % len(given.catalogue), given.items).astype(np.int32)
    )
    asked = Protocol("given", k=5)
    clean, dirty = (tune(Dial(), rows, asked, trials=8) for rows in (given, poisoned))
    assert same(clean) == same(dirty) and clean.settings == dirty.settings
    assert clean.split_hash != dirty.split_hash


@pytest.mark.parametrize("name", ["leave-last-out", "global-time", "random", "new-users"])
def test_no_model_is_handed_a_test_row(name: str) -> None:
    data, asked = popular(), Protocol(name, k=5)
    split = asked.split(data)
    hidden = [split.test] + ([] if split.test_history is None else [split.test_history])
    secret = {pair for rows in hidden for pair in zip(rows.users.tolist(), rows.items.tolist(), strict=True)}
    seen: set[tuple[int, int]] = set()
    asked_with: set[frozenset[int]] = set()

    def watch(rows: Interactions | None) -> None:
        if rows is not None:
            seen.update(zip(rows.users.tolist(), rows.items.tolist(), strict=True))

    @dataclass
    class Spy(Dial):
        def fit(self, train: Interactions, *, validation: Interactions | None = None) -> Spy:
            watch(train)
            watch(validation)
            super().fit(train, validation=validation)
            return self

        def score(self, queries: Queries, candidates: Any = None) -> Scores:
            asked_with.update(frozenset(row) for row in np.split(queries.items, queries.indptr[1:-1]))
            return super().score(queries, candidates)

    tune(Spy(), data, asked, trials=3)
    assert len(seen) > len(data) * 0.6 and len(secret) > 50 and not seen & secret
    known = joined(split.past("validation"))
    histories = {frozenset(known.items[known.users == user]) for user in range(len(data.user_ids))}
    assert len(asked_with) > 15 and asked_with <= histories


def test_settings_that_fail_are_told_and_passed_over() -> None:
    found = tune(Fragile(), many(), ASKED, trials=12)
    failed = [trial for trial in found.trials if trial.value is None]
    assert failed and all("expected <= 0.5" in trial.failure for trial in failed)
    assert found.best.settings["dial"] <= 0.5
    assert f"{len(failed)} failed" in str(found)


def test_where_everything_fails_the_first_reason_is_told() -> None:
    with pytest.raises(InvalidInput, match=r"none of 3 .* dial: expected <= 0.5, got 0.9"):
        tune(Fragile(dial=0.9), many(), ASKED, trials=3, space={"dial": Range(0.8, 1.0)})


def test_a_space_that_is_used_up_ends_the_search() -> None:
    found = tune(Dial(), many(), ASKED, minutes=5, space={"way": Choice(("up", "down"))})
    assert sorted(trial.settings["way"] for trial in found.trials) == ["down", "up"]


def test_minutes_end_it_and_the_first_trial_is_always_made() -> None:
    assert len(tune(Dial(), many(), ASKED, minutes=0.0).trials) == 1


def test_all_that_was_found_is_kept_after_every_trial() -> None:
    kept: list[int] = []
    told: list[tuple[str, int]] = []
    tune(
        Dial(),
        many(),
        ASKED,
        trials=3,
        keep=lambda found: kept.append(len(found.trials)),
        progress=lambda name, done, total: told.append((name.partition(" (")[0], done)),
    )
    assert kept == [1, 2, 3] and [done for name, done in told if name == "trials"] == [1, 2, 3]


def test_errors_of_ratings_are_searched_downwards() -> None:
    chance = np.random.default_rng(0)
    users, items = np.repeat(np.arange(40), 8), np.concatenate([chance.permutation(20)[:8] for _ in range(40)])
    frame = {"user_id": users, "item_id": items, "rating": 3.0 + (items % 2) + 0.1 * chance.normal(size=320)}
    data = Interactions.from_frame(pl.DataFrame(frame))
    found = tune("svd", data, "random", metric="rmse", trials=3, space={"factors": Range(2, 8, whole=True)})
    assert found.metric == "rmse" and found.best.value == min(trial.value or 9 for trial in found.trials)
    with pytest.raises(InvalidInput, match="predicts no ratings"):
        tune("ease", data, "random", metric="rmse", trials=1)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"space": {}}, InvalidInput),
        ({"space": {"dail": Range(0, 1)}}, InvalidInput),
        ({"trials": 0}, InvalidInput),
        ({"minutes": -1.0}, InvalidInput),
        ({"metric": "coverage@10"}, NotFound),
    ],
)
def test_a_search_that_cannot_begin_says_why(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        tune(Dial(), many(), ASKED, **options)


def test_a_split_without_validation_is_refused() -> None:
    with pytest.raises(InvalidInput, match="validation part"):
        tune(Dial(), many(), Protocol("random", settings={"validation_share": 0.0}), trials=1)
