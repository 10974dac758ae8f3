"""RP3beta against products of dense transition matrices."""

from __future__ import annotations

import numba
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.graph.rp3beta import RP3beta


def drawn(seed: int, users: int, items: int, share: float = 0.3) -> Interactions:
    """Draw interactions; item 0 is had by everyone, so that no set is empty."""
    had = np.random.default_rng(seed).random((users, items)) < share
    had[:, 0] = True
    user, item = np.nonzero(had)
    return Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))


def dense_walks(data: Interactions, alpha: float, beta: float) -> np.ndarray:
    had = data.csr().toarray().astype(np.float64)
    to_users = (had.T / np.maximum(had.sum(axis=0), 1)[:, None]) ** alpha * (had.T > 0)
    to_items = (had / np.maximum(had.sum(axis=1), 1)[:, None]) ** alpha * (had > 0)
    found = to_users @ to_items / np.maximum(had.sum(axis=0), 1) ** beta
    np.fill_diagonal(found, 0)
    return found


@given(
    seed=st.integers(0, 10_000),
    users=st.integers(1, 25),
    items=st.integers(2, 25),
    neighbours=st.integers(1, 30),
    alpha=st.sampled_from([1.0, 0.4, 1.7, 0.0]),
    beta=st.sampled_from([0.6, 0.0, 1.2]),
)
def test_weights_are_the_likeliest_ends_of_dense_walks(
    seed: int, users: int, items: int, neighbours: int, alpha: float, beta: float
) -> None:
    data = drawn(seed, users, items)
    found = RP3beta(neighbours=neighbours, alpha=alpha, beta=beta).fit(data).weights_.toarray()
    full = dense_walks(data, alpha, beta)
    kept = np.sort(found, axis=1)[:, ::-1][:, :neighbours]
    np.testing.assert_allclose(kept, np.sort(full, axis=1)[:, ::-1][:, :neighbours], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found[found > 0], full[found > 0], rtol=1e-4)


def test_a_score_is_the_sum_of_walks_from_the_history() -> None:
    data = drawn(3, 30, 12)
    model, full = RP3beta(neighbours=12).fit(data), dense_walks(data, 1.0, 0.6)
    queries = Queries.from_queries([Query(history=(Act(1), Act(5), Act(99)))], model.catalogue_)
    np.testing.assert_allclose(model.score(queries).values[0], full[1] + full[5], rtol=1e-4)
    np.testing.assert_allclose(model.score(queries, [7, 2]).values[0], (full[1] + full[5])[[7, 2]], rtol=1e-4)


def test_a_larger_beta_recommends_less_popular_items() -> None:
    data = drawn(5, 60, 40, share=0.15)
    sizes = np.bincount(data.items, minlength=40)
    users = data.user_ids.series.to_list()
    means = [sizes[RP3beta(beta=beta).fit(data).recommend(users, 5).items].mean() for beta in (0.0, 0.6, 1.5)]
    assert means[0] > means[1] > means[2]


def test_the_reason_is_the_past_item_of_most_walks() -> None:
    data = drawn(2, 30, 12)
    model, full = RP3beta(neighbours=12).fit(data), dense_walks(data, 1.0, 0.6)
    queries = Queries.from_queries([Query(history=(Act(1), Act(5))), Query()], model.catalogue_)
    shown = np.array([[3, 8, -1], [3, 8, 9]], dtype=np.int32)
    expected = [(1, 5)[int(full[[1, 5], code].argmax())] for code in (3, 8)]
    assert model.explain(queries, shown).tolist() == [[*expected, -1], [-1, -1, -1]]


def test_threads_change_no_bit() -> None:
    data, before = drawn(1, 200, 80), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = RP3beta(neighbours=7).fit(data).weights_
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one.toarray(), RP3beta(neighbours=7).fit(data).weights_.toarray())


@pytest.mark.parametrize("setting", [{"neighbours": 0}, {"alpha": -0.1}, {"beta": 2.5}, {"alpha": float("nan")}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="RP3beta: expected"):
        RP3beta(**setting).fit(checkerboard())  # type: ignore[arg-type]
