"""The only source of time and chance, so that tests can fix both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from crossrec.core.errors import InvalidInput

__all__ = ["MILLISECONDS_PER_DAY", "Clock", "check_seed", "now", "random", "stopwatch"]

MILLISECONDS_PER_DAY = 86_400_000
Clock = Callable[[], int]


def now() -> int:
    """Return the moment as milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def stopwatch() -> Callable[[], float]:
    """Start a stopwatch; calling the result gives the seconds passed since."""
    start = time.perf_counter()
    return lambda: time.perf_counter() - start


def random(seed: int) -> np.random.Generator:
    """Return a generator whose stream depends on the seed alone, on every machine.

    Raises:
        InvalidInput: The seed is no whole number, or negative.
    """
    return np.random.Generator(np.random.PCG64(check_seed(seed)))


def check_seed(seed: Any) -> int:
    """Return a seed, or refuse it.

    Raises:
        InvalidInput: It is no whole number, or negative.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InvalidInput(f"seed: expected a whole number >= 0, got {seed!r}")
    return int(seed)
