"""Queries: batches of histories, sliced, recoded and turned into matrices."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.event import KIND_CODES, NO_TIME
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.core.vocabulary import Vocabulary

acts = st.builds(
    Act,
    item=st.sampled_from([*"abcdef", "stranger"]),
    kind=st.sampled_from(["view", "rate", "purchase"]),
    at=st.one_of(st.none(), st.integers(0, 10**12)),
    value=st.one_of(st.none(), st.sampled_from([1.0, 4.5])),
)
batches = st.lists(
    st.builds(Query, user=st.text("xy", max_size=2), history=st.lists(acts, max_size=5).map(tuple)), max_size=6
)


def catalogue(ids: str = "abcdef") -> Catalogue:
    return Catalogue(Vocabulary(list(ids)), np.zeros(len(ids), np.int16), Vocabulary(["main"]))


def items_of(queries: Queries) -> list[list[str]]:
    known = [*queries.catalogue.ids.series.to_list(), "stranger"]
    rows = zip(queries.indptr[:-1], queries.indptr[1:], strict=True)
    return [[known[code] for code in queries.items[low:high]] for low, high in rows]


@given(batches)
def test_every_field_of_every_act_arrives(batch: list[Query]) -> None:
    queries = Queries.from_queries(batch, catalogue())
    flat = [act for query in batch for act in query.history]
    assert len(queries) == len(batch) and queries.users == tuple(query.user for query in batch)
    assert items_of(queries) == [[str(act.item) for act in query.history] for query in batch]
    assert queries.times.tolist() == [NO_TIME if act.at is None else act.at for act in flat]
    assert queries.kinds.tolist() == [KIND_CODES[act.kind] for act in flat]
    np.testing.assert_array_equal(queries.values, np.array([act.value for act in flat], dtype=np.float32))
    assert (queries.weights == 1).all()


@given(batches, st.integers(0, 7), st.integers(0, 7))
def test_a_slice_is_the_batch_of_its_queries(batch: list[Query], start: int, stop: int) -> None:
    part, expected = Queries.from_queries(batch, catalogue())[start:stop], batch[start:stop]
    alone = Queries.from_queries(expected, catalogue())
    for name in ("indptr", "items", "times", "kinds", "values", "weights", "rows"):
        np.testing.assert_array_equal(getattr(part, name), getattr(alone, name))
    assert part.users == alone.users


@given(batches)
def test_csr_and_seen_agree_with_counting(batch: list[Query]) -> None:
    queries = Queries.from_queries(batch, catalogue())
    binary, weights, ratings = (np.zeros((len(batch), 6), np.float32) for _ in range(3))
    for row, query in enumerate(batch):
        for act in query.history:
            if (code := "abcdef".find(str(act.item))) >= 0:
                binary[row, code], weights[row, code] = 1, weights[row, code] + 1
                ratings[row, code] = ratings[row, code] if act.value is None else act.value
    np.testing.assert_array_equal(queries.csr().toarray(), binary)
    np.testing.assert_array_equal(queries.csr("weights").toarray(), weights)
    np.testing.assert_array_equal(queries.csr("ratings").toarray(), ratings)
    indptr, codes = queries.seen()
    assert indptr.dtype == np.int64 and codes.dtype == np.int32
    for row in range(len(batch)):
        assert codes[indptr[row] : indptr[row + 1]].tolist() == np.flatnonzero(binary[row]).tolist()


@given(batches)
def test_on_another_catalogue_items_keep_their_ids(batch: list[Query]) -> None:
    other = catalogue("fadz")
    moved = Queries.from_queries(batch, catalogue()).on(other)
    assert moved.catalogue is other and moved.items.dtype == np.int32
    assert items_of(moved) == [
        [str(act.item) if str(act.item) in "fad" else "stranger" for act in query.history] for query in batch
    ]


def test_on_the_same_catalogue_nothing_is_copied() -> None:
    queries = Queries.from_queries([Query(history=(Act("a"),))], catalogue())
    assert queries.on(queries.catalogue) is queries
    same = catalogue()
    assert queries.on(same).catalogue is same and queries.on(same).items is queries.items


@given(batches, st.booleans())
def test_within_some_items_nothing_is_known_of_the_others(batch: list[Query], looked: bool) -> None:
    """The matrix is cut to the same cells where it was made already."""
    queries = Queries.from_queries(batch, catalogue())
    if looked:
        assert queries.liked.shape == (len(batch), 6)
    codes = np.array([-1, 0, -1, 1, 2, -1], dtype=np.int32)
    found = queries.within(catalogue("bde"), lambda items: codes[items])
    shown = [[item if item in "bde" else "stranger" for item in row] for row in items_of(queries)]
    assert items_of(found) == shown
    expected = queries.csr().toarray()[:, [1, 3, 4]]
    np.testing.assert_array_equal(found.csr().toarray(), expected)
    assert found.liked.has_sorted_indices and found.liked.dtype == np.float32


def test_asking_for_the_same_domain_copies_nothing() -> None:
    queries = Queries.from_queries([Query(domain="main")], catalogue())
    assert queries.to("main") is queries and queries.to(None).domain is None


def test_one_target_domain_a_batch() -> None:
    batch = [Query(domain="books"), Query(domain="books")]
    assert Queries.from_queries(batch, catalogue()).domain == "books"
    assert Queries.from_queries(batch, catalogue()).to(None).domain is None
    with pytest.raises(InvalidInput, match="one target domain a batch"):
        Queries.from_queries([*batch, Query()], catalogue())


def test_a_native_id_is_found_by_the_domain_of_its_act() -> None:
    two = Catalogue(
        Vocabulary(["books:1", "films:1", "films:a%3Ab"]), np.array([0, 1, 1]), Vocabulary(["books", "films"])
    )
    acts = [Act("1", "films"), Act("1", "books"), Act(1, "films"), Act("a:b", "films"), Act("books:1", "films")]
    acts += [Act("1"), Act("1", "songs"), Act("films:1")]
    for repeats in (1, 200):  # few ids are looked up one by one, many in a table
        queries = Queries.from_queries([Query(history=tuple(acts * repeats))], two)
        assert queries.items.tolist() == [1, 0, 1, 2, 0, -1, -1, 1] * repeats
    numbers = Catalogue(Vocabulary([5, 7]), np.zeros(2, np.int16), Vocabulary(["films"]))
    assert Queries.from_queries([Query(history=(Act(7, "films"), Act(7)))], numbers).items.tolist() == [1, 1]


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'purchase'"):
        Queries.from_queries([Query(history=(Act("a", kind="purchas"),))], catalogue())


def test_a_slice_with_a_step_is_refused() -> None:
    queries = Queries.from_queries([Query(), Query()], catalogue())
    with pytest.raises(InvalidInput, match="without a step, got step 2"):
        _ = queries[::2]
    assert len(queries[2:1]) == 0 and len(queries[-1:]) == 1


def test_a_return_is_no_taste_and_no_reason() -> None:
    data = Interactions.from_frame(pl.DataFrame({"user_id": ["a"] * 3, "item_id": list("xyz")}))
    acts = (Act("x", kind="return"), Act("y"), Act("z", kind="shown"))
    queries = Queries.from_queries([Query(history=acts), Query(history=acts[:1])], data.catalogue)
    assert queries.csr().toarray().tolist() == [[0, 1, 0], [0, 0, 0]] and queries.seen()[1].tolist() == [1]
