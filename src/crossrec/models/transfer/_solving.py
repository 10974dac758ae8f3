"""Factors of implicit feedback for models that join domains: item vectors, and histories solved on them."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from crossrec.core.arrays import Floats
from crossrec.core.errors import InvalidInput
from crossrec.models.classic._gradients import Rows, half_sweep, solve_rows, vectors_at_random
from crossrec.models.classic._whitening import whiten
from crossrec.models.progress import tracked

__all__ = ["check_factors", "solved", "whitened_items"]

_CG_STEPS = 2
"""Of each row in a sweep; in the whitened basis two reach the loss of the usual three."""


def whitened_items(told: sp.csr_array, factors: int, epochs: int, *, l2: float, seed: int) -> Floats:
    """Factorise a matrix of confidences and return the items' vectors in the space where queries are solved.

    Args:
        told: [U, I] CSR of confidence above 1.
        factors: D.
        epochs: Sweeps over users and items.
        l2: Ridge penalty, > 0.
        seed: Of the vectors at the start.

    Returns:
        Float32[I, D]; zero for an item that nobody had.

    Source: Hu, Koren & Volinsky 2008, as in `crossrec.models.classic.als`.
    """
    by_user, by_item = Rows.of(told), Rows.of(sp.csr_array(told.T.tocsr()))
    users = vectors_at_random(told.shape[0], factors, seed)
    items = vectors_at_random(told.shape[1], factors, seed + 1)
    for _ in tracked("epochs", range(epochs)):
        users = half_sweep(users, items, by_user, l2=l2, steps=_CG_STEPS)
        items = half_sweep(items, users, by_item, l2=l2, steps=_CG_STEPS)
    return whiten(items, l2).vectors


def solved(told: sp.csr_array, whitened: Floats) -> Floats:
    """Return each history's vector, Float32[B, D], solved to the end; zero for an empty one.

    Args:
        told: [B, I] CSR of confidence above 1.
        whitened: Float32[I, D], see `whitened_items`.
    """
    vectors = np.zeros((told.shape[0], whitened.shape[1]), dtype=np.float32)
    solve_rows(vectors, whitened, Rows.of(told), steps=2 * whitened.shape[1])
    return vectors


def check_factors(name: str, factors: int, epochs: int, l2: float, alpha: float) -> None:
    """Refuse settings of a factorisation that are out of range.

    Raises:
        InvalidInput: One is.
    """
    if min(factors, epochs) < 1 or not l2 > 0 or not alpha > 0:
        raise InvalidInput(
            f"{name}: expected factors and epochs >= 1, l2 and alpha > 0, got {factors}, {epochs}, {l2}, {alpha}"
        )
