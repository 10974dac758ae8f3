"""Mappings from the vectors of one domain to those of another: a matrix, or a network with one hidden layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from crossrec.core.arrays import Doubles, Floats
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.models.classic._whitening import product
from crossrec.models.transfer._bridge import Shared

__all__ = ["Hidden", "Mapped", "linear_map", "mlp_map", "unit_of"]

_STEPS = 200


class Hidden(NamedTuple):
    """A network y = tanh([x, 1] A) B with a bias in the last row of each.

    Args:
        first: Float32[D + 1, H].
        second: Float32[H + 1, D].
    """

    first: Floats
    second: Floats

    def __call__(self, vectors: Floats) -> Floats:
        """Return Float32[B, D], the vectors mapped."""
        return self.out(self.inside(vectors))

    def inside(self, vectors: Floats) -> Floats:
        """Return Float32[B, H], the hidden layer."""
        found: Floats = np.tanh(product(vectors, self.first[:-1]) + self.first[-1])
        return found

    def out(self, inside: Floats) -> Floats:
        """Return Float32[B, D] of a hidden layer."""
        found: Floats = product(inside, self.second[:-1]) + self.second[-1]
        return found


class Mapped:
    """Carries vectors over by one mapping for each ordered pair of K domains: a matrix, or a network.

    The half that `emcdr` and `rated_emcdr` share, each with the vectors that its own `factorised` gives.
    """

    mapping: str
    ridge: float
    seed: int
    hidden_: Floats
    maps_: Floats

    if TYPE_CHECKING:

        def factorised(self, train: Interactions) -> Iterator[Shared]:
            """Give the persons of each ordered pair of domains; see `Bridge` and `RatedBridge`."""
            ...

    def learn_maps(self, train: Interactions, size: int) -> None:
        """Learn the mappings from the persons in two domains, Float32[K, K, …] of matrices or of both layers.

        Args:
            train: What is factorised.
            size: D, of the vectors.

        Raises:
            InvalidInput: A setting is out of its range.
        """
        if not self.ridge > 0 or self.mapping not in ("linear", "mlp"):
            raise InvalidInput(
                f"{type(self).__name__}: expected ridge > 0 and mapping linear or mlp, got {self.ridge}, {self.mapping}"
            )
        found = {(pair.source, pair.target): self._learned(pair) for pair in self.factorised(train)}
        domains = len(train.catalogue.domain_ids)
        inside, outside = (size, 0) if self.mapping == "linear" else (2 * size + 1, size + 1)
        self.hidden_ = np.zeros((domains, domains, outside, 2 * size), dtype=np.float32)
        self.maps_ = np.zeros((domains, domains, inside, size), dtype=np.float32)
        for at, layers in found.items():
            self.hidden_[at], self.maps_[at] = layers

    def carried(self, cells: sp.csr_array, vectors: Floats, source: int, target: int) -> Floats:  # noqa: ARG002
        """Return the mapped vectors, Float32[B, D]; see `Bridge` and `RatedBridge`."""
        layers = Hidden(self.hidden_[source, target], self.maps_[source, target])
        if self.mapping == "mlp":
            return layers(vectors)
        found: Floats = np.einsum("bd,de->be", vectors, layers.second)
        return found

    def _learned(self, pair: Shared) -> Hidden:
        """Return the layers of a network, or a matrix behind no hidden layer."""
        if self.mapping == "mlp":
            return mlp_map(pair.vectors, pair.wanted, self.ridge, seed=self.seed)
        size = pair.vectors.shape[1]
        return Hidden(np.zeros((0, 2 * size), dtype=np.float32), linear_map(pair.vectors, pair.wanted, self.ridge))


def linear_map(source: Floats, target: Floats, ridge: float) -> Floats:
    """Return Float32[D, E], the ridge regression of target vectors on source vectors; zero where nobody has both.

    Args:
        source: Float32[N, D].
        target: Float32[N, E].
        ridge: Penalty, as a share of the mean squared length of the source vectors' dimensions, > 0.
    """
    size = source.shape[1]
    if len(source) == 0:
        return np.zeros((size, target.shape[1]), dtype=np.float32)
    x, y = source.astype(np.float64), target.astype(np.float64)
    system = np.einsum("nd,ne->de", x, x)
    system[np.diag_indices(size)] += max(ridge * float(np.trace(system)) / size, 1e-9)
    found: Floats = np.linalg.solve(system, np.einsum("nd,ne->de", x, y)).astype(np.float32)
    return found


def mlp_map(source: Floats, target: Floats, ridge: float, *, seed: int) -> Hidden:
    """Fit a network with 2 D hidden units by L-BFGS; all of its weights are zero where nobody has both vectors.

    The mean squared error of a person is lowered, with vectors scaled so that a dimension's mean square is 1, plus
    ridge times the squared weights (not the biases).

    Args:
        source: Float32[N, D].
        target: Float32[N, E].
        ridge: Penalty, > 0.
        seed: Fixes the weights at the start.

    Source: Man et al. 2017, section 4.2: one hidden layer of 2 D units, tanh. Departs in L-BFGS on everybody at once
    in place of stochastic steps, and in the penalty.
    """
    size, width, ends = source.shape[1], 2 * source.shape[1], target.shape[1]
    shapes = (size + 1, width), (width + 1, ends)
    if len(source) == 0:
        return Hidden(*(np.zeros(shape, dtype=np.float32) for shape in shapes))
    in_unit, out_unit = unit_of(source), unit_of(target)
    x, y = source / in_unit, target / out_unit
    chance, cut = random(seed), (size + 1) * width

    def split(flat: Doubles) -> Hidden:
        both = flat.astype(np.float32)
        return Hidden(both[:cut].reshape(shapes[0]), both[cut:].reshape(shapes[1]))

    def value(flat: Doubles) -> tuple[float, Doubles]:
        loss, first, second = _slopes(split(flat), x, y)
        kept = flat * weighed
        return loss + ridge * float(kept @ flat), np.concatenate([first.ravel(), second.ravel()]) + 2 * ridge * kept

    start = [chance.normal(0.0, 1 / np.sqrt(shape[0]), shape) for shape in shapes]
    weighed = np.concatenate([_but_last(shape).ravel() for shape in shapes])
    begin = np.concatenate([part.ravel() for part in start]) * weighed
    found = split(minimize(value, begin, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x)
    first, second = found.first.copy(), found.second * out_unit
    first[:-1] /= in_unit
    return Hidden(first, second)


def _slopes(network: Hidden, x: Floats, y: Floats) -> tuple[float, Floats, Floats]:
    """Return the mean squared error of a person, and its gradients by both layers."""
    inside = network.inside(x)
    errors = network.out(inside) - y
    loss = float(np.einsum("nd,nd->", errors, errors, dtype=np.float64)) / len(x)
    errors *= np.float32(2 / len(x))
    back = product(errors, network.second[:-1].T) * (1 - inside * inside)
    first = np.vstack([product(np.ascontiguousarray(x.T), back), back.sum(axis=0)])
    second = np.vstack([product(np.ascontiguousarray(inside.T), errors), errors.sum(axis=0)])
    return loss, first, second


def unit_of(vectors: Floats) -> np.float32:
    """Return the root of the mean square of a dimension; 1 where all are zero."""
    return np.float32(np.sqrt(np.mean(vectors.astype(np.float64) ** 2)) or 1.0)


def _but_last(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return ones with a last row of zeros."""
    found = np.ones(shape)
    found[-1] = 0
    return found
