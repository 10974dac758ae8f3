"""The clock and chance: the one place each."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from crossrec.core.clock import MILLISECONDS_PER_DAY, now, random, stopwatch
from crossrec.core.errors import InvalidInput


def test_now_is_milliseconds_of_the_epoch() -> None:
    assert abs(now() - dt.datetime.now(dt.UTC).timestamp() * 1_000) < 5_000
    assert MILLISECONDS_PER_DAY == 24 * 60 * 60 * 1_000


def test_the_stopwatch_never_runs_back() -> None:
    read = stopwatch()
    first = read()
    assert 0 <= first <= read() < 5


def test_the_same_seed_is_the_same_stream_for_ever() -> None:
    assert random(42).integers(0, 1_000, 4).tolist() == [89, 773, 654, 438]
    np.testing.assert_array_equal(random(7).normal(size=5), random(7).normal(size=5))
    assert random(7).integers(0, 2**60) != random(8).integers(0, 2**60)


@pytest.mark.parametrize("seed", [-1, 1.5, None, "7", True])
def test_a_seed_that_is_none_is_refused(seed: object) -> None:
    with pytest.raises(InvalidInput, match="seed: expected a whole number >= 0, got"):
        random(seed)  # type: ignore[arg-type]
