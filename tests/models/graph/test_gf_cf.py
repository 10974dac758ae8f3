"""GF-CF against the dense filter."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.graph.gf_cf import GFCF


def drawn(seed: int, users: int, items: int, share: float = 0.3) -> Interactions:
    """Draw interactions; item 0 is had by everyone, so that no set is empty."""
    had = np.random.default_rng(seed).random((users, items)) < share
    had[:, 0] = True
    user, item = np.nonzero(had)
    return Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))


def dense_filter(data: Interactions, factors: int, alpha: float) -> np.ndarray:
    had = data.csr().toarray().astype(np.float64)
    sizes = np.maximum(had.sum(axis=0), 1)
    scaled = had / np.sqrt(had.sum(axis=1))[:, None] / np.sqrt(sizes)
    _, values, vectors = np.linalg.svd(scaled, full_matrices=False)
    kept = vectors[: min(factors, int((values > 1e-6).sum()))]
    near = scaled.T @ scaled
    np.fill_diagonal(near, 0)
    return near + alpha * (kept.T @ kept) / np.sqrt(sizes)[:, None] * np.sqrt(sizes)


@given(
    seed=st.integers(0, 10_000),
    size=st.sampled_from([(20, 14), (12, 22), (40, 30), (25, 60)]),
    factors=st.sampled_from([2, 5, 100]),
    alpha=st.sampled_from([0.0, 0.3, 2.0]),
)
def test_scores_are_those_of_the_dense_filter(seed: int, size: tuple[int, int], factors: int, alpha: float) -> None:
    data = drawn(seed, *size)
    model = GFCF(factors=factors, alpha=alpha).fit(data)
    found = model.score(model.histories_.queries(data.user_ids.series.to_list())).values
    expected = data.csr().toarray() @ dense_filter(data, factors, alpha)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-4)
    assert model.vectors_.shape[1] <= factors


def test_only_the_largest_cells_are_kept() -> None:
    data = drawn(4, 30, 20)
    model, full = GFCF(neighbours=3).fit(data), dense_filter(data, 1, 0.0)
    found = model.weights_.toarray()
    assert (np.count_nonzero(found, axis=1) <= 3).all()
    np.testing.assert_allclose(np.sort(found, axis=1)[:, -3:], np.sort(full, axis=1)[:, -3:], rtol=1e-4, atol=1e-7)


def test_a_low_pass_finds_what_no_common_user_joins() -> None:
    """Items 0 and 2 share no user, but both share users with 1."""
    frame = pl.DataFrame({"user_id": [1, 1, 2, 2, 3, 3, 4], "item_id": [0, 1, 1, 2, 3, 4, 4]})
    near, both = (GFCF(factors=2, alpha=alpha).fit(Interactions.from_frame(frame)) for alpha in (0.0, 1.0))
    asked = Query(history=(Act(0),))
    assert near.recommend(asked).ids() == [[1]]
    assert both.recommend(asked).ids() == [[1, 2]]  # and nothing of those to whom no chain leads


def test_a_score_is_the_sum_of_its_terms_and_the_reason_the_largest() -> None:
    data = drawn(2, 30, 12)
    model, full = GFCF(factors=4).fit(data), dense_filter(data, 4, 0.3)
    queries = Queries.from_queries([Query(history=(Act(1), Act(5), Act(99))), Query()], model.catalogue_)
    np.testing.assert_allclose(model.score(queries, [7, 2]).values[0], (full[1] + full[5])[[7, 2]], rtol=1e-3)
    shown = np.array([[3, 8, -1], [3, 8, 9]], dtype=np.int32)
    expected = [(1, 5)[int(full[[1, 5], code].argmax())] for code in (3, 8)]
    assert model.explain(queries, shown).tolist() == [[*expected, -1], [-1, -1, -1]]
    alike = model.similar([1], k=3).ids()[0]
    assert alike == [code for code in np.argsort(-full[1]).tolist() if code != 1][:3]


@pytest.mark.parametrize("setting", [{"neighbours": 0}, {"alpha": -0.1}, {"factors": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="GFCF: expected"):
        GFCF(**setting).fit(checkerboard())  # type: ignore[arg-type]
