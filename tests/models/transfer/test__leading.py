"""A lead that is real is found, one of many chances is not, and a person's questions are one draw."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.core.clock import random
from crossrec.models.transfer._leading import Lead, leading


def lead_of(table: np.ndarray, users: np.ndarray | None = None, bases: int = 2) -> Lead:
    users = np.arange(len(table)) if users is None else users
    tried = range(bases, table.shape[1])
    return leading(table, users.astype(np.int32), tried, range(bases), level=0.95, seed=0)


def test_a_true_lead_is_found_and_its_interval_holds_it() -> None:
    table = random(0).normal(0, 1, (400, 6)) + np.array([0, 0.1, 0, 0, 0.6, 0.2])
    lead = lead_of(table)
    assert lead.place == 4 and lead.low > 0
    assert lead.low <= 0.5 <= lead.high, "on the base it leads least"


def test_the_largest_of_many_chances_is_no_lead() -> None:
    found = [lead_of(random(seed).normal(0, 1, (40, 22)), bases=1).low > 0 for seed in range(300)]
    assert np.mean(found) <= 0.05, "the chance of any of 21 is told, not of one"


def test_a_lead_on_some_of_the_bases_is_none() -> None:
    table = random(1).normal(0, 1, (400, 3)) + np.array([0, 1.0, 0.8])
    assert lead_of(table).low < 0 and lead_of(table[:, [0, 2]], bases=1).low > 0


def test_a_persons_questions_are_one_draw() -> None:
    one = random(2).normal(0.3, 1, (60, 3)) * np.array([0, 0, 1.0])
    often = np.repeat(one, 9, axis=0)
    alone, together = lead_of(one), lead_of(often, np.repeat(np.arange(60), 9))
    assert together.high - together.low == pytest.approx(alone.high - alone.low)
    assert lead_of(often).high - lead_of(often).low < 0.5 * (alone.high - alone.low)


def test_equal_weightings_lead_by_nothing() -> None:
    lead = lead_of(np.tile(random(3).normal(0, 1, (50, 1)), (1, 4)))
    assert lead == Lead(2, 0.0, 0.0, 0.0)
