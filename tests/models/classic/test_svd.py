"""SVD against a dense ridge solution, and on real ratings."""

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


def test_it_recovers_ratings_of_low_rank() -> None:
    train, test = made()
    spread = float(np.std(test.ratings))
    assert evaluate_ratings(SVD(factors=5, epochs=60), train, test).rmse < 0.25 * spread


def test_dimensions_are_not_taken_for_noise_before_they_have_found_their_way() -> None:
    """Two tastes under much noise: telling them apart is worth a tenth of the error."""
    chance = np.random.default_rng(0)
    user, item = np.nonzero(chance.random((300, 60)) < 0.2)
    stars = 3 + np.where(user % 2 == item % 2, 0.8, -0.8) + chance.normal(0, 1.2, len(user))
    frame = pl.DataFrame({"user_id": user, "item_id": item, "rating": stars})
    held = pl.Series(chance.random(len(user)) < 0.2)
    train, test = (Interactions.from_frame(frame.filter(part)) for part in (~held, held))
    assert evaluate_ratings(SVD(factors=3), train, test).rmse < 0.9 * float(np.std(test.ratings))


def test_a_prediction_is_the_ridge_solution_of_the_history() -> None:
    train, _ = made(users=12, items=9)
    model = SVD(factors=3, epochs=5).fit(train)
    rated = train.csr("ratings").toarray()
    features = np.hstack([model.items_[:, :-1], np.ones((9, 1))]).astype(np.float64)
    doubts = np.hstack([model.item_variances_[:, :-1], np.zeros((9, 1))])
    queries = model.histories_.queries(train.user_ids.series.to_list())
    for user in range(12):
        seen = rated[user] != 0
        system = np.diag(1 / model.user_prior_) + (features[seen].T @ features[seen]) / model.noise_
        system += np.diag(doubts[seen].sum(axis=0)) / model.noise_
        rest = rated[user, seen] - model.mean_ - model.items_[seen, -1]
        vector = np.linalg.solve(system, features[seen].T @ rest / model.noise_)
        expected = np.clip(model.mean_ + model.items_[:, -1] + features @ vector, model.low_, model.high_)
        asked = queries[user : user + 1]
        found = [model.predict(asked, np.array([item], dtype=np.int32))[0] for item in range(9)]
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_predictions_stay_in_the_range_and_an_unknown_item_gets_the_users_mean() -> None:
    model = SVD().fit(checkerboard(rated=True))
    kind = tuple(Act(f"i{code:03d}", kind="rate", value=5.0) for code in range(10))
    queries = Queries.from_queries([Query(history=kind), Query()], model.catalogue_)
    known, unknown = model.predict(queries, np.array([0, -1], dtype=np.int32))
    assert 1.0 <= known <= 5.0
    assert unknown == pytest.approx(model.mean_, abs=1e-5)
    assert model.predict(queries, np.array([-1, -1], dtype=np.int32))[0] > unknown


def test_a_history_without_ratings_gives_no_opinion() -> None:
    model = SVD().fit(checkerboard(rated=True))
    queries = Queries.from_queries([Query(history=(Act("i001"),))], model.catalogue_)
    assert model.score(queries).opinion.tolist() == [False]


def test_data_without_ratings_is_refused() -> None:
    with pytest.raises(InvalidInput, match="none of 264 rows has one; take als or ease"):
        SVD().fit(checkerboard())


@pytest.mark.parametrize("setting", [{"factors": 0}, {"epochs": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="SVD: expected"):
        SVD(**setting).fit(checkerboard(rated=True))


def test_threads_change_no_bit() -> None:
    train, before = made()[0], numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = SVD(epochs=5).fit(train)
    finally:
        numba.set_num_threads(before)
    other = SVD(epochs=5).fit(train)
    np.testing.assert_array_equal(one.items_, other.items_)
    assert one.noise_ == other.noise_


def test_an_item_of_few_ratings_is_less_sure() -> None:
    train, _ = made()
    model = SVD(factors=4).fit(train)
    counts = np.bincount(train.items, minlength=len(train.catalogue))
    few, many = np.argsort(counts)[[0, -1]]
    assert model.item_variances_[few, -1] > model.item_variances_[many, -1]


def test_similar_items_leave_the_item_out() -> None:
    similar = SVD().fit(checkerboard(rated=True)).similar(["i003"], k=5).ids()[0]
    assert "i003" not in similar and len(similar) == 5
    assert all(int(str(item)[1:]) % 2 == 1 for item in similar)


def test_the_first_fold_of_movielens_is_predicted_within_the_bar(data_root: Path) -> None:
    names = ["user_id", "item_id", "rating", "timestamp"]
    parts = []
    for part in ("base", "test"):
        with gzip.open(data_root / f"ml-100k/u1.{part}.gz") as lines:
            frame = pl.read_csv(lines.read(), separator="\t", has_header=False, new_columns=names)
        parts.append(Interactions.from_frame(frame, unit="s"))
    assert evaluate_ratings(SVD(), *parts).rmse < 0.925
