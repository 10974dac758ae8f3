"""User neighbours against brute force."""

from __future__ import annotations

from pathlib import Path

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
from crossrec.models.storage import save_histories


def drawn(seed: int, users: int, items: int) -> Interactions:
    had = np.random.default_rng(seed).random((users, items)) < 0.4
    had[:, 0] = True
    user, item = np.nonzero(had)
    return Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))


def weighed(had: np.ndarray, similarity: str) -> np.ndarray:
    """The formulas spelled out: [U, I] of 0/1 to weights, in double precision."""
    users, sizes = had.shape[0], had.sum(axis=0)
    idf = np.ones(had.shape[1]) if similarity == "cosine" else np.maximum(np.log(users / (1.0 + sizes)), 1e-6)
    cells = had * idf
    if similarity != "bm25":
        return cells / np.sqrt((cells**2).sum(axis=1, keepdims=True))
    length = had.sum(axis=1, keepdims=True)
    return cells * (100 + 1) / (100 * (0.2 + 0.8 * length / length.mean()) + 1)


@given(
    seed=st.integers(0, 10_000),
    users=st.integers(2, 20),
    items=st.integers(2, 15),
    neighbours=st.integers(1, 25),
    similarity=st.sampled_from(["cosine", "tfidf", "bm25"]),
)
def test_scores_are_those_of_brute_force(seed: int, users: int, items: int, neighbours: int, similarity: str) -> None:
    data = drawn(seed, users, items)
    model = UserKNN(neighbours=neighbours, similarity=similarity).fit(data)
    had = data.csr().toarray().astype(np.float64)
    cells = weighed(had, similarity)
    likeness = cells @ cells.T
    queries = model.histories_.queries(data.user_ids.series.to_list())
    for user, scores in enumerate(model.score(queries).values):
        order = np.argsort(-likeness[user], kind="stable")
        edge = likeness[user, order[min(neighbours, users) - 1]]
        near = 1e-5 * max(1.0, edge)
        surely = likeness[user] > edge + near
        ties = np.abs(likeness[user] - edge) <= near
        places = min(neighbours, users) - surely.sum()
        slack = 1e-3 * max(1.0, likeness[user].max())
        low = likeness[user, surely] @ had[surely] - slack  # which of several equal users is taken is the code's rule
        high = low + 2 * slack + edge * np.minimum(had[ties].sum(axis=0), places)
        assert (scores >= low).all() and (scores <= high).all()


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
def test_the_likeness_of_a_history_is_that_of_weighed_rows(similarity: str) -> None:
    data = drawn(9, 30, 14)
    model = UserKNN(neighbours=100, similarity=similarity).fit(data)
    had = data.csr().toarray().astype(np.float64)
    cells = weighed(had, similarity)
    queries = model.histories_.queries(data.user_ids.series.to_list())
    np.testing.assert_allclose(model.score(queries).values, cells @ cells.T @ had, rtol=2e-4)


def test_an_erased_person_is_nobodys_neighbour_and_in_no_file(tmp_path: Path) -> None:
    data = drawn(4, 12, 10)
    model = UserKNN(similarity="tfidf").fit(data)
    model.save(tmp_path / "model")
    assert list((tmp_path / "model" / "weights-0").iterdir()) == []
    gone = data.user_ids.decode(np.array([5]))[0]
    asked = data.user_ids.decode(np.array([3]))
    save_histories(model.histories_.forget(gone), tmp_path / "model")
    without = UserKNN(similarity="tfidf").fit(data.take(data.users != 5)).recommend(asked, k=10, exclude_seen=False)
    model.histories_ = model.histories_.forget(gone)
    for one in (model, UserKNN.load(tmp_path / "model")):
        lists = one.recommend(asked, k=10, exclude_seen=False)
        assert lists.ids() == without.ids()
        np.testing.assert_allclose(lists.scores, without.scores, rtol=1e-5)


def test_a_stranger_gets_the_list_of_the_user_with_the_same_history() -> None:
    data = drawn(4, 20, 12)
    model = UserKNN(neighbours=5).fit(data)
    acts = tuple(Act(int(item)) for item in data.item_ids.decode(data.items[data.users == 3]))
    known = model.recommend([data.user_ids.decode(np.array([3]))[0]], k=5)
    assert model.recommend(Query(user=-77, history=acts), k=5).ids() == known.ids()


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
def test_the_reason_is_the_past_item_with_the_largest_part_in_the_score(similarity: str) -> None:
    data = drawn(2, 30, 12)
    model = UserKNN(neighbours=100, similarity=similarity).fit(data)
    history = Query(history=(Act(1), Act(5), Act(7)))
    shown = np.array([[3, 8, 5, -1], [3, 8, 9, 2]], dtype=np.int32)
    had = data.csr().toarray().astype(np.float64)
    reasons = model.explain(Queries.from_queries([history, Query()], model.catalogue_), shown)
    assert (reasons[1] == -1).all() and reasons[0, 3] == -1
    theirs = weighed(had, similarity)
    idf = np.ones(12) if similarity == "cosine" else np.maximum(np.log(30 / (1 + had.sum(axis=0))), 1e-6)
    for place, code in enumerate((3, 8, 5)):
        parts = {past: idf[past] * theirs[:, past] @ had[:, code] for past in (1, 5, 7) if past != code}
        assert reasons[0, place] == max(parts, key=lambda past: parts[past])


def test_similar_items_share_the_parity_and_leave_the_item_out() -> None:
    similar = UserKNN().fit(checkerboard()).similar(["i003"], k=50).ids()[0]
    assert set(similar) == {f"i{code:03d}" for code in range(1, 24, 2)} - {"i003"}


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInput, match="neighbours: expected >= 1"):
        UserKNN(neighbours=0).fit(checkerboard())
    with pytest.raises(NotFound, match="did you mean 'cosine'"):
        UserKNN(similarity="cosin").fit(checkerboard())
