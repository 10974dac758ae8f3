"""Coverage: what is empty does not count, and columns answer for topics by their names."""

from __future__ import annotations

import polars as pl

from crossrec.data.report.coverage import TOPICS, coverage_of


def test_empty_values_do_not_count() -> None:
    items = pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["Tea", "  ", None, "Jam"],
            "genres": [["x", "y"], [], None, ["z"]],
            "price": [1.0, float("nan"), None, 0.0],
            "year": [1999, None, 2000, 2001],
            "main_category": [None, "kitchen", None, None],
        }
    )
    found = coverage_of(items)
    assert found.items == 4
    assert {one.name: one.filled for one in found.columns} == {
        "title": 2, "genres": 2, "price": 2, "year": 3, "main_category": 1,
    }  # fmt: skip
    assert {one.name: one.middle for one in found.columns} == {
        "title": 3.0, "genres": 1.5, "price": None, "year": None, "main_category": 7.0,
    }  # fmt: skip
    assert found.topics == {"title": 2, "text": 0, "categories": 3, "price": 2, "creators": 0, "links": 0}


def test_names_of_sources_find_their_topic() -> None:
    names = {
        "title": "title", "description": "text", "tags": "categories", "authors": "creators", "brand": "creators",
        "imdb_id": "links", "average_rating": "other", "subtitle": "other",
    }  # fmt: skip
    found = coverage_of(pl.DataFrame({"item_id": ["a"], **{name: ["x"] for name in names}}))
    assert {one.name: one.topic for one in found.columns} == names


def test_ids_alone_are_nothing() -> None:
    found = coverage_of(pl.DataFrame({"item_id": ["a", "b"]}).lazy())
    assert found.columns == () and set(found.topics) == set(TOPICS) and not any(found.topics.values())
