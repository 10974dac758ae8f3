"""Markov against plain counting."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.core.event import NO_ORDER
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.sequence.markov import Markov

STRINGS = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=8), min_size=1, max_size=10)


def walked(histories: list[list[int]]) -> Interactions:
    """Lay histories out as rows, in an order that is not theirs."""
    rows = [(user, item, at) for user, items in enumerate(histories) for at, item in enumerate(items)][::-1]
    columns = zip(*rows, strict=True)
    return Interactions.from_frame(pl.DataFrame(dict(zip(("user_id", "item_id", "position"), columns, strict=True))))


def counted_plainly(data: Interactions, histories: list[list[int]], window: int, decay: float) -> np.ndarray:
    counts = np.zeros((len(data.catalogue), len(data.catalogue)))
    for items in histories:
        codes = data.catalogue.codes_of(items)
        for at, before in enumerate(codes):
            for gap, after in enumerate(codes[at + 1 : at + 1 + window]):
                counts[before, after] += decay**gap
    return counts


@given(histories=STRINGS, window=st.integers(1, 6), decay=st.sampled_from([1.0, 0.5]), shrink=st.sampled_from([0.1, 5]))
def test_scores_are_those_of_plain_counting(
    histories: list[list[int]], window: int, decay: float, shrink: float
) -> None:
    data = walked(histories)
    model = Markov(window=window, decay=decay, shrink=shrink).fit(data)
    counts = counted_plainly(data, histories, window, decay)
    had = data.csr().toarray()
    popular = had.sum(axis=0) / had.sum()
    told = (counts + shrink * popular) / (counts.sum(axis=1, keepdims=True) + shrink)
    found = model.score(model.histories_.queries(list(range(len(histories))))).values
    for row, items in enumerate(histories):
        last = data.catalogue.codes_of(items)[::-1][:window]
        expected = sum(decay**back * told[code] for back, code in enumerate(last))
        expected = expected * (model.blocks_ == model.blocks_[last[0]])
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-6)


def test_what_comes_next_depends_on_the_order() -> None:
    model = Markov(window=1).fit(walked([[0, 1, 2], [0, 1, 2], [2, 1, 3], [2, 1, 3], [0, 3]]))
    asked = [Query(history=(Act(0), Act(2), Act(1))), Query(history=(Act(1), Act(0)))]
    assert model.recommend(asked[0], k=1, exclude_seen=False).ids()[0][0] in (2, 3)
    assert model.recommend(asked[1], k=1, exclude_seen=False).ids() == [[1]]
    assert model.recommend(asked[1], k=1).ids() == [[3]]


def test_few_successors_are_mixed_with_what_is_popular() -> None:
    histories = [[0, 1], *([number, 9, 2] for number in range(3, 8)), [0, 9]]
    sure, careful = (Markov(shrink=shrink).fit(walked(histories)) for shrink in (0.01, 50.0))
    asked = Query(history=(Act(0),))
    assert 1 in sure.recommend(asked, k=2).ids()[0]
    assert careful.recommend(asked, k=2).ids() == [[9, 2]]


def test_only_the_most_frequent_successors_are_kept() -> None:
    histories = [[0, 1], [0, 1], [0, 2], [0, 3], [0, 3], [0, 3]]
    model = Markov(neighbours=2).fit(walked(histories))
    assert np.flatnonzero(model.weights_.toarray()[model.catalogue_.codes_of([0])[0]]).size == 2
    assert model.recommend(Query(history=(Act(0),)), k=2).ids() == [[3, 1]]


def test_the_reason_is_what_it_followed_most() -> None:
    model = Markov().fit(walked([[0, 1, 2], [0, 3], [4, 3], [4, 3]]))
    codes = model.catalogue_.codes_of([0, 4, 3, 1])
    queries = Queries.from_queries([Query(history=(Act(0), Act(4)))], model.catalogue_)
    assert model.explain(queries, codes[None, 2:]).tolist() == [[codes[1], codes[0]]]


def test_data_without_an_order_is_refused() -> None:
    frame = pl.DataFrame({"user_id": [1, 1], "item_id": [1, 2], "position": [NO_ORDER, NO_ORDER]})
    with pytest.raises(InvalidInput, match="neither time nor position; take item_knn"):
        Markov().fit(Interactions.from_frame(frame))


@pytest.mark.parametrize("setting", [{"window": 0}, {"decay": 0.0}, {"decay": 1.5}, {"shrink": 0.0}, {"neighbours": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="Markov: expected"):
        Markov(**setting).fit(checkerboard())  # type: ignore[arg-type]
