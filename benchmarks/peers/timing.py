"""The clock of a benchmark, the same in this package's process and in its peers'; needs nothing but Python."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

CLOCK = "CROSSREC_BENCHMARK_CLOCK"


def clock_of() -> Callable[[], float]:
    """Return the wall's clock, or the processor's for all threads of the process."""
    return time.process_time if os.environ.get(CLOCK) == "processor" else time.perf_counter
