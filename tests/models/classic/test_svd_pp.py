"""SVD++ against a dense ridge solution, and on real ratings."""

from __future__ import annotations

import gzip
from pathlib import Path

import numba
import numpy as np
import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.evaluation.ratings import evaluate_ratings
from crossrec.models.boards import checkerboard
from crossrec.models.classic.svd import SVD
from crossrec.models.classic.svd_pp import SVDpp


def made(seed: int = 0, users: int = 60, items: int = 40) -> tuple[Interactions, Interactions]:
    """Ratings of a known rank-2 model with a little noise, a fifth of them held out."""
    chance = np.random.default_rng(seed)
    p, q = chance.normal(size=(users, 2)), chance.normal(size=(items, 2))
    full = 3 + 0.5 * chance.normal(size=(users, 1)) + 0.5 * chance.normal(size=(1, items)) + p @ q.T
    full += 0.1 * chance.normal(size=full.shape)
    user, item = np.nonzero(chance.random(full.shape) < 0.6)
    frame = pl.DataFrame({"user_id": user, "item_id": item, "rating": full[user, item]})
    held = pl.Series(chance.random(len(user)) < 0.2)
    return Interactions.from_frame(frame.filter(~held)), Interactions.from_frame(frame.filter(held))


def chosen_by_taste(seed: int = 0, users: int = 300, items: int = 60) -> tuple[Interactions, Interactions]:
    """Ratings where each rates only few items, of those they like: what they rated tells as much as how."""
    chance = np.random.default_rng(seed)
    taste, kind = chance.integers(0, 2, users), np.arange(items) % 2
    like = taste[:, None] == kind[None, :]
    rated = chance.random((users, items)) < np.where(like, 0.15, 0.03)
    user, item = np.nonzero(rated)
    stars = 3 + np.where(like[user, item], 1.0, -1.0) + chance.normal(0, 1.0, len(user))
    frame = pl.DataFrame({"user_id": user, "item_id": item, "rating": stars})
    held = pl.Series(chance.random(len(user)) < 0.3)
    return Interactions.from_frame(frame.filter(~held)), Interactions.from_frame(frame.filter(held))


def test_it_recovers_ratings_of_low_rank() -> None:
    train, test = made()
    assert evaluate_ratings(SVDpp(factors=5, epochs=60), train, test).rmse < 0.25 * float(np.std(test.ratings))


def test_where_choice_tells_taste_it_beats_what_sees_ratings_alone() -> None:
    train, test = chosen_by_taste()
    plain, better = (evaluate_ratings(kind(factors=3), train, test).rmse for kind in (SVD, SVDpp))
    assert better < 0.97 * plain


def test_a_prediction_is_that_of_the_equation() -> None:
    train, _ = made(users=12, items=9)
    model = SVDpp(factors=3, epochs=5).fit(train)
    rated = train.csr("ratings").toarray()
    own, bias = model.items_[:, :-1].astype(np.float64), model.items_[:, -1]
    features = np.hstack([own, np.ones((9, 1))])
    doubts = np.hstack([model.item_variances_[:, :-1], np.zeros((9, 1))])
    queries = model.histories_.queries(train.user_ids.series.to_list())
    for user in range(12):
        seen = rated[user] != 0
        pulled = model.pulls_[seen].sum(axis=0) / np.sqrt(seen.sum())
        system = np.diag(1 / model.user_prior_) + (features[seen].T @ features[seen]) / model.noise_
        system += np.diag(doubts[seen].sum(axis=0)) / model.noise_
        rest = rated[user, seen] - model.mean_ - bias[seen] - own[seen] @ pulled
        vector = np.linalg.solve(system, features[seen].T @ rest / model.noise_)
        expected = model.mean_ + bias + vector[-1] + own @ (vector[:-1] + pulled)
        asked = queries[user : user + 1]
        found = [model.predict(asked, np.array([item], dtype=np.int32))[0] for item in range(9)]
        np.testing.assert_allclose(found, np.clip(expected, model.low_, model.high_), atol=2e-3)
        np.testing.assert_allclose(model.score(asked).values[0], expected, atol=2e-3)


def test_who_rated_nothing_is_told_from_what_they_had() -> None:
    model = SVDpp(factors=3).fit(chosen_by_taste()[0])
    histories = [Query(history=tuple(Act(item) for item in range(parity, 12, 2))) for parity in (0, 1)]
    scores = model.score(Queries.from_queries([*histories, Query()], model.catalogue_))
    assert scores.opinion.tolist() == [True, True, False]
    even = np.array([int(code) % 2 == 0 for code in model.catalogue_.ids.ids.tolist()])
    gaps = scores.values[:2, even].mean(axis=1) - scores.values[:2, ~even].mean(axis=1)
    assert gaps[0] > gaps[1] + 0.2


def test_predictions_stay_in_the_range_and_an_unknown_item_gets_the_users_mean() -> None:
    model = SVDpp().fit(checkerboard(rated=True))
    kind = tuple(Act(f"i{code:03d}", kind="rate", value=5.0) for code in range(10))
    queries = Queries.from_queries([Query(history=kind), Query()], model.catalogue_)
    known, unknown = model.predict(queries, np.array([0, -1], dtype=np.int32))
    assert 1.0 <= known <= 5.0
    assert unknown == pytest.approx(model.mean_, abs=1e-5)
    assert model.predict(queries, np.array([-1, -1], dtype=np.int32))[0] > unknown


def test_data_without_ratings_is_refused() -> None:
    with pytest.raises(InvalidInput, match="none of 264 rows has one; take als or ease"):
        SVDpp().fit(checkerboard())


@pytest.mark.parametrize("setting", [{"factors": 0}, {"epochs": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="SVDpp: expected"):
        SVDpp(**setting).fit(checkerboard(rated=True))


def test_threads_change_no_bit() -> None:
    train, before = made()[0], numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = SVDpp(epochs=5).fit(train)
    finally:
        numba.set_num_threads(before)
    other = SVDpp(epochs=5).fit(train)
    np.testing.assert_array_equal(one.items_, other.items_)
    np.testing.assert_array_equal(one.pulls_, other.pulls_)


def test_the_first_fold_of_movielens_is_predicted_within_the_bar(data_root: Path) -> None:
    names = ["user_id", "item_id", "rating", "timestamp"]
    parts = []
    for part in ("base", "test"):
        with gzip.open(data_root / f"ml-100k/u1.{part}.gz") as lines:
            frame = pl.read_csv(lines.read(), separator="\t", has_header=False, new_columns=names)
        parts.append(Interactions.from_frame(frame, unit="s"))
    assert evaluate_ratings(SVDpp(), *parts).rmse < 0.919
