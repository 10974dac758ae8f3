from __future__ import annotations

from collections.abc import Iterator

import pytest

from crossrec.data.intake.unpacking import ahead


def numbers(fail_at: int) -> Iterator[int]:
    yield from range(fail_at)
    raise EOFError("cut")


@pytest.mark.parametrize("most", [1, 3, 20])
def test_all_come_in_their_order(most: int) -> None:
    assert list(ahead(iter(range(10)), most)) == list(range(10))


@pytest.mark.parametrize("most", [1, 3, 20])
def test_all_that_is_readable_comes_before_a_cut(most: int) -> None:
    found = []
    with pytest.raises(EOFError):
        for number in ahead(numbers(5), most):
            found.append(number)  # noqa: PERF402
    assert found == list(range(5))
