"""Eight bytes of a text as one number, wherever they begin: what compiled loops cannot say in Python.

The compiler's cache asks when the files of its callers changed, not this one: whoever changes it empties the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["WORD", "same", "word"]

WORD = 8
"""Bytes of a word."""


def _word(_typing: Any, text: Any, _place: Any) -> Any:
    """Load eight bytes that need not be aligned."""

    def generated(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        start = builder.gep(array.data, [given[1]])
        eight = context.get_value_type(signature.return_type).as_pointer()
        return builder.load(builder.bitcast(start, eight), align=1)

    return types.uint64(text, types.int64), generated


word: Callable[[NDArray[np.uint8], int], np.uint64] = cast(Any, intrinsic(_word))
"""Returns the eight bytes of a text from a place on, the first the lowest; all of them must be in it."""


@numba.njit(forceinline=True)
def same(text: NDArray[np.uint8], start: int, other: NDArray[np.uint8], begin: int, length: int) -> bool:
    """Are so many bytes of two texts the same? Eight are compared at a time, the last eight with some before them."""
    if length < WORD:
        place = 0
        while place < length and text[start + place] == other[begin + place]:
            place += 1
        return place == length
    for place in range(0, length - WORD, WORD):
        if word(text, start + place) != word(other, begin + place):
            return False
    last = length - WORD
    return bool(word(text, start + last) == word(other, begin + last))
