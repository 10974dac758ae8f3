"""Places in a sparse matrix take four bytes where they can; little work takes one thread."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from crossrec.core.arrays import narrow, threads_for


@pytest.mark.parametrize(("largest", "kept"), [(2**31 - 1, np.int32), (2**31, np.int64)])
def test_places_are_narrowed_where_all_of_them_fit(largest: int, kept: type) -> None:
    found = narrow(np.array([0, largest]))
    assert found.dtype == kept and found.tolist() == [0, largest]


def test_none_fit_too_and_narrow_ones_are_not_copied() -> None:
    assert narrow(np.empty(0, np.int64)).dtype == np.int32
    places = np.arange(3, dtype=np.int32)
    assert narrow(places) is places


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="there is one thread")
@pytest.mark.parametrize(("work", "threads"), [(0, 1), (499_999, 1), (500_000, 2)])
def test_little_work_is_done_on_one_thread(work: int, threads: int) -> None:
    before = numba.get_num_threads()
    numba.set_num_threads(2)
    try:
        with threads_for(work):
            assert numba.get_num_threads() == threads
        assert numba.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), threads_for(work):
            raise ZeroDivisionError
        assert numba.get_num_threads() == 2, "what fails leaves the threads as they were"
    finally:
        numba.set_num_threads(before)
