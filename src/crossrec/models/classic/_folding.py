"""Folding in: the vector that pairwise ranking would give a history, the items being fixed.

Over all pairs of an item h of the history and any item j, -ln σ(x) is at most λ(ξ) x² - x / 2 and a constant, with
λ(ξ) = tanh(ξ / 2) / 4ξ and equality at x = ±ξ. The minimum of the bound is that of a linear system, and the best ξ² is
then the mean of x²: solved in turn, a few times, they give the vector. With z_j the items' vectors less their mean on
the axes of their covariance E, and b_j their biases less their mean, the system is

    (E + l2 / 2λ + mean of z_h z_h') u = mean of (1 / 4λ - b_h) z_h - mean over all of b_j z_j.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from crossrec.core.arrays import Codes, Floats, Offsets, threads_for
from crossrec.models.classic._whitening import gram_of, product

__all__ = ["Axes", "axes_of", "fold_in", "parts_of"]

_ROUNDS, _STEPS, _CHUNK = 4, 12, 64
_ENOUGH, _NOTHING, _FLAT = np.float32(1e-10), 1e-9, 1e-3


class Axes(NamedTuple):
    """Items as histories are folded in.

    Args:
        items: Float32[I, D + 1], vectors less their mean on the axes of their covariance, and biases less their mean.
        spectrum: Float32[D], the covariance, which is diagonal there.
        tilt: Float32[D + 1], covariance of vectors and biases, and the variance of the biases.
    """

    items: Floats
    spectrum: Floats
    tilt: Floats


def axes_of(items: Floats, biases: Floats) -> Axes:
    """Centre and turn items; differences of scores stay what they were.

    Args:
        items: Float32[I, D].
        biases: Float32[I].
    """
    size = max(1, len(items))
    centred = (items - items.mean(axis=0, dtype=np.float64)).astype(np.float32)
    bias = (biases - biases.mean(dtype=np.float64)).astype(np.float32)
    spectrum, turn = np.linalg.eigh(gram_of(centred) / size)
    turned = product(centred, turn.astype(np.float32))
    tilt = np.append(np.einsum("i,id->d", bias, turned), np.einsum("i,i->", bias, bias)) / size
    whole = np.hstack([turned, bias[:, None]])
    return Axes(whole, np.maximum(spectrum, _NOTHING).astype(np.float32), tilt.astype(np.float32))


def fold_in(axes: Axes, indptr: Offsets, codes: Codes, l2: float) -> Floats:
    """Return the vector of each history, Float32[B, D + 1]: the last one is 1, to meet the bias.

    Args:
        axes: The items.
        indptr: Int64[B + 1].
        codes: Int32[nnz] items of each history.
        l2: Penalty of a vector in each pair, >= 0.
    """
    vectors = np.zeros((len(indptr) - 1, len(axes.tilt)), dtype=np.float32)
    vectors[:, -1] = 1
    work = 0 if len(vectors) == 1 else len(codes) * vectors.shape[1] ** 2
    with threads_for(work), numba.parallel_chunksize(_CHUNK):  # rows are skewed: who is done takes the next chunk
        _fold_rows(*axes, indptr, codes.astype(np.int32, copy=False), np.float32(l2), vectors)
    return vectors


def parts_of(axes: Axes, past: Codes, shown: Codes, l2: float) -> Floats:
    """Return what each item of one history adds to the scores of items, Float32[P, K].

    The system's right side is a sum over the history and a mean over all items, and so is its solution: what the mean
    and an item's bias make of a score is nobody's part.

    Args:
        axes: The items.
        past: Int32[P] items of the history, P >= 1.
        shown: Int32[K] scored items.
        l2: As it was folded in with.
    """
    size, count = len(axes.spectrum), len(past)
    vector = fold_in(axes, np.array([0, count]), past, l2)[0]
    width = np.sqrt(_mean_square(vector, *axes, past.astype(np.int32, copy=False)))
    bend = np.tanh(width / 2) / (4 * width) if width > _FLAT else 0.125
    mine, biases = axes.items[past, :size], axes.items[past, size]
    system = np.diag(axes.spectrum + l2 / (2 * bend)) + mine.T @ mine / count
    pulls = (0.25 / bend - biases) / count
    parts: Floats = (pulls[:, None] * (mine @ np.linalg.solve(system, axes.items[shown, :size].T))).astype(np.float32)
    return parts


@numba.njit(cache=True, parallel=True, nogil=True)
def _fold_rows(
    items: Floats, spectrum: Floats, tilt: Floats, indptr: Offsets, codes: Codes, l2: np.float32, vectors: Floats
) -> None:  # pragma: no cover - compiled
    size = len(spectrum)
    for row in numba.prange(len(indptr) - 1):
        mine = codes[indptr[row] : indptr[row + 1]]
        if len(mine) == 0:
            continue
        vector = vectors[row, :size]
        push, lean = np.zeros(size, np.float32), tilt[:size].copy()
        for code in mine:
            item = items[code]
            for k in range(size):
                push[k] += item[k] / len(mine)
                lean[k] += item[k] * item[size] / len(mine)
        bend = np.float32(0.125)
        for _ in range(_ROUNDS):
            right = push * (np.float32(0.25) / bend) - lean
            _solve_row(vector, items, spectrum + l2 / (np.float32(2) * bend), mine, right)
            width = np.sqrt(_mean_square(vectors[row], items, spectrum, tilt, mine))
            if width > _FLAT:
                bend = np.float32(np.tanh(width / 2) / (4 * width))


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _mean_square(
    vector: Floats, items: Floats, spectrum: Floats, tilt: Floats, mine: Codes
) -> float:  # pragma: no cover - compiled
    """Return the mean of x² over all pairs of an item of the history and any item."""
    size = len(spectrum)
    total = tilt[size]
    for k in range(size):
        total += vector[k] * (spectrum[k] * vector[k] + np.float32(2) * tilt[k])
    for code in mine:
        score = np.float32(0)
        for k in range(size + 1):
            score += vector[k] * items[code, k]
        total += score * score / len(mine)
    found: float = max(total, np.float32(0))
    return found


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _solve_row(
    vector: Floats, items: Floats, diagonal: Floats, mine: Codes, right: Floats
) -> None:  # pragma: no cover - compiled
    """Conjugate gradients on (diagonal + mean of zz') u = right from u as it is, preconditioned by the diagonal."""
    size = len(diagonal)
    left, way, image = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    _apply(vector, items, diagonal, mine, image)
    rest, whole = np.float32(0), np.float32(0)
    for k in range(size):
        left[k] = right[k] - image[k]
        way[k] = left[k] / diagonal[k]
        rest += left[k] * way[k]
        whole += right[k] * right[k] / diagonal[k]
    for _ in range(_STEPS):
        if rest <= _ENOUGH * whole:
            break
        _apply(way, items, diagonal, mine, image)
        along = np.float32(0)
        for k in range(size):
            along += way[k] * image[k]
        length, after = rest / along, np.float32(0)
        for k in range(size):
            vector[k] += length * way[k]
            left[k] -= length * image[k]
            after += left[k] * left[k] / diagonal[k]
        for k in range(size):
            way[k] = left[k] / diagonal[k] + after / rest * way[k]
        rest = after


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _apply(
    vector: Floats, items: Floats, diagonal: Floats, mine: Codes, out: Floats
) -> None:  # pragma: no cover - compiled
    size = len(diagonal)
    for k in range(size):
        out[k] = diagonal[k] * vector[k]
    for code in mine:
        item, score = items[code], np.float32(0)
        for k in range(size):
            score += item[k] * vector[k]
        score /= np.float32(len(mine))
        for k in range(size):
            out[k] += score * item[k]
