"""Events: what an id may be, and which kinds there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.core.event import KIND_CODES, KINDS, MAX_ID_BYTES, NO_TIME, check_id, check_kind


def test_codes_of_kinds_never_move() -> None:
    """Codes are in files: a new kind goes to the end."""
    assert KINDS[:8] == ("view", "click", "add_to_cart", "purchase", "rate", "share", "like", "save")
    assert KINDS[8:14] == ("play", "comment", "follow", "review", "return", "shown")
    assert list(KIND_CODES.values()) == list(range(len(KINDS))) and len(KINDS) < 128
    assert NO_TIME == -(2**63)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=100))
def test_any_printable_id_is_taken_as_it_is(value: str) -> None:
    assert check_id("user_id", value) == value


@pytest.mark.parametrize(
    "value", ["", "a\nb", "a\tb", "\x00", "a\x7f", "x" * (MAX_ID_BYTES + 1), "é" * 257, "x" * 10_000]
)
def test_what_is_no_id_is_refused_by_name(value: str) -> None:
    with pytest.raises(InvalidInput, match=r"^user_id: expected"):
        check_id("user_id", value)


def test_the_longest_id_is_taken() -> None:
    assert check_id("item_id", "x" * MAX_ID_BYTES) and check_id("item_id", "é" * 256)


def test_kinds_are_checked_with_the_nearest() -> None:
    assert [check_kind(kind) for kind in KINDS] == list(KINDS)
    with pytest.raises(InvalidInput, match="did you mean 'purchase'"):
        check_kind("purchases")
    with pytest.raises(InvalidInput, match="expected one of view, click"):
        check_kind("x" * 5_000)
