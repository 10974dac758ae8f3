"""Catalogue: domains, candidate codes, and ids that carry their domain."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.catalogue import Catalogue, join_id, join_ids, split_id
from crossrec.core.errors import InvalidInput, NotFound
from crossrec.core.vocabulary import Vocabulary

names = st.text(st.characters(codec="utf-8", exclude_characters=":"), min_size=1, max_size=8)
natives = st.text(st.sampled_from("a%:253AéB"), max_size=12)


@pytest.fixture
def catalogue() -> Catalogue:
    columns = pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["Apple", None, "Cherry"]})
    return Catalogue(Vocabulary(["a", "b", "c"]), np.array([0, 1, 0], np.int16), Vocabulary(["x", "y"]), columns)


@given(names, natives)
def test_split_is_the_inverse_of_join(domain: str, native: str) -> None:
    assert split_id(join_id(domain, native)) == (domain, native)


@given(st.lists(st.tuples(names, natives), min_size=1, max_size=10))
def test_columns_are_joined_like_single_ids(pairs: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(pairs, schema=["domain", "native"], orient="row")
    joined = frame.select(join_ids(pl.col("domain"), pl.col("native")))["domain"].to_list()
    assert joined == [join_id(domain, native) for domain, native in pairs]


def test_an_id_without_a_colon_is_refused() -> None:
    with pytest.raises(InvalidInput, match="domain:id"):
        split_id("42")


def test_domain_mask_and_nearest_name(catalogue: Catalogue) -> None:
    assert catalogue.in_domain("x").tolist() == [True, False, True]
    with pytest.raises(NotFound, match="no domain called 'yy'.*'y'|There are: x, y"):
        catalogue.in_domain("yy")


def test_candidate_codes_keep_their_order(catalogue: Catalogue) -> None:
    assert catalogue.codes_of(["c", "a"]).tolist() == [2, 0]
    with pytest.raises(NotFound, match="'zebra'"):
        catalogue.codes_of(["a", "zebra", "b"])


def test_titles_fall_back_to_ids(catalogue: Catalogue) -> None:
    assert catalogue.titles == ["Apple", "b", "Cherry"]
    assert Catalogue(catalogue.ids, catalogue.domains, catalogue.domain_ids).titles is None


def test_restrict_keeps_columns_beside_their_items(catalogue: Catalogue) -> None:
    part = catalogue.restrict(np.array([2, 1], np.int32))
    assert part.ids.ids.tolist() == ["c", "b"] and part.domains.tolist() == [0, 1]
    assert part.titles == ["Cherry", "b"]


def test_sizes_must_agree() -> None:
    ids, domain = Vocabulary(["a", "b"]), Vocabulary(["x"])
    with pytest.raises(InvalidInput, match="2 items but 1 domain codes"):
        Catalogue(ids, np.zeros(1, np.int16), domain)
    with pytest.raises(InvalidInput, match="2 items but 3 rows"):
        Catalogue(ids, np.zeros(2, np.int16), domain, pl.DataFrame({"item_id": ["a", "b", "c"]}))


def test_same_items_means_same_codes(catalogue: Catalogue) -> None:
    assert catalogue.same_items(catalogue.restrict(np.arange(3, dtype=np.int32)))
    assert not catalogue.same_items(catalogue.restrict(np.array([1, 0, 2], np.int32)))


def test_a_domain_has_one_catalogue(catalogue: Catalogue) -> None:
    """What is cut by it then shares its ids, which are compared at a glance."""
    codes, inside = catalogue.domain("x")
    assert codes.tolist() == [0, 2] and inside.ids.series.to_list() == ["a", "c"]
    assert catalogue.domain("x")[1] is inside and catalogue.domain("y")[1] is not inside
    with pytest.raises(NotFound, match="no domain called 'z'"):
        catalogue.domain("z")
