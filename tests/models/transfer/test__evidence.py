"""What a gate holds out: the past answers about the future, and a drill leaves the lengths it should."""

from __future__ import annotations

import numpy as np
import pytest
from taste_worlds import taste_world

from crossrec.models.boards import two_domain_board
from crossrec.models.transfer._evidence import Evidence, held_out
from crossrec.models.transfer._gate import STAGES, stage_of


@pytest.fixture(scope="module", params=[True, False], ids=["timed", "untimed"])
def evidence(request: pytest.FixtureRequest) -> Evidence:
    found = held_out(taste_world(shared=True, timed=request.param), seed=0)
    assert found is not None
    return found


def test_answers_are_trained_new_to_the_history_and_not_in_training(evidence: Evidence) -> None:
    trained = np.bincount(evidence.train.items, minlength=len(evidence.train.catalogue)) > 0
    assert trained[evidence.answers].all() and (np.diff(evidence.indptr) > 0).all()
    row = np.repeat(np.arange(len(evidence)), np.diff(evidence.indptr))
    assert not (evidence.histories.csr().toarray() > 0)[row, evidence.answers].any()
    learned = set(zip(evidence.train.users.tolist(), evidence.train.items.tolist(), strict=True))
    assert not learned & set(zip(evidence.users[row].tolist(), evidence.answers.tolist(), strict=True))


def test_answers_are_of_the_domain_and_every_history_has_something(evidence: Evidence) -> None:
    row = np.repeat(np.arange(len(evidence)), np.diff(evidence.indptr))
    assert (evidence.train.catalogue.domains[evidence.answers] == evidence.domains[row]).all()
    assert (np.diff(evidence.domains) >= 0).all() and (np.diff(evidence.histories.indptr) > 0).all()


def test_a_drill_leaves_short_histories_of_each_length(evidence: Evidence) -> None:
    rows = evidence.histories.csr().toarray() > 0
    domains = evidence.train.catalogue.domains
    counts = np.array([rows[place, domains == code].sum() for place, code in enumerate(evidence.domains)])
    found = np.bincount(stage_of(counts), minlength=len(STAGES))
    assert (found[:3] >= 20).all(), found


def test_nothing_is_learned_of_who_is_set_apart_and_no_row_is_lost() -> None:
    world = taste_world(shared=True)
    found = held_out(world, seed=0)
    assert found is not None
    assert not np.isin(found.users, found.train.users).any()
    assert len(found.train) + len(found.rest) == len(world)
    assert len(np.unique(found.rest.users)) == 120, "a fifth of 600"
    pairs = found.domains.astype(np.int64) * len(world.user_ids) + found.users
    assert np.bincount(np.unique(pairs, return_counts=True)[1]).argmax() >= 3, "most persons speak for several lengths"


def test_few_persons_are_asked_half_at_most_and_many_a_bounded_number() -> None:
    few = held_out(taste_world(shared=True, users=60), seed=0)
    many = held_out(taste_world(shared=True, users=2_500), seed=0)
    assert few is not None and len(np.unique(few.rest.users)) == 30
    assert many is not None and len(np.unique(many.rest.users)) == 400


def test_a_history_of_the_past_ends_before_its_answers() -> None:
    world = taste_world(shared=True, timed=True)
    found = held_out(world, seed=0)
    assert found is not None
    times = {(int(u), int(i)): int(t) for u, i, t in zip(world.users, world.items, world.times, strict=True)}
    for place in range(0, len(found), 29):
        answers = found.answers[found.indptr[place] : found.indptr[place + 1]]
        first = min(times[int(found.users[place]), int(item)] for item in answers)
        assert found.histories[place : place + 1].times.max() < first and first >= found.train.times.max()


def test_the_same_seed_holds_the_same_out() -> None:
    world = taste_world(shared=True)
    one, other, third = held_out(world, 1), held_out(world, 1), held_out(world, 2)
    assert one is not None and other is not None and third is not None
    np.testing.assert_array_equal(one.answers, other.answers)
    assert not np.array_equal(one.users, third.users)


def test_nothing_to_ask_is_none() -> None:
    assert held_out(two_domain_board().take(np.arange(0)), seed=0) is None
