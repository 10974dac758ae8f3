"""The size letters and the named array types that signatures use.

N rows · U users · I items · B queries in a batch · K list length · T steps of history · D dimensions
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Bytes", "Codes", "Doubles", "Floats", "Offsets", "Times", "narrow"]

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


def narrow(places: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return places in a sparse matrix as Int32 where they all fit; SciPy keeps all in the widest type it is given."""
    fits = len(places) == 0 or int(places.max()) <= np.iinfo(np.int32).max
    return places.astype(np.int32, copy=False) if fits else places
