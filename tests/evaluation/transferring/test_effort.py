"""Effort saved: by hand between two steps, at the ends, and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.evaluation.transferring.effort import Effort, effort_of

ACTS = (0, 1, 3)


def effort(bar: list[float], curve: list[list[float]]) -> Effort:
    return effort_of(np.array(bar), np.array(curve), ACTS, np.arange(len(bar), dtype=np.int32))


def test_between_two_steps_by_hand() -> None:
    """From .2 after one act to .4 after three: .3 is reached half way, after two."""
    found = effort([0.3] * 4, [[0.1, 0.2, 0.4]] * 4)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))
    assert str(found) == "2.0 acts [2.0, 2.0]"


def test_nothing_is_saved_where_the_control_is_as_good_from_the_start() -> None:
    assert effort([0.1, 0.1], [[0.1, 0.0, 0.4]] * 2) == Effort(0.0, 0.0, 0.0, 3)


def test_what_is_never_reached_is_more_than_the_last_step() -> None:
    found = effort([0.5, 0.5], [[0.1, 0.2, 0.4]] * 2)
    assert found == Effort(None, None, None, 3) and str(found) == "more than 3 acts [more than 3, more than 3]"


def test_the_first_step_that_is_as_good_counts() -> None:
    assert effort([0.2], [[0.0, 0.2, 0.1]]).value == pytest.approx(1)


def test_an_end_alone_may_be_out_of_reach() -> None:
    """Of two persons one never gets there: a draw of that one alone, one in four, has no answer within three acts."""
    found = effort([0.5, 0.1], [[0.0, 0.1, 0.2], [0.0, 0.4, 0.8]])
    assert found.value == pytest.approx(1 + 2 * (0.3 - 0.25) / (0.5 - 0.25))
    assert found.low == pytest.approx(0.25) and found.high is None


def test_persons_are_drawn_with_their_curve() -> None:
    """Bars differ between persons, and each curve meets its own bar after one act: the interval has no width."""
    bars = np.random.default_rng(0).uniform(0.1, 0.9, 40)
    found = effort(bars.tolist(), np.outer(bars, [0.0, 1.0, 1.0]).tolist())
    assert (found.low, found.high) == pytest.approx((1, 1))
