"""Item neighbours against a dense product."""

from __future__ import annotations

import numba
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.classic.item_knn import ItemKNN


def drawn(seed: int, users: int, items: int, share: float = 0.4) -> Interactions:
    """Draw interactions; item 0 is had by everyone, so that no set is empty."""
    had = np.random.default_rng(seed).random((users, items)) < share
    had[:, 0] = True
    user, item = np.nonzero(had)
    return Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))


def dense_similarity(data: Interactions, popularity: float, activity: float) -> np.ndarray:
    had = data.csr().toarray().astype(np.float64)
    user = np.maximum(had.sum(axis=1), 1) ** -activity
    both = had.T @ (had * user[:, None])
    size = np.maximum((had * user[:, None]).sum(axis=0), 1e-12) ** -popularity
    found = both * size[:, None] * size[None, :]
    np.fill_diagonal(found, 0)
    return found


@given(
    seed=st.integers(0, 10_000),
    users=st.integers(1, 25),
    items=st.integers(2, 25),
    neighbours=st.integers(1, 30),
    popularity=st.sampled_from([0.5, 0.3, 1.0, 0.0]),
    activity=st.sampled_from([0.0, 1.0, 0.5]),
)
def test_neighbours_are_the_largest_of_the_dense_product(
    seed: int, users: int, items: int, neighbours: int, popularity: float, activity: float
) -> None:
    data = drawn(seed, users, items)
    model = ItemKNN(neighbours=neighbours, popularity=popularity, activity=activity).fit(data)
    found, full = model.weights_.toarray(), dense_similarity(data, popularity, activity)
    kept = np.sort(found, axis=1)[:, ::-1][:, :neighbours]
    np.testing.assert_allclose(kept, np.sort(full, axis=1)[:, ::-1][:, :neighbours], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[found > 0], full[found > 0], rtol=1e-4)
    assert (np.count_nonzero(found, axis=1) <= neighbours).all()


@given(seed=st.integers(0, 10_000), shrink=st.floats(0.5, 50))
def test_shrinkage_takes_from_similarities_of_few_common_users(seed: int, shrink: float) -> None:
    data = drawn(seed, 15, 10)
    had = data.csr().toarray().astype(np.float64)
    common = had.T @ had
    expected = dense_similarity(data, 0.5, 0.0) * common / (common + shrink)
    found = ItemKNN(neighbours=10, shrink=shrink).fit(data).weights_.toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_part_of_the_items_is_scored_as_all_are() -> None:
    model = ItemKNN(neighbours=2).fit(drawn(3, 20, 30, share=0.1))
    codes = np.array([7, 2, 26, 11], dtype=np.int32)
    everything, some = model.score(model.histories_.acts), model.score_part(model.histories_.acts, codes)
    np.testing.assert_array_equal(some.values, everything.values[:, codes])
    assert (some.opinion == (some.values > 0).any(axis=1)).all() and not some.opinion.all() and some.opinion.any()
    places = model.weights_.indices, model.weights_.indptr
    assert all(one.dtype == np.int32 for one in places), "wider ones would be copied for every answer"


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
def test_a_score_is_the_sum_of_similarities_to_the_history(similarity: str) -> None:
    model = ItemKNN(similarity=similarity, neighbours=4).fit(drawn(3, 30, 12))
    queries = Queries.from_queries([Query(history=(Act(1), Act(5), Act(99)))], model.catalogue_)
    weights = model.weights_.toarray()
    np.testing.assert_allclose(model.score(queries).values[0], weights[1] + weights[5], rtol=1e-5)
    np.testing.assert_allclose(model.score(queries, [7, 2]).values[0], (weights[1] + weights[5])[[7, 2]], rtol=1e-5)


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
def test_similarities_are_those_of_the_formulas(similarity: str) -> None:
    data = drawn(5, 40, 20, share=0.2)
    had = data.csr().toarray().astype(np.float64)
    length = had.sum(axis=0)
    idf = np.maximum(np.log(20 / (1 + had.sum(axis=1, keepdims=True))), 1e-6)
    if similarity == "bm25":  # k1 = 100, b = 0.8
        cells = had * idf * (100 + 1) / (100 * (1 - 0.8 + 0.8 * length / length.mean()) + 1)
    else:
        cells = had * (idf if similarity == "tfidf" else 1)
        cells /= np.sqrt((cells**2).sum(axis=0))
    expected = cells.T @ cells
    np.fill_diagonal(expected, 0)
    found = ItemKNN(similarity=similarity, neighbours=20).fit(data).weights_.toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_bm25_and_tfidf_rank_otherwise_than_cosine() -> None:
    data = drawn(5, 40, 20, share=0.2)
    cosine, tfidf, bm25 = (
        ItemKNN(similarity=name).fit(data).weights_.toarray() for name in ("cosine", "tfidf", "bm25")
    )
    assert np.abs(cosine - tfidf).max() > 1e-3 and np.abs(cosine - bm25).max() > 1e-3


def test_threads_change_no_bit() -> None:
    data, before = drawn(1, 200, 80), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = ItemKNN(neighbours=7).fit(data).weights_
    finally:
        numba.set_num_threads(before)
    other = ItemKNN(neighbours=7).fit(data).weights_
    np.testing.assert_array_equal(one.toarray(), other.toarray())


def test_the_reason_is_the_most_similar_past_item() -> None:
    model = ItemKNN().fit(drawn(2, 30, 12))
    queries = Queries.from_queries([Query(history=(Act(1), Act(5))), Query()], model.catalogue_)
    shown = np.array([[3, 8, -1], [3, 8, 9]], dtype=np.int32)
    weights = model.weights_.toarray()
    expected = [(1, 5)[int(weights[[1, 5], code].argmax())] for code in (3, 8)]
    assert model.explain(queries, shown).tolist() == [[*expected, -1], [-1, -1, -1]]


def test_similar_items_share_the_parity_and_leave_the_item_out() -> None:
    similar = ItemKNN().fit(checkerboard()).similar(["i003"], k=50).ids()[0]
    assert set(similar) == {f"i{code:03d}" for code in range(1, 24, 2)} - {"i003"}
    with pytest.raises(NotFound, match="no such item"):
        ItemKNN().fit(checkerboard()).similar(["no such item"])


@pytest.mark.parametrize("setting", [{"neighbours": 0}, {"shrink": -1.0}, {"popularity": 1.5}, {"activity": -0.1}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="ItemKNN: expected"):
        ItemKNN(**setting).fit(checkerboard())  # type: ignore[arg-type]


def test_an_unknown_similarity_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'cosine'"):
        ItemKNN(similarity="cosin").fit(checkerboard())
