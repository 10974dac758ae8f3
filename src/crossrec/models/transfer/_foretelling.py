"""What a text foretells: a ridge from text vectors to the vectors that persons gave the items."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Floats

__all__ = ["Foretelling", "foretelling"]

_PENALTIES = 10.0 ** np.arange(-2, 4.5, 0.5)
_HALF = 10.0
"""An item that so many persons had counts half of one that everybody had."""


class Foretelling(NamedTuple):
    """A linear map with a constant.

    Args:
        weights: Float32[F, D].
        constant: Float32[D].
        penalty: The ridge penalty that was chosen.
        told: Share of the vectors' spread that is foretold for an item that is left out, in (0, 1].
    """

    weights: Floats
    constant: Floats
    penalty: float
    told: float

    def __call__(self, texts: Floats) -> Floats:
        """Return Float32[N, D], the vectors foretold for text vectors [N, F]."""
        found: Floats = np.einsum("nf,fd->nd", texts, self.weights) + self.constant
        return found


def foretelling(texts: Floats, vectors: Floats, counts: NDArray[np.integer]) -> Foretelling | None:
    """Fit the ridge, its penalty chosen by the error on each item when it is left out.

    Returns:
        None where there are too few items, or no penalty foretells a left-out item better than the mean does.

    Args:
        texts: Float32[N, F] of items that have text.
        vectors: Float32[N, D] that persons gave them.
        counts: [N] how many persons had each: what few had is known less well and counts less.

    The errors of all left-out items come from one fit: residual / (1 - leverage). Source: Golub, Heath & Wahba 1979.
    """
    if len(texts) < 2 or texts.shape[1] == 0:
        return None
    trust = counts / (counts + _HALF)
    x, y = texts.astype(np.float64), vectors.astype(np.float64)
    share = trust / max(float(trust.sum()), 1e-12)
    mean_x, mean_y = share @ x, share @ y
    x, y = x - mean_x, y - mean_y
    spread = float(trust @ np.einsum("nd,nd->n", y, y))
    values, basis = np.linalg.eigh(np.einsum("nf,ng->fg", x * trust[:, None], x))
    turned = np.einsum("nf,fg->ng", x, basis)
    pulled = np.einsum("nf,nd->fd", turned * trust[:, None], y)
    errors = []
    for penalty in _PENALTIES:
        leverage = trust * np.einsum("nf,nf->n", turned, turned / (values + penalty)) + share
        left = y - np.einsum("nf,fd->nd", turned, pulled / (values + penalty)[:, None])
        errors.append(float(trust @ (np.einsum("nd,nd->n", left, left) / np.maximum(1 - leverage, 1e-6) ** 2)))
    best = int(np.argmin(errors))
    told = 1 - errors[best] / max(spread, 1e-12)
    if told <= 0:
        return None
    weights = np.einsum("fg,gd->fd", basis, pulled / (values + _PENALTIES[best])[:, None])
    constant = mean_y - mean_x @ weights
    return Foretelling(weights.astype(np.float32), constant.astype(np.float32), float(_PENALTIES[best]), told)
