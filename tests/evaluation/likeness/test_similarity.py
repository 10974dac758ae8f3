"""Similarity on worlds whose answer is known, and where there is nothing to compare by."""

from __future__ import annotations

import json

import polars as pl
import pytest
from taste_worlds import taste_world

from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.evaluation.likeness.similarity import domain_similarity
from crossrec.models.boards import checkerboard


def test_one_taste_is_seen_and_two_are_not() -> None:
    one = domain_similarity(taste_world(shared=True), factors=4, shuffles=99).pairs[0]
    two = domain_similarity(taste_world(shared=False), factors=4, shuffles=99).pairs[0]
    assert (one.one, one.other, one.persons, one.compared) == ("books", "films", 600, 600) and not one.problem
    for name in ("linear CKA", "debiased CKA", "canonical correlation", "neighbours, k=10", "Procrustes cosine"):
        shared, apart = one.of(name), two.of(name)
        assert shared is not None and shared.p == 0.01 and shared.value > 2 * shared.chance
        assert apart is not None and apart.value - apart.chance < 0.2 * (shared.value - shared.chance)


def test_domains_without_common_persons_get_words_and_no_figure() -> None:
    frame = taste_world(shared=True, users=60).to_polars().with_columns(pl.col("item_id").str.split(":").list.last())
    frame = frame.with_columns(user_id=pl.format("{}-{}", "domain", "user_id"))
    found = domain_similarity(Interactions.from_frame(frame), factors=4, shuffles=5)
    pair = found.pairs[0]
    assert (pair.persons, pair.measures) == (0, ()) and pair.problem.startswith("no person is in both, 20 are needed")
    assert "crossrec data link" in found.table() and pair.of("linear CKA") is None


def test_a_few_common_persons_are_named_and_many_are_drawn_from() -> None:
    few = domain_similarity(taste_world(shared=True, users=12), factors=2, shuffles=5).pairs[0]
    assert few.problem.startswith("12 persons are in both")
    drawn = domain_similarity(taste_world(shared=True, users=100), factors=8, shuffles=5, most=30).pairs[0]
    assert (drawn.persons, drawn.compared) == (100, 30) and "take fewer factors" in drawn.problem


def test_the_same_seed_gives_the_same_json_without_nan() -> None:
    data = taste_world(shared=True, users=80)
    one, again = (domain_similarity(data, factors=3, shuffles=10, seed=1).to_json() for _ in range(2))
    assert one == again
    measures = json.loads(one)["pairs"][0]["measures"]
    assert measures[0]["largest"] is None and len(measures[4]["histogram"]) == 50


def test_one_domain_and_wrong_settings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="two domains or more"):
        domain_similarity(checkerboard())
    with pytest.raises(InvalidInput, match="shuffles >= 1, most >= 20"):
        domain_similarity(taste_world(shared=True, users=30), shuffles=0)
