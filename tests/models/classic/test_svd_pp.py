"""SVD++ against slow dense solutions, and where what was chosen speaks louder than the ratings."""

from __future__ import annotations

import numba
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.evaluation.ratings import evaluate_ratings
from crossrec.models.boards import checkerboard
from crossrec.models.classic._leaning import lean, shares
from crossrec.models.classic.svd import SVD
from crossrec.models.classic.svd_pp import SVDpp


def told_by_choice(seed: int = 0, users: int = 300, items: int = 60, each: int = 12) -> pl.DataFrame:
    """Ratings with much noise by people who choose what they like: two genres, of which a person likes one."""
    chance = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        taste = user % 2
        odds = np.where(np.arange(items) % 2 == taste, 4.0, 1.0)
        for item in chance.choice(items, each, replace=False, p=odds / odds.sum()):
            stars = 3.0 + (0.8 if item % 2 == taste else -0.8) + chance.normal(0, 1.0)
            rows.append({"user_id": user, "item_id": int(item), "rating": stars})
    return pl.DataFrame(rows)


def test_what_was_chosen_says_more_than_noisy_ratings_do() -> None:
    frame = told_by_choice()
    held = pl.Series(np.random.default_rng(1).random(frame.height) < 0.25)
    train, test = (Interactions.from_frame(frame.filter(part)) for part in (~held, held))
    with_choice, without = (evaluate_ratings(kind(factors=3, epochs=60), train, test).rmse for kind in (SVDpp, SVD))
    assert with_choice < without - 0.02


def test_enough_steps_give_the_ridge_solution() -> None:
    chance = np.random.default_rng(0)
    of = shares(sp.csr_array((chance.random((30, 8)) < 0.4).astype(np.float32)))
    wanted, prior, spread = chance.normal(size=(30, 3)), np.array([0.5, 1.0, 2.0]), np.array([0.1, 1.0, 0.3])
    found = lean(of, wanted, prior, spread, np.zeros((8, 3)), steps=50)
    dense = of.toarray().astype(np.float64)
    for dimension in range(3):
        system = dense.T @ dense / prior[dimension] + np.eye(8) / spread[dimension]
        exact = np.linalg.solve(system, dense.T @ wanted[:, dimension] / prior[dimension])
        np.testing.assert_allclose(found.means[:, dimension], exact, atol=1e-6)
        np.testing.assert_allclose(found.variances[:, dimension], 1 / np.diag(system), rtol=1e-6)


def test_shares_of_a_history_have_length_one() -> None:
    found = shares(sp.csr_array(np.array([[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]], dtype=np.float32)))
    np.testing.assert_allclose(found.toarray(), [[0.5] * 4, [0] * 4, [0, 1, 0, 0]])


def test_a_prediction_is_the_ridge_solution_around_where_the_items_put_it() -> None:
    train = Interactions.from_frame(told_by_choice(users=40, items=10, each=5))
    model = SVDpp(factors=2, epochs=8).fit(train)
    rated = train.csr("ratings").toarray()
    features = np.hstack([model.items_[:, :-1], np.ones((10, 1))]).astype(np.float64)
    doubts = np.hstack([model.item_variances_[:, :-1], np.zeros((10, 1))])
    assert np.abs(model.leanings_).max() > 1e-3
    queries = model.histories_.queries(train.user_ids.series.to_list())
    scores = model.score(queries)
    for user in range(12):
        seen = rated[user] != 0
        centre = model.leanings_[seen].astype(np.float64).sum(axis=0) / np.sqrt(seen.sum())
        system = np.diag(1 / model.user_prior_) + (features[seen].T @ features[seen]) / model.noise_
        system += np.diag(doubts[seen].sum(axis=0)) / model.noise_
        rest = rated[user, seen] - model.mean_ - model.items_[seen, -1]
        right = features[seen].T @ rest / model.noise_ + centre / model.user_prior_
        expected = model.mean_ + model.items_[:, -1] + features @ np.linalg.solve(system, right)
        np.testing.assert_allclose(scores.values[user], expected, atol=2e-3)


def test_acts_without_a_rating_move_a_prediction_too() -> None:
    model = SVDpp(factors=3, epochs=40).fit(Interactions.from_frame(told_by_choice()))
    views = [Query(history=tuple(Act(item) for item in range(start, 40, 2))) for start in (0, 1)]
    scores = model.score(Queries.from_queries([*views, Query()], model.catalogue_))
    assert scores.opinion.tolist() == [True, True, False]
    even = np.array([int(str(item)) % 2 == 0 for item in model.catalogue_.ids.series.to_list()])
    lead = scores.values[:, even].mean(axis=1) - scores.values[:, ~even].mean(axis=1)
    assert lead[0] > lead[2] + 0.1 and lead[1] < lead[2] - 0.1


def test_data_without_ratings_is_refused() -> None:
    with pytest.raises(InvalidInput, match="SVDpp learns from ratings, and none of 264 rows has one"):
        SVDpp().fit(checkerboard())


@pytest.mark.parametrize("setting", [{"factors": 0}, {"epochs": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="SVDpp: expected"):
        SVDpp(**setting).fit(checkerboard(rated=True))


def test_threads_change_no_bit() -> None:
    train, before = Interactions.from_frame(told_by_choice(users=60)), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = SVDpp(epochs=5).fit(train)
    finally:
        numba.set_num_threads(before)
    other = SVDpp(epochs=5).fit(train)
    np.testing.assert_array_equal(one.items_, other.items_)
    np.testing.assert_array_equal(one.leanings_, other.leanings_)
