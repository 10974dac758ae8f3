"""User neighbours against brute force."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.classic.user_knn import UserKNN


def drawn(seed: int, users: int, items: int) -> Interactions:
    had = np.random.default_rng(seed).random((users, items)) < 0.4
    had[:, 0] = True
    user, item = np.nonzero(had)
    return Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))


@given(seed=st.integers(0, 10_000), users=st.integers(2, 20), items=st.integers(2, 15), neighbours=st.integers(1, 25))
def test_scores_are_those_of_brute_force(seed: int, users: int, items: int, neighbours: int) -> None:
    data = drawn(seed, users, items)
    model = UserKNN(neighbours=neighbours).fit(data)
    had = data.csr().toarray().astype(np.float64)
    unit = had / np.linalg.norm(had, axis=1, keepdims=True)
    likeness = (unit @ unit.T).astype(np.float32)
    queries = model.histories_.queries(data.user_ids.series.to_list())
    for user, scores in enumerate(model.score(queries).values):
        order = np.argsort(-likeness[user], kind="stable")
        edge = likeness[user, order[min(neighbours, users) - 1]]
        surely = likeness[user] > edge + 1e-5
        ties = np.abs(likeness[user] - edge) <= 1e-5
        places = min(neighbours, users) - surely.sum()
        low = likeness[user, surely] @ had[surely] - 1e-4  # which of several equal users is taken is the code's rule
        high = low + 2e-4 + edge * np.minimum(had[ties].sum(axis=0), places)
        assert (scores >= low).all() and (scores <= high + 1e-3).all()


def test_a_stranger_gets_the_list_of_the_user_with_the_same_history() -> None:
    data = drawn(4, 20, 12)
    model = UserKNN(neighbours=5).fit(data)
    acts = tuple(Act(int(item)) for item in data.item_ids.decode(data.items[data.users == 3]))
    known = model.recommend([data.user_ids.decode(np.array([3]))[0]], k=5)
    assert model.recommend(Query(user=-77, history=acts), k=5).ids() == known.ids()


def test_the_reason_is_the_past_item_whose_users_agree_most() -> None:
    model = UserKNN().fit(drawn(2, 30, 12))
    had = model.rows_.toarray().astype(np.float64)
    queries = Queries.from_queries([Query(history=(Act(1), Act(5))), Query()], model.catalogue_)
    shown = np.array([[3, 8, -1], [3, 8, 9]], dtype=np.int32)
    weights = (had.T / np.linalg.norm(had.T, axis=0)) @ had
    reasons = model.explain(queries, shown)
    assert (reasons[1] == -1).all() and reasons[0, 2] == -1
    for place, code in enumerate((3, 8)):
        chosen = weights[reasons[0, place], code]
        assert chosen >= 0.5 * weights[[1, 5], code].max() and reasons[0, place] in (1, 5)


def test_similar_items_share_the_parity_and_leave_the_item_out() -> None:
    similar = UserKNN().fit(checkerboard()).similar(["i003"], k=50).ids()[0]
    assert set(similar) == {f"i{code:03d}" for code in range(1, 24, 2)} - {"i003"}


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInput, match="neighbours: expected >= 1"):
        UserKNN(neighbours=0).fit(checkerboard())
    with pytest.raises(NotFound, match="did you mean 'cosine'"):
        UserKNN(similarity="cosin").fit(checkerboard())
