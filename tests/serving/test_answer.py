"""Answers of one bundle in several domains, each item with the act that it rests on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "transfer"))
from taste_worlds import taste_of, taste_world

from crossrec.core.query import Act, Queries, Query
from crossrec.core.settings import ServerSettings
from crossrec.events.logs.memory import MemoryLog
from crossrec.models.transfer.gated import Gated
from crossrec.serving.answer import Answerer
from crossrec.serving.schemas import EventIn
from crossrec.serving.service import Service
from crossrec.tracking.bundle import open_bundle
from crossrec.wiring import train_on


@pytest.fixture(scope="module")
def gated() -> Gated:
    return Gated().fit(taste_world(shared=True))


def asked(model: Gated, *films: int, domain: str | None) -> Queries:
    history = tuple(Act(f"films:{film}", kind="rate", value=5.0) for film in films)
    return Queries.from_queries([Query(history=history, domain=domain)], model.catalogue_)


def test_a_reason_from_another_domain_names_it(gated: Gated) -> None:
    answer = Answerer(gated, "gated", "v").recommend(asked(gated, 20, 21, 22, domain="books"), 3)
    for item in answer["items"]:
        assert item["id"].startswith("books:") and taste_of(item["id"]) == 2
        assert item["reason"].startswith("because you rated films:2") and item["reason"].endswith(" in films")


def test_a_reason_from_the_same_domain_does_not(gated: Gated) -> None:
    answer = Answerer(gated, "gated", "v").recommend(asked(gated, 20, 21, 22, 23, domain="films"), 3)
    assert all(item["reason"].startswith("because you rated films:2") for item in answer["items"])
    assert not any(item["reason"].endswith(" in films") for item in answer["items"])


def test_a_stranger_is_told_what_is_popular(gated: Gated) -> None:
    answer = Answerer(gated, "gated", "v").recommend(asked(gated, domain="books"), 3)
    assert [item["reason"] for item in answer["items"]] == ["popular with everyone"] * 3


def test_one_bundle_serves_each_domain_from_what_was_done_in_another(tmp_path: Path) -> None:
    train_on("gated", Gated(), taste_world(shared=True), tmp_path / "m")
    service = Service(open_bundle(tmp_path / "m"), MemoryLog(), ServerSettings())
    try:
        told = {"user_id": "new", "interaction_type": "view", "domain": "films"}
        service.take([EventIn.model_validate({**told, "event_id": str(n), "item_id": str(n)}) for n in (10, 11, 12)])
        more = {"exclude_seen": True, "candidates": None, "where": ()}
        books = service.for_user("new", 5, domain="books", **more)["items"]
        assert len(books) == 5 and all(taste_of(one["id"]) == 1 for one in books)
        page = service.for_user("new", 10, domain=None, **more)["items"]
        assert {one["id"].split(":")[0] for one in page} == {"films", "books"}
        service.erase("new")
        after = service.for_user("new", 5, domain="books", **more)["items"]
        assert [one["reason"] for one in after] == ["popular with everyone"] * 5
    finally:
        service.close()
