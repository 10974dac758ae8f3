"""The drill: nobody who is drilled keeps an act in the target, and the first acts bring the control up."""

from __future__ import annotations

import json

import pytest
from taste_worlds import taste_world

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.evaluation.transferring.drill import STEPS, drill


def test_transfer_starts_where_the_control_arrives_later() -> None:
    found = drill(taste_world(shared=True), "books")
    first = found.steps[0]
    assert first.acts == 0 and first.ndcg["control"] == pytest.approx(first.ndcg["popularity"])
    assert first.difference["transfer"][1] > 0 and first.difference["gated"][1] > 0
    saved = found.effort_saved["transfer"]
    assert saved.low is not None and saved.low > 0 and saved.most == found.steps[-1].acts
    if saved.value is not None:
        before = [step for step in found.steps if step.acts < saved.value]
        assert all(step.ndcg["control"] < first.ndcg["transfer"] for step in before)
    assert [step.acts for step in found.steps] == list(STEPS[: len(found.steps)])
    assert "as good as the control with" in found.table()
    told = json.loads(found.to_json())
    assert told["target"] == "books" and set(told["effort_saved"]) == {"transfer", "gated"}


def test_without_a_common_taste_the_gate_gives_what_the_control_gives() -> None:
    first = drill(taste_world(shared=False), "books").steps[0]
    assert first.difference["gated"][0] == pytest.approx(0, abs=0.02)


def test_too_few_persons_are_refused_and_a_domain_is_looked_up() -> None:
    with pytest.raises(InvalidInput, match="drill: expected 40 persons"):
        drill(taste_world(shared=True, users=30), "books")
    with pytest.raises(NotFound, match="did you mean 'books'"):
        drill(taste_world(shared=True, users=30), "boks")


def test_new_items_are_found_the_better_the_more_have_taken_them() -> None:
    found = drill(taste_world(shared=True, timed=True), "books", hold="items", control="item_knn", transfer="item_knn")
    assert (found.held, found.drilled) == ("items", 8) and found.persons > 100 and not found.effort_saved
    assert [step.acts for step in found.steps] == list(STEPS)
    first, last = found.steps[0], found.steps[-1]
    assert set(first.ndcg.values()) == {0.0}, "nobody has had them: no strategy knows them"
    assert last.ndcg["transfer"] > found.steps[1].ndcg["transfer"] > 0 and last.ndcg["popularity"] == 0
    assert last.difference["transfer"][1] > 0, "books that come are told from films"
    assert "books: 8 items and" in found.table() and "as good as" not in found.table()
    assert json.loads(found.to_json())["held"] == "items"


def test_what_is_held_out_is_persons_or_items() -> None:
    with pytest.raises(InvalidInput, match="persons or items, got 'shops'"):
        drill(taste_world(shared=True, users=30), "books", hold="shops")
    with pytest.raises(InvalidInput, match="expected 40 items with acts in 'books', got"):
        drill(taste_world(shared=True, users=6), "books", hold="items")
