"""Recommendations, and top_k(): the one way scores become lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba
import numpy as np
import polars as pl

from crossrec.core.arrays import Bools, Bytes, Codes, Floats, Offsets, threads_for
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import InvalidInput
from crossrec.core.vocabulary import Id

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Recommendations", "Scores", "check_k", "push", "settle", "sink", "top_k", "worse"]


@dataclass(frozen=True, eq=False)
class Scores:
    """What a model thinks of items, higher is better.

    Args:
        values: Float32[B, I], finite; with candidates, their columns in their order.
        opinion: Bool[B], false where the model knows nothing about the asker and says so.
        floor: Float32[B] >= 0: a score no larger in size says nothing about its item, which is then in no list;
            None where every score counts.
    """

    values: Floats
    opinion: Bools
    floor: Floats | None = None

    @classmethod
    def above(cls, values: Floats, known: Bools, floor: Floats | None = None) -> Scores:
        """Build the scores of a model to which a score of about 0 is no opinion.

        Args:
            values: Float32[B, I].
            known: Bool[B], is there a history to tell from?
            floor: Float32[B]; None is 0: what is not related to the history scores 0 exactly.
        """
        least = np.zeros(len(values), dtype=np.float32) if floor is None else floor
        said = _says_something(np.ascontiguousarray(values, dtype=np.float32), np.asarray(least, dtype=np.float32))
        return cls(values, known & said, least)

    def best(
        self, k: int, *, seen: tuple[Offsets, Codes] | None = None, allowed: Bools | None = None
    ) -> tuple[Codes, Floats]:
        """Pick the k best items of each row by `top_k`; the list of whoever gets no opinion stays empty."""
        items, scores = top_k(self.values, k, seen=seen, allowed=allowed, floor=self.floor)
        items[~self.opinion], scores[~self.opinion] = -1, -np.inf
        return items, scores


@dataclass(frozen=True, eq=False)
class Recommendations:
    """B lists of at most K items, best first.

    Args:
        items: Int32[B, K] codes in `catalogue`, -1 behind the end of a short list.
        scores: Float32[B, K], -inf behind the end.
        catalogue: What the codes mean.
        opinion: Bool[B], false where the model had no opinion (the list is empty).
        rows: Who or what each list is for: B ids, None for each unknown.
        sources: Which model answered, one name a list; empty where there is only one.
        origins: Int8[B, K] place in `names` of the model each item is from, where a chain of models filled up short
            lists; then scores fall within each model's part of a list and not from one part to the next.
        names: The models of the chain.
    """

    items: Codes
    scores: Floats
    catalogue: Catalogue
    opinion: Bools
    rows: tuple[Id | None, ...]
    sources: tuple[str, ...] = ()
    origins: Bytes | None = None
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[list[Id]]:
        return iter(self.ids())

    def __getitem__(self, row: int) -> list[tuple[Id, float]]:
        """Return one list as (item, score) pairs, best first."""
        count = int((self.items[row] >= 0).sum())
        ids = self.catalogue.ids.decode(self.items[row, :count])
        return list(zip(ids, self.scores[row, :count].tolist(), strict=True))

    def __repr__(self) -> str:
        return f"Recommendations({len(self)} lists)\n{self.to_polars()}"

    def item_sources(self, row: int) -> list[str]:
        """Name the model that each item of one list is from; empty where there is only one model."""
        count = int((self.items[row] >= 0).sum())
        if self.origins is not None:
            return [self.names[place] for place in self.origins[row, :count].tolist()]
        return [self.sources[row]] * count if self.sources else []

    def ids(self) -> list[list[Id]]:
        """Return the lists of item ids, as the user wrote them."""
        flat = self.catalogue.ids.decode(np.maximum(self.items, 0).ravel())
        width, lengths = self.items.shape[1], (self.items >= 0).sum(axis=1).tolist()
        return [flat[row * width : row * width + length] for row, length in enumerate(lengths)]

    def to_polars(self) -> pl.DataFrame:
        """Return a frame of user_id, item_id, score and rank (from 1), one item a row."""
        row, place = np.nonzero(self.items >= 0)
        users = pl.Series("user_id", list(self.rows), strict=False)
        return pl.DataFrame(
            {
                "user_id": users.gather(row),
                "item_id": self.catalogue.ids.series.gather(self.items[row, place]),
                "score": self.scores[row, place],
                "rank": (place + 1).astype(np.int32),
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the same frame for pandas, which must be installed."""
        import pandas as pd

        return pd.DataFrame({column.name: column.to_list() for column in self.to_polars()})


def check_k(k: int) -> int:
    """Return k, or refuse it.

    Raises:
        InvalidInput: k is no whole number, or k < 1.
    """
    if isinstance(k, (bool, np.bool_)) or not isinstance(k, (int, np.integer)):
        raise InvalidInput(f"k: expected a whole number >= 1, got {k!r}")
    if k < 1:
        raise InvalidInput(f"k: expected k >= 1, got {k}")
    return int(k)


def top_k(
    values: Floats,
    k: int,
    *,
    seen: tuple[Offsets, Codes] | None = None,
    allowed: Bools | None = None,
    floor: Floats | None = None,
) -> tuple[Codes, Floats]:
    """Pick the k best columns of each row; of equal scores the lower code comes first.

    Args:
        values: Float32[B, I] scores; NaN and -inf are never picked.
        k: Length of the lists, >= 1; beyond I they have the length I.
        seen: Columns to leave out of each row, as CSR: Int64[B + 1] and codes sorted within a row.
        allowed: Bool[I], the columns that may be picked; None is all.
        floor: Float32[B], a score no larger in size is never picked; None picks any.

    Returns:
        Int32[B, K] codes and Float32[B, K] scores, best first, padded with -1 and -inf; K = min(k, I).

    Raises:
        InvalidInput: k is no whole number, or k < 1.

    >>> top_k(np.array([[1, 3, 3, 2]], dtype=np.float32), k=2)[0]
    array([[1, 2]], dtype=int32)
    """
    k = min(check_k(k), values.shape[1])
    batch = len(values)
    indptr, codes = seen if seen is not None else (np.zeros(batch + 1, np.int64), np.empty(0, np.int32))
    mask = np.ones(values.shape[1], dtype=np.bool_) if allowed is None else np.ascontiguousarray(allowed)
    items = np.full((batch, k), -1, dtype=np.int32)
    scores = np.full((batch, k), -np.inf, dtype=np.float32)
    least = np.full(batch, -1, np.float32) if floor is None else np.ascontiguousarray(floor, dtype=np.float32)
    with threads_for(0 if batch == 1 else values.size):
        _fill_top_k(np.ascontiguousarray(values, dtype=np.float32), mask, indptr, codes, least, items, scores)
    return items, scores


@numba.njit(cache=True, nogil=True)
def _says_something(values: Floats, least: Floats) -> Bools:  # pragma: no cover - compiled
    """Return Bool[B]: has a row a score larger in size than the least that says something?"""
    found = np.zeros(len(values), dtype=np.bool_)
    for row in range(len(values)):
        for score in values[row]:
            if abs(score) > least[row]:
                found[row] = True
                break
    return found


@numba.njit(cache=True, parallel=True, nogil=True)
def _fill_top_k(
    values: Floats, allowed: Bools, indptr: Offsets, seen: Codes, floor: Floats, items: Codes, scores: Floats
) -> None:  # pragma: no cover - compiled
    """Scan each row once with a heap of k."""
    k = items.shape[1]
    for row in numba.prange(values.shape[0]):
        heap_items, heap_scores = items[row], scores[row]
        size = 0
        at, end = indptr[row], indptr[row + 1]
        for code in range(values.shape[1]):
            score = values[row, code]
            # Codes come in rising order, so an equal score never displaces: the lower code stays.
            if not score > heap_scores[0] and (size == k or not score > -np.inf):
                continue
            while at < end and seen[at] < code:
                at += 1
            if not allowed[code] or (at < end and seen[at] == code) or abs(score) <= floor[row]:
                continue
            if size < k:
                push(heap_items, heap_scores, size, code, score)
                size += 1
            else:
                sink(heap_items, heap_scores, k, code, score)
        settle(heap_items, heap_scores, size)


@numba.njit(cache=True, inline="always")
def worse(score: float, code: int, other_score: float, other_code: int) -> bool:  # pragma: no cover - compiled
    """Does the first stand behind the second in a list?"""
    return score < other_score or (score == other_score and code > other_code)


@numba.njit(cache=True)
def push(items: Codes, scores: Floats, place: int, code: int, score: float) -> None:  # pragma: no cover - compiled
    """Add to a heap whose root is the worst."""
    while place > 0:
        parent = (place - 1) // 2
        if not worse(score, code, scores[parent], items[parent]):
            break
        items[place], scores[place] = items[parent], scores[parent]
        place = parent
    items[place], scores[place] = code, score


@numba.njit(cache=True)
def sink(items: Codes, scores: Floats, size: int, code: int, score: float) -> None:  # pragma: no cover - compiled
    """Put a new element in the place of the root of a heap of `size`."""
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and worse(scores[child + 1], items[child + 1], scores[child], items[child]):
            child += 1
        if not worse(scores[child], items[child], score, code):
            break
        items[place], scores[place] = items[child], scores[child]
        place = child
    items[place], scores[place] = code, score


@numba.njit(cache=True)
def settle(items: Codes, scores: Floats, size: int) -> None:  # pragma: no cover - compiled
    """Empty a heap of `size` in its place, from its worst to its best: the best comes first."""
    for last in range(size - 1, 0, -1):
        item, score = items[last], scores[last]
        items[last], scores[last] = items[0], scores[0]
        sink(items, scores, last, item, score)
