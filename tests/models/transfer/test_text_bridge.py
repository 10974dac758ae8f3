"""Text bridge: other domains' items are placed by text, by a common id, or by persons, and what is missing is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput, OutOfBudget
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models import machine
from crossrec.models.boards import two_domain_board
from crossrec.models.classic.als import ALS
from crossrec.models.transfer.text_bridge import TextBridge

GENRES = ("space war robots", "love wedding paris", "murder police detective", "elves dragons magic")


def world(*, text: bool = True, link: bool = False, users: int = 120) -> Interactions:
    """Make persons of four tastes in films, others in books; item n is of genre n // 10, and of the same thing."""
    chance, rows = random(3), []
    for domain, letter in (("films", "f"), ("books", "b")):
        for user in range(users):
            taste = user % 4
            own = taste * 10 + chance.permutation(10)[:5]
            rows += [(f"{letter}{user}", domain, str(item)) for item in {*own.tolist(), int(chance.integers(40))}]
    about = [
        {"item_id": str(item), "domain": domain, "title": GENRES[item // 10] if text else "", "same": f"x{item}"}
        for domain in ("films", "books")
        for item in range(40)
    ]
    frame = pl.DataFrame(rows, schema=["user_id", "domain", "item_id"], orient="row")
    return Interactions.from_frame(frame, items=pl.DataFrame(about) if text or link else None)


def reader_of(taste: int, *, domain: str = "films") -> Query:
    """Ask for films, or books, with three items of a taste in the other domain."""
    source = "books" if domain == "films" else "films"
    return Query(history=tuple(Act(f"{source}:{taste * 10 + place}") for place in range(3)), domain=domain)


@pytest.mark.parametrize("taste", range(4))
def test_text_alone_finds_the_taste_where_nobody_is_in_both(taste: int) -> None:
    model = TextBridge(factors=8).fit(world())
    for domain in ("films", "books"):
        found = model.recommend(reader_of(taste, domain=domain), k=5).ids()[0]
        assert [int(str(item).split(":")[1]) // 10 for item in found] == [taste] * 5


def test_a_common_id_finds_the_taste_without_text_and_never_the_twin() -> None:
    model = TextBridge(factors=8, link="same").fit(world(text=False, link=True))
    found = model.recommend(reader_of(2), k=5).ids()[0]
    assert {str(item) for item in found} <= {f"films:{item}" for item in range(23, 30)}
    everything = model.recommend(reader_of(2), k=40).ids()[0]
    assert {str(item) for item in everything[-3:]} == {"films:20", "films:21", "films:22"}


def test_what_was_had_under_both_names_counts_once_and_may_come_back() -> None:
    model = TextBridge(factors=8, link="same").fit(world(text=False, link=True))
    one, both = (
        model.score(Queries.from_queries([Query(history=acts, domain="films")], model.catalogue_)).values
        for acts in ((Act("films:3"),), (Act("films:3"), Act("books:3")))
    )
    np.testing.assert_array_equal(one, both)


def test_without_anything_in_common_it_says_what_is_missing_and_serves_the_target() -> None:
    data = world(text=False)
    model = TextBridge(factors=8).fit(data)
    told = [str(choice) for choice in model.choices]
    assert len(told) == 2 and all("nothing joins them" in words and "title, text or tags" in words for words in told)
    assert not model.recommend(reader_of(1), k=3).opinion[0]
    own = Query(history=(Act("films:1"), Act("films:4")), domain="films")
    alone = ALS(factors=8).fit(data.domain("films")).recommend(Query(history=own.history), k=5)
    assert model.recommend(own, k=5).ids() == alone.ids()


def test_choices_say_what_joins_two_domains() -> None:
    (films, books) = TextBridge(factors=8, link="same").fit(world(link=True)).choices
    assert {(one.items, one.twins, one.texts) for one in (films, books)} == {(40, 40, 0)}
    joined = TextBridge(factors=8).fit(world()).choices
    assert all(one.texts == 40 and one.told > 0.2 and one.persons == 0 for one in joined)
    shared = TextBridge(factors=4).fit(two_domain_board()).choices
    assert all(one.persons == 12 and one.texts == 0 for one in shared)


def test_weight_0_is_the_target_alone() -> None:
    data = world()
    model, alone = TextBridge(factors=8, weight=0.0).fit(data), ALS(factors=8).fit(data.domain("films"))
    acts = Act("films:1"), Act("films:4")
    mixed = Query(history=(*acts, Act("books:31")), domain="films")
    assert model.recommend(mixed, k=5).ids() == alone.recommend(Query(history=acts), k=5).ids()
    assert not model.recommend(reader_of(0), k=3).opinion[0]


def test_both_domains_speak_where_there_is_a_history_in_both() -> None:
    acts = Act("films:1"), Act("films:4")
    queries = [Query(history=(*acts, *more), domain="films") for more in ((), (Act("books:31"), Act("books:32")))]
    model = TextBridge(factors=8).fit(world())
    alone, mixed = model.score(Queries.from_queries(queries, model.catalogue_)).values
    fourth = [model.catalogue_.ids.code(f"films:{item}") for item in range(30, 40)]
    assert mixed[fourth].mean() > alone[fourth].mean() + 0.05


def test_a_reason_is_what_added_most_in_either_domain_or_the_twin() -> None:
    for settings, data in (({}, world()), ({"link": "same"}, world(text=False, link=True))):
        model = TextBridge(factors=8, **settings).fit(data)
        query = Query(history=(Act("films:1"), Act("books:31"), Act("books:32")), domain="films")
        queries = Queries.from_queries([query], model.catalogue_)
        items = model.catalogue_.codes_of(["films:5", "films:36", "films:38"])[None]
        first, *others = model.catalogue_.ids.decode(model.explain(queries, items)[0])
        assert first == "films:1" and set(others) <= {"books:31", "books:32"}
    alone = TextBridge(factors=8, weight=0.0).fit(world())
    assert model.explain(queries, np.full((1, 2), -1, dtype=np.int32)).tolist() == [[-1, -1]]
    assert set(alone.explain(queries, items)[0].tolist()) <= {-1, int(queries.items[0])}


def test_places_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_bytes", lambda: 10_000)
    with pytest.raises(OutOfBudget, match="TextBridge over 80 items in 2 domains"):
        TextBridge(factors=8).fit(world())


def test_similar_items_stay_in_their_domain() -> None:
    lists = TextBridge(factors=4).fit(world()).similar(["films:2"], k=5)
    assert all(str(item).startswith("films:") and int(str(item)[6:]) < 10 for item in lists.ids()[0])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"weight": 1.5}, "expected weight in"),
        ({"epochs": 0}, "TextBridge: expected"),
        ({"link": "imdb"}, "no column 'imdb'"),
        ({"columns": "titel"}, "no column 'titel'; did you mean 'title'"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        TextBridge(**settings).fit(world())
