"""The size letters and the named array types that signatures use.

N rows · U users · I items · B queries in a batch · K list length · T steps of history · D dimensions
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Bytes", "Codes", "Doubles", "Floats", "Offsets", "Times"]

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
