"""The size letters and the named array types that signatures use, and how loops over them are run.

N rows · U users · I items · B queries in a batch · K list length · T steps of history · D dimensions
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Bytes", "Codes", "Doubles", "Floats", "Offsets", "Times", "narrow", "threads_for"]

Codes: TypeAlias = NDArray[np.int32]
"""Codes 0..n-1 of a vocabulary, or -1 for an id it does not have."""
Offsets: TypeAlias = NDArray[np.int64]
"""Row pointers of a CSR layout: [B + 1], starting at 0."""
Times: TypeAlias = NDArray[np.int64]
"""Milliseconds since the epoch, UTC; `NO_TIME` where unknown."""
Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Bytes: TypeAlias = NDArray[np.int8]

_LITTLE = 500_000
"""Steps of a compiled loop that take less time than to wake another thread and to wait for it."""


@contextmanager
def threads_for(work: int) -> Iterator[None]:
    """Let compiled loops in this block run on one thread where there is little to do.

    Threads of a loop wait for one another. That is nothing beside a long loop; an answer to one person is over sooner,
    and on a machine with other work it would wait for its turn on every core, which takes milliseconds.

    Args:
        work: About how many steps the loop has; 0 where it cannot be shared.
    """
    import numba  # a third of a second that files and frames do not need

    threads = numba.get_num_threads()
    if work >= _LITTLE or threads == 1:
        yield
        return
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(threads)


def narrow(places: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return places in a sparse matrix as Int32 where they all fit; SciPy keeps all in the widest type it is given."""
    fits = len(places) == 0 or int(places.max()) <= np.iinfo(np.int32).max
    return places.astype(np.int32, copy=False) if fits else places
