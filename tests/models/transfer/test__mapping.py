"""Mappings: the ridge regression in closed form, and a network that bends where a matrix cannot."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.models.transfer._mapping import Hidden, _slopes, linear_map, mlp_map


def test_the_linear_map_is_the_ridge_regression() -> None:
    chance = np.random.default_rng(0)
    source = chance.normal(size=(50, 3)).astype(np.float32)
    true = chance.normal(size=(3, 3))
    found = linear_map(source, (source @ true).astype(np.float32), ridge=1e-6)
    np.testing.assert_allclose(found, true, atol=1e-3)


def test_the_gradients_are_those_of_the_loss() -> None:
    chance = np.random.default_rng(1)
    x, y = (chance.normal(size=(6, 2)).astype(np.float32) for _ in range(2))

    def network(flat: np.ndarray) -> Hidden:
        part = flat.astype(np.float32)
        return Hidden(part[:12].reshape(3, 4), part[12:].reshape(5, 2))

    def loss(flat: np.ndarray) -> float:
        return _slopes(network(flat), x, y)[0]

    def slopes(flat: np.ndarray) -> np.ndarray:
        return np.concatenate([part.ravel() for part in _slopes(network(flat), x, y)[1:]]).astype(np.float64)

    point, step = chance.normal(size=22), 1e-2
    found = [(loss(point + step * way) - loss(point - step * way)) / (2 * step) for way in np.eye(22)]
    np.testing.assert_allclose(slopes(point), found, rtol=0.01, atol=0.01)


@pytest.mark.parametrize("scale", [0.001, 1.0, 1000.0])
def test_a_network_learns_a_bend_whatever_the_scale_of_vectors(scale: float) -> None:
    chance = np.random.default_rng(2)
    source = chance.normal(size=(400, 2)).astype(np.float32)
    bent = np.abs(source) * np.float32(scale)
    fresh = chance.normal(size=(100, 2)).astype(np.float32)
    straight = fresh @ linear_map(source, bent, 1e-4)
    found = mlp_map(source, bent, 1e-5, seed=0)(fresh)
    errors = [float(np.mean((one / scale - np.abs(fresh)) ** 2)) for one in (straight, found)]
    assert errors[1] < 0.1 < errors[0]


def test_the_same_seed_gives_the_same_network_and_nobody_gives_none() -> None:
    source = np.random.default_rng(3).normal(size=(30, 3)).astype(np.float32)
    one, other = (mlp_map(source, source, 0.1, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.first, other.first)
    np.testing.assert_array_equal(one.second, other.second)
    nobody = mlp_map(source[:0], source[:0], 0.1, seed=4)
    assert not nobody.first.any() and not nobody.second.any() and not nobody(source).any()
