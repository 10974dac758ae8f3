"""Compiled loops that put what parts of a blend say on one scale, and add it up."""

from __future__ import annotations

import numba
import numpy as np

from crossrec.core.arrays import Bools, Floats

__all__ = ["add_up", "on_one_scale", "weigh"]


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def on_one_scale(values: Floats, found: Floats) -> None:  # pragma: no cover - compiled
    """Subtract the mean and divide by the spread.

    Args:
        values: Float32[I].
        found: Float32[I] of zeros, which stay where all values are about the same.
    """
    size, total, square, bits, largest = max(1, len(values)), 0.0, 0.0, values.view(np.uint32), np.uint32(0)
    for code in range(len(values)):
        total += values[code]
        bit = np.uint32(bits[code] & np.uint32(0x7FFFFFFF))  # bits of sizes rank like sizes, many at once
        largest = bit if bit > largest else largest
    mean = np.float32(total / size)
    for code in range(len(values)):
        square += np.float64(values[code] - mean) ** 2
    spread = np.float32(np.sqrt(square / size))
    if spread > np.float32(1e-6) * np.array([largest]).view(np.float32)[0]:
        for code in range(len(values)):
            found[code] = (values[code] - mean) / spread


@numba.njit(cache=True, nogil=True)
def add_up(
    control: Floats, transfer: Floats, floor: Floats, weights: Floats, found: Floats
) -> None:  # pragma: no cover - compiled
    """Fill in Float32[I], the sum of what parts say by Float32[3], their weights."""
    of_control, of_transfer, of_floor = weights[0], weights[1], weights[2]
    for code in range(len(found)):
        found[code] = of_control * control[code] + of_transfer * transfer[code] + of_floor * floor[code]


@numba.njit(cache=True, parallel=True, nogil=True)
def weigh(
    control: Floats, alone: Bools, transfer: Floats, across: Bools, floor: Floats, weights: Floats, found: Floats
) -> None:  # pragma: no cover - compiled
    """Fill in the sums of B rows.

    Args:
        control: Float32[B, I], what the control says; of rows that it says nothing of any.
        alone: Bool[B], does it say anything?
        transfer: Float32[B, I], likewise.
        across: Bool[B], likewise.
        floor: Float32[I], on one scale already.
        weights: Float32[B, 3].
        found: Float32[B, I].
    """
    for row in numba.prange(len(found)):
        said = np.zeros((2, len(floor)), np.float32)
        if alone[row] and weights[row, 0] > 0:
            on_one_scale(control[row], said[0])
        if across[row] and weights[row, 1] > 0:
            on_one_scale(transfer[row], said[1])
        add_up(said[0], said[1], floor, weights[row], found[row])
