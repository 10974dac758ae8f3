"""Levels, retention and forgetting: by hand, and where nothing may be divided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.evaluation.transferring.carried import Answers, Share, kept_of, level, retention_of, share_of


def answers(model: list[float], floor: float = 0.0, first: int = 0) -> Answers:
    size = len(model)
    return Answers(np.array(model), np.full(size, floor), np.arange(first, first + size, dtype=np.int32))


def test_a_level_by_hand() -> None:
    assert [level(0.2, 0.2), level(1.0, 0.2), level(0.6, 0.2)] == pytest.approx([0, 1, 0.5])
    assert level(0.1, 0.2) == pytest.approx(-0.125) and level(1.0, 1.0) == 0


def test_retention_by_hand() -> None:
    """The source stands at (.6 - .2) / .8 = .5, the target at (.28 - .1) / .9 = .2: two fifths are retained."""
    found = retention_of(("films", "books"), answers([0.5, 0.7], 0.2), answers([0.28] * 3, 0.1, first=2))
    assert (found.source_level, found.target_level) == pytest.approx((0.5, 0.2))
    assert found.retained.value == pytest.approx(0.4)
    assert found.retained.low is not None and found.retained.low == pytest.approx(0.2 / 0.625)
    assert found.retained.high == pytest.approx(0.2 / 0.375), "draws of one person twice are the ends"
    assert "films -> books: level 0.500 in films, 0.200 in books with transfer; retained 40%" in str(found)


def test_kept_by_hand() -> None:
    """Each person loses a fifth of their level: the share is sure, however unlike the persons are."""
    alone = answers([0.2, 0.6, 0.9, 0.4])
    found = kept_of(("films", "books"), alone, alone.model * 0.8)
    assert found.kept == Share(*[pytest.approx(0.8)] * 3) and found.verdict == "forgets"
    assert kept_of(("films", "books"), alone, alone.model * 1.1).verdict == "gains"
    assert kept_of(("films", "books"), alone, alone.model).verdict == "cannot tell"


def test_a_zero_baseline_is_an_answer_not_a_division() -> None:
    nothing = kept_of(("films", "books"), answers([0.0, 0.0]), np.array([0.5, 0.5]))
    assert nothing.kept == Share(None, None, None) and nothing.verdict == "cannot tell"
    assert "nothing to be a share of" in str(nothing)
    below = retention_of(("a", "b"), answers([0.1, 0.1], 0.3), answers([0.5, 0.5], 0.1, first=2))
    assert below.source_level < 0 and below.retained.value is None


def test_no_interval_where_the_denominator_may_be_nothing() -> None:
    unsure = answers([0.0, 0.0, 0.0, 0.0, 0.4], 0.07)
    found = kept_of(("films", "books"), unsure, unsure.model)
    assert found.kept.value == pytest.approx(1) and found.kept.low is None and found.verdict == "cannot tell"
    assert "[cannot be told]" in str(found)


def test_draws_without_a_value_are_left_out() -> None:
    parts, wholes = np.array([1.0, np.nan, 2.0]), np.array([2.0, 2.0, 4.0])
    assert share_of(1.0, 2.0, parts, wholes) == Share(0.5, 0.5, 0.5)


@given(st.integers(0, 10_000), st.floats(0.1, 10.0))
@settings(max_examples=40, deadline=None)
def test_a_share_does_not_depend_on_the_scale_and_its_interval_holds_it(seed: int, scale: float) -> None:
    chance = np.random.default_rng(seed)
    control = chance.uniform(0.1, 0.5, 50)
    joint = control * chance.uniform(0.5, 1.5, 50)
    users = np.arange(50, dtype=np.int32)
    one = kept_of(("a", "b"), Answers(control, np.zeros(50), users), joint).kept
    other = kept_of(("a", "b"), Answers(control * scale / 10, np.zeros(50), users), joint * scale / 10).kept
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    assert one.low is not None and one.value is not None and one.high is not None and one.low <= one.value <= one.high
