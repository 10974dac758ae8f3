"""Scores that are products of vectors, multiplied out only as far as a list can reach.

Items are laid out in tiles, longest vectors first. By Cauchy and Schwarz no item of a tile scores above the length of
the query's vector times that of the tile's longest: once that is below the worst of the k best so far, the list is
whole. A tile is multiplied with two queries at a time and sifted while it is in the cache, so no table of scores is
held. Source: Teflioudi, Gemulla & Mykytiuk 2015, "LEMP: Fast retrieval of large entries in a matrix product", section
3; departs in the blocks of queries.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Codes, Doubles, Floats, Offsets, threads_for
from crossrec.core.recommendations import push, settle, sink, worse

__all__ = ["Bars", "Heaps", "Tiles", "best_of", "dense_scores", "tiles_of"]

_BLOCK, _TILE, _TOGETHER = 1_024, 512, 64
"""Items of a block of dense scores, items of a tile, and queries that share a tile while it is in the cache."""
_TINY = 1e-30
"""More than what underflow takes from a product."""


class Tiles(NamedTuple):
    """Items in tiles, by part and then from the longest vector to the shortest.

    Args:
        columns: Float32[T, D, W], a tile's vectors side by side.
        codes: Int32[T, W], -1 where a tile is not full.
        longest: Float64[T], length of its longest vector.
        firsts: Int64[K + 1], tiles of each part.
    """

    columns: Floats
    codes: Codes
    longest: Doubles
    firsts: Offsets


class Bars(NamedTuple):
    """What keeps an item out of a query's list.

    Args:
        seen_starts: Int64[B + 1].
        seen: Int32[nnz] codes that are left out.
        floor: Float32[B], a score no larger in size is never picked; below 0 picks any.
        labels: Int32[I], the block of each item; empty where there is one.
        own_starts: Int64[B + 1].
        own: Int32[…] blocks that are in reach of each query.
    """

    seen_starts: Offsets
    seen: Codes
    floor: Floats
    labels: Codes
    own_starts: Offsets
    own: Codes


class Heaps(NamedTuple):
    """The best of each query so far, the worst of them at the root.

    Args:
        items: Int32[B, K], -1 where there is none yet.
        scores: Float32[B, K].
        sizes: Int64[B].
    """

    items: Codes
    scores: Floats
    sizes: NDArray[np.int64]


def dense_scores(vectors: Floats, items: Floats, codes: Codes | None = None) -> Floats:
    """Return the products of query vectors and item vectors.

    Each cell adds its terms in one order, so it depends neither on the batch, nor on the candidates, nor on
    the threads; a BLAS product keeps none of the three.

    Args:
        vectors: Float32[B, D].
        items: Float32[I, D].
        codes: Int32[C] items to score; None is all.

    Returns:
        Float32[B, I], or [B, C].
    """
    chosen = items if codes is None else items[codes]
    out = np.empty((len(vectors), len(chosen)), dtype=np.float32)
    with threads_for(vectors.size * len(chosen)):
        _fill_products(np.ascontiguousarray(vectors, dtype=np.float32), np.ascontiguousarray(chosen.T), out)
    return out


def tiles_of(items: Floats, parts: list[Codes]) -> Tiles:
    """Lay items out in tiles.

    Args:
        items: Float32[I, D].
        parts: Codes of the items of each part; what is in none is in no list.
    """
    counts = [-(-len(part) // _TILE) for part in parts]
    firsts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    codes, lengths = np.full(firsts[-1] * _TILE, -1, dtype=np.int32), np.zeros(firsts[-1] * _TILE)
    for part, first in zip(parts, firsts.tolist(), strict=False):
        places = slice(first * _TILE, first * _TILE + len(part))
        own = lengths_of(items[part])
        order = np.argsort(-own, kind="stable")
        codes[places], lengths[places] = part[order], own[order]
    columns = items[codes].reshape(-1, _TILE, items.shape[1]).transpose(0, 2, 1)
    return Tiles(np.ascontiguousarray(columns), codes.reshape(-1, _TILE), lengths[::_TILE].copy(), firsts)


def lengths_of(vectors: Floats) -> Doubles:
    """Return Float64[N], the lengths of vectors; endless where one is not finite, so that no bound is below a score."""
    found = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    return np.where(np.isfinite(found), found, np.inf)


def best_of(vectors: Floats, tiles: Tiles, bars: Bars, k: int) -> tuple[Codes, Floats]:
    """Pick the k items with the largest products; of equal ones the lower code comes first.

    Each score has the bits that `dense_scores` gives it, and each list is the one that `top_k` makes of them.

    Args:
        vectors: Float32[K, B, D], the queries' vectors for the items of each part.
        tiles: Items.
        bars: What keeps items out.
        k: Length of the lists, >= 1.

    Returns:
        Int32[B, k] codes and Float32[B, k] scores, best first, padded with -1 and -inf.
    """
    shape = vectors.shape[1], k
    heaps = Heaps(np.full(shape, -1, np.int32), np.full(shape, -np.inf, np.float32), np.zeros(shape[0], np.int64))
    lengths = np.stack([lengths_of(part) for part in vectors])
    rounded = 1 + 4 * vectors.shape[2] * float(np.finfo(np.float32).eps)  # a sum of products ends a little beside
    shared = 0 if shape[0] <= _TOGETHER else vectors.size * tiles.codes.size
    # some lists are whole early: who is done takes the next block
    with threads_for(shared), numba.parallel_chunksize(1):
        _fill_lists(np.ascontiguousarray(vectors, dtype=np.float32), lengths, rounded, tiles, bars, heaps)
    return heaps.items, heaps.scores


@numba.njit(cache=True, parallel=True, nogil=True)
def _fill_lists(
    vectors: Floats, lengths: Doubles, rounded: float, tiles: Tiles, bars: Bars, heaps: Heaps
) -> None:  # pragma: no cover - compiled
    size, last = vectors.shape[1], tiles.codes.max() if tiles.codes.size else 0
    for block in numba.prange((size + _TOGETHER - 1) // _TOGETHER):
        start, stop = block * _TOGETHER, min(size, block * _TOGETHER + _TOGETHER)
        seen = np.zeros((stop - start, last // 8 + 1), np.uint8)  # a bit an item
        for row in range(start, stop):
            for code in bars.seen[bars.seen_starts[row] : bars.seen_starts[row + 1]]:
                if code <= last:
                    seen[row - start, code >> 3] |= np.uint8(1 << (code & 7))
        for part in range(vectors.shape[0]):
            _fill_block(start, seen, vectors[part], lengths[part], rounded, tiles, part, bars, heaps)
        for row in range(start, stop):
            settle(heaps.items[row], heaps.scores[row], heaps.sizes[row])


@numba.njit(cache=True, nogil=True)
def _fill_block(
    start: int,
    seen: NDArray[np.uint8],
    vectors: Floats,
    lengths: Doubles,
    rounded: float,
    tiles: Tiles,
    part: int,
    bars: Bars,
    heaps: Heaps,
) -> None:  # pragma: no cover - compiled
    """Take the tiles of a part in turn, each with the queries whose lists it can still change."""
    k, waiting = heaps.items.shape[1], np.arange(start, start + len(seen))
    upper, lower = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    for tile in range(tiles.firsts[part], tiles.firsts[part + 1]):
        left = 0
        for row in waiting:
            most = lengths[row] * tiles.longest[tile]
            full = heaps.sizes[row] == k
            if most <= bars.floor[row] or (full and most * rounded + _TINY < heaps.scores[row, 0]):
                continue
            waiting[left] = row
            left += 1
        waiting = waiting[:left]
        for at in range(0, left, 2):
            one, other = waiting[at], waiting[min(at + 1, left - 1)]
            _multiply_two(vectors[one], vectors[other], tiles.columns[tile], 0, upper, lower)
            _sift(one, upper, tiles.codes[tile], bars, seen[one - start], heaps)
            if other != one:
                _sift(other, lower, tiles.codes[tile], bars, seen[other - start], heaps)


@numba.njit(cache=True, nogil=True)
def _sift(
    row: int, line: Floats, codes: Codes, bars: Bars, seen: NDArray[np.uint8], heaps: Heaps
) -> None:  # pragma: no cover - compiled
    """Put what is good enough on a query's heap."""
    items, scores, size, k = heaps.items[row], heaps.scores[row], heaps.sizes[row], heaps.items.shape[1]
    least = scores[0] if size == k else np.float32(-np.inf)
    enough = np.int64(0)
    for place in range(len(line)):
        enough += np.int64(line[place] >= least)
    if enough == 0:
        return
    for place in range(len(line)):
        score, code = line[place], codes[place]
        if not score >= least or code < 0 or (size == k and not worse(scores[0], items[0], score, code)):
            continue
        if not score > -np.inf or abs(score) <= bars.floor[row] or (seen[code >> 3] >> (code & 7)) & 1:
            continue
        if len(bars.labels) and not _in_reach(row, code, bars):
            continue
        if size < k:
            push(items, scores, size, code, score)
            size += 1
        else:
            sink(items, scores, k, code, score)
        least = scores[0] if size == k else np.float32(-np.inf)
    heaps.sizes[row] = size


@numba.njit(cache=True, nogil=True)
def _in_reach(row: int, code: int, bars: Bars) -> bool:  # pragma: no cover - compiled
    """Is an item of a block that a query has items of?"""
    for label in bars.own[bars.own_starts[row] : bars.own_starts[row + 1]]:  # noqa: SIM110 - compiled
        if label == bars.labels[code]:
            return True
    return False


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _multiply_two(
    one: Floats, other: Floats, columns: Floats, start: int, upper: Floats, lower: Floats
) -> None:  # pragma: no cover - compiled
    """Fill two rows with the products of two queries and the items from `start` on.

    Four dimensions share what is loaded and stored; the terms of a cell are added in the order of dimensions still.
    """
    dimensions, size = len(columns), len(upper)
    fours, stop = dimensions // 4 * 4, start + size
    upper[:], lower[:] = 0, 0
    for at in range(0, fours, 4):
        a, b, c, d = one[at], one[at + 1], one[at + 2], one[at + 3]
        e, f, g, h = other[at], other[at + 1], other[at + 2], other[at + 3]
        first, second = columns[at, start:stop], columns[at + 1, start:stop]
        third, fourth = columns[at + 2, start:stop], columns[at + 3, start:stop]
        for place in range(size):
            p, q, r, s = first[place], second[place], third[place], fourth[place]
            upper[place] = (((upper[place] + a * p) + b * q) + c * r) + d * s
            lower[place] = (((lower[place] + e * p) + f * q) + g * r) + h * s
    for at in range(fours, dimensions):
        weight, more, terms = one[at], other[at], columns[at, start:stop]
        for place in range(size):
            upper[place] += weight * terms[place]
            lower[place] += more * terms[place]


@numba.njit(cache=True, parallel=True, nogil=True)
def _fill_products(vectors: Floats, columns: Floats, out: Floats) -> None:  # pragma: no cover - compiled
    """Fill `out` with vectors @ columns, a block of items and two rows a turn."""
    size, rows = columns.shape[1], len(vectors)
    for block in numba.prange((size + _BLOCK - 1) // _BLOCK):
        start, stop = block * _BLOCK, min(size, block * _BLOCK + _BLOCK)
        spare = np.empty(stop - start, np.float32)
        for row in range(0, rows - 1, 2):
            upper, lower = out[row, start:stop], out[row + 1, start:stop]
            _multiply_two(vectors[row], vectors[row + 1], columns, start, upper, lower)
        if rows % 2:
            _multiply_two(vectors[rows - 1], vectors[rows - 1], columns, start, out[rows - 1, start:stop], spare)
