from __future__ import annotations

import numba
import pytest

from crossrec.core.errors import InvalidInput, OutOfBudget
from crossrec.models import machine


def test_work_that_fits_is_let_through_and_other_is_refused_with_both_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_bytes", lambda: 2_000_000_000)
    machine.require_memory(2e9, "the work")
    with pytest.raises(OutOfBudget, match=r"the work needs about 3\.5 GB of memory and 2\.0 GB are free"):
        machine.require_memory(3.5e9, "the work")


def test_where_the_system_does_not_say_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_bytes", lambda: None)
    machine.require_memory(1e18, "the work")


def test_available_bytes_are_plausible() -> None:
    free = machine.available_bytes()
    assert free is None or 10**6 < free < 10**14


def test_threads_are_set_and_too_many_are_refused() -> None:
    before = numba.get_num_threads()
    try:
        machine.use_threads(1)
        assert numba.get_num_threads() == 1
        machine.use_threads(0)
        assert numba.get_num_threads() >= before
        with pytest.raises(InvalidInput, match="threads: expected"):
            machine.use_threads(10_000)
    finally:
        numba.set_num_threads(before)
