from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.data.coded.words import same


def bytes_of(text: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(text, dtype=np.uint8).copy()


@given(
    st.binary(max_size=40),
    st.binary(max_size=9),
    st.binary(max_size=9),
    st.integers(0, 39),
    st.sampled_from([0, 1, 128]),
)
@settings(deadline=None)
def test_bytes_are_the_same_wherever_they_begin_and_one_that_differs_is_found(
    text: bytes, before: bytes, behind: bytes, place: int, change: int
) -> None:
    changed = bytearray(text)
    if place < len(text):
        changed[place] ^= change
    one, other = bytes_of(before + text), bytes_of(behind + bytes(changed) + before)
    assert same(one, len(before), other, len(behind), len(text)) == (text == bytes(changed))
