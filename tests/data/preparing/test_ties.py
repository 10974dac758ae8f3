"""Ties as a domain: the same persons, themselves among what they have, and nothing that is there is lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.core.query import Act, Query
from crossrec.data.check import check
from crossrec.data.dataset import Dataset, open_dataset
from crossrec.data.preparing.ties import rows_of_ties, ties_as_domain
from crossrec.data.schema import INTERACTIONS, TIES
from crossrec.data.storing.writing import Content, write_domains
from crossrec.models.classic.item_knn import ItemKNN


def ties_of(*pairs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame([(*pair, "friend", 2.0) for pair in pairs], schema=TIES, orient="row")


def rows_of(domain: str, *pairs: tuple[str, str]) -> pl.LazyFrame:
    given = pl.DataFrame(pairs, schema=["user_id", "item_id"], orient="row").with_columns(
        domain=pl.lit(domain), interaction_type=pl.lit("play"), weight=1.0, position=pl.int_range(pl.len())
    )
    named = given.columns
    return given.lazy().select(
        (pl.col(name) if name in named else pl.lit(None)).cast(kind).alias(name) for name, kind in INTERACTIONS.items()
    )


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    """Music of five persons of two tastes; Fay, of whom nothing else is known, is a friend of Ann, and so is Bob."""
    heard = [(user, f"r{n}") for user in ("ann", "bob", "cat") for n in range(3)]
    heard += [(user, f"j{n}") for user in ("dan", "eve") for n in range(3)]
    music = Content(
        rows_of("music", *heard), "tables", users_are="shared", ties=ties_of(("fay", "ann"), ("bob", "ann"))
    )
    write_domains(tmp_path / "data", {"music": music})
    return open_dataset(tmp_path / "data")


def test_a_tie_is_an_act_and_its_end_has_itself() -> None:
    rows = rows_of_ties(ties_of(("fay", "ann"), ("ann", "bob"), ("bob", "ann")), "friends")
    assert rows.schema == INTERACTIONS
    assert rows.select("user_id", "item_id", "weight").rows() == [
        ("fay", "ann", 2.0),
        ("ann", "bob", 2.0),
        ("bob", "ann", 2.0),
        ("ann", "ann", 1.0),
        ("bob", "bob", 1.0),
    ]
    assert set(rows["domain"]) == {"friends"} and set(rows["interaction_type"]) == {"follow"}


def test_the_domain_has_the_same_persons_and_is_made_again_on_request(data: Dataset) -> None:
    ties_as_domain(data, "music", "friends")
    made = open_dataset(data.path)
    assert made.domains == ("friends", "music") and made.record("friends").options == {"of": "music"}
    both = made.interactions()
    assert sorted(map(str, both.user_ids.series)) == ["ann", "bob", "cat", "dan", "eve", "fay"]
    assert "friends" in both.untimed_domains() and check(made).ok
    with pytest.raises(InvalidInput, match="say replace"):
        ties_as_domain(made, "music", "friends")
    assert ties_as_domain(made, "music", "friends", replace=True).domains["friends"].rows == 3


def test_whoever_is_new_gets_what_friends_have(data: Dataset) -> None:
    ties_as_domain(data, "music", "friends")
    model = ItemKNN().fit(open_dataset(data.path).interactions())
    by_name = model.recommend(["fay"], k=3, domain="music").ids()[0]
    by_history = model.recommend(Query(history=(Act("friends:ann"),), domain="music"), k=3).ids()[0]
    assert set(by_name) == set(by_history) == {"music:r0", "music:r1", "music:r2"}


def test_a_domain_without_ties_with_users_of_its_own_or_under_a_taken_name_is_refused(
    data: Dataset, tmp_path: Path
) -> None:
    own = Content(rows_of("films", ("ann", "f")), "tables", ties=ties_of(("fay", "ann")))
    write_domains(data.path, {"films": own, "books": Content(rows_of("books", ("ann", "b")), "tables")})
    made = open_dataset(data.path)
    with pytest.raises(InvalidInput, match="domain 'books': expected ties between its users, got none"):
        ties_as_domain(made, "books", "friends")
    with pytest.raises(InvalidInput, match="its users are its own.*--shared-users"):
        ties_as_domain(made, "films", "friends")
    with pytest.raises(InvalidInput, match="expected a new name, got one that holds 'tables'"):
        ties_as_domain(made, "music", "books", replace=True)
