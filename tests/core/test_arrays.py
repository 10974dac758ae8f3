"""Places in a sparse matrix take four bytes where they can."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.core.arrays import narrow


@pytest.mark.parametrize(("largest", "kept"), [(2**31 - 1, np.int32), (2**31, np.int64)])
def test_places_are_narrowed_where_all_of_them_fit(largest: int, kept: type) -> None:
    found = narrow(np.array([0, largest]))
    assert found.dtype == kept and found.tolist() == [0, largest]


def test_none_fit_too_and_narrow_ones_are_not_copied() -> None:
    assert narrow(np.empty(0, np.int64)).dtype == np.int32
    places = np.arange(3, dtype=np.int32)
    assert narrow(places) is places
