"""Compiled loops that keep the largest cells of a line, of equal ones the lower code."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Floats

__all__ = ["BUCKETS", "RUN", "keep_largest", "keep_of_line"]

BUCKETS = 2_047
"""Places of counts, less one."""
RUN = 64
"""Cells of a line whose maximum is taken at once."""
_LAST = 0xFFFFFFFF


@numba.njit(cache=True, fastmath={"nnan", "nsz"})
def keep_of_line(
    line: Floats,
    bits: NDArray[np.uint32],
    column_weights: Floats,
    column: int,
    maxima: Floats,
    keys: NDArray[np.uint64],
    codes: Codes,
    values: Floats,
) -> None:  # pragma: no cover - compiled
    """Weigh a whole line, keep its largest cells, of equal ones the lower code, and wipe it.

    The k-th largest of the maxima of runs of cells is a floor under the k-th largest cell, so that only
    the few runs that reach it are looked at cell by cell.
    """
    k, size, own = len(codes), len(line), column_weights[column]
    for run in range(len(maxima)):
        largest = np.float32(0)
        for other in range(run * RUN, min(size, run * RUN + RUN)):
            value = line[other] * column_weights[other] * own
            line[other] = value
            largest = max(largest, value)
        maxima[run] = largest
    floor = np.float32(0)
    if len(maxima) > k:
        floor = np.partition(maxima, len(maxima) - k)[len(maxima) - k]
    found = 0
    for run in range(len(maxima)):
        if maxima[run] >= floor and maxima[run] > 0:
            for other in range(run * RUN, min(size, run * RUN + RUN)):
                if line[other] >= floor and line[other] > 0:
                    keys[found] = (np.uint64(bits[other]) << np.uint64(32)) | np.uint64(_LAST - other)
                    found += 1
    ordered = np.sort(keys[:found])
    for at in range(min(k, found)):
        best = _LAST - np.int64(ordered[found - 1 - at] & np.uint64(_LAST))
        codes[at], values[at] = best, line[best]
    line[:] = 0


@numba.njit(cache=True)
def keep_largest(
    found: Codes, sums: Floats, counts: Codes, codes: Codes, values: Floats
) -> None:  # pragma: no cover - compiled
    """Keep the largest sums, of equal ones the lower code: count them in buckets, then sort only the last bucket.

    The bits of positive floats rank like the floats, so a bucket is a range of bits; a heap would cost
    several times as much, for a branch that cannot be foreseen at each cell.
    """
    k, size = len(codes), len(found)
    if size <= k:
        codes[:size], values[:size] = found, sums
        return
    bits = sums.view(np.uint32)
    low, high = bits.min(), bits.max()
    shift = np.uint32(0)
    while ((high - low) >> shift) >= BUCKETS:
        shift += np.uint32(1)
    counts[:] = 0
    for at in range(size):
        counts[(bits[at] - low) >> shift] += 1
    bucket, above = BUCKETS, 0
    while above + counts[bucket] < k:
        above += counts[bucket]
        bucket -= 1
    kept, edge = 0, 0
    ties = np.empty(counts[bucket], np.uint64)
    for at in range(size):
        place = (bits[at] - low) >> shift
        if place > bucket:
            codes[kept], values[kept] = found[at], sums[at]
            kept += 1
        elif place == bucket:
            ties[edge] = (np.uint64(bits[at]) << np.uint64(32)) | np.uint64(_LAST - found[at])
            edge += 1
    ties = np.sort(ties)
    for at in range(k - kept):
        key = ties[edge - 1 - at]
        codes[kept + at] = _LAST - np.int64(key & np.uint64(_LAST))
        values[kept + at] = np.array([np.uint32(key >> np.uint64(32))]).view(np.float32)[0]
