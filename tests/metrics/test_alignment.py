"""Likeness of spaces: by hand, against rotation, and against what nothing in common gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.metrics.alignment import (
    canonical_correlation,
    cosines,
    linear_cka,
    nearest,
    neighbour_overlap,
    procrustes_cosines,
    shuffled_neighbours,
)

Seeds = st.integers(0, 10_000)


def cloud(seed: int, rows: int = 60, dimensions: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, dimensions))


def turn(seed: int, dimensions: int = 4) -> np.ndarray:
    found, _ = np.linalg.qr(cloud(seed, dimensions, dimensions))
    return found


def test_one_dimension_by_hand() -> None:
    """Centred (2, 0, -2) and (1, 1, -2): product 6, squares 8 and 6; so the correlation is 6 / sqrt 48."""
    x, y = np.array([[7.0], [5.0], [3.0]]), np.array([[1.0], [1.0], [-2.0]])
    assert linear_cka(x, y) == pytest.approx(36 / 48)
    assert canonical_correlation(x, y, ridge=0) == pytest.approx(6 / 48**0.5)
    assert canonical_correlation(x, y, ridge=0.1) == pytest.approx(6 / 48**0.5 / 1.1), (
        "each variance is 1.1 times its own"
    )
    assert linear_cka(x, np.array([[1.0], [-2.0], [1.0]])) == pytest.approx(0)


def test_two_dimensions_by_hand() -> None:
    """One shared axis of two of the same length: X'X = 2 I, Y'Y = 2 diag(1, 0), X'Y = 2 diag(1, 0)."""
    x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    y = x * [1, 0]
    assert linear_cka(x, y) == pytest.approx(4 / (8**0.5 * 2))
    assert canonical_correlation(x, y, ridge=0) == pytest.approx(0.5), (
        "one axis correlates wholly, the other not at all"
    )


def test_neighbours_by_hand() -> None:
    angles = np.radians([0, 10, 30, 100])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [5], [2], [3]]
    assert nearest(rows, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    same, half, none = np.array([[1, 2]]), np.array([[2, 3]]), np.array([[3, 4]])
    assert [neighbour_overlap(same, other) for other in (same, half, none)] == pytest.approx([1, 1 / 3, 0])


def test_cosines_by_hand() -> None:
    x, y = np.array([[1.0, 1.0], [0.0, 2.0], [0.0, 0.0]]), np.array([[2.0, 0.0], [0.0, -1.0], [1.0, 1.0]])
    assert cosines(x, y)[:2].tolist() == pytest.approx([2**-0.5, -1]) and np.isnan(cosines(x, y)[2])


@given(Seeds)
@settings(max_examples=30, deadline=None)
def test_turning_and_stretching_a_space_changes_nothing(seed: int) -> None:
    x, other = cloud(seed), cloud(seed + 1)
    y = 0.6 * x + other
    moved = 3.0 * y @ turn(seed + 2) + 5.0
    assert linear_cka(x, moved) == pytest.approx(linear_cka(x, y))
    assert canonical_correlation(x, moved) == pytest.approx(canonical_correlation(x, y))
    assert procrustes_cosines(x, moved) == pytest.approx(procrustes_cosines(x, y))
    turned = nearest(y @ turn(seed + 2), 5)
    assert neighbour_overlap(nearest(x, 5), turned) == neighbour_overlap(nearest(x, 5), nearest(y, 5))


@given(Seeds)
@settings(max_examples=30, deadline=None)
def test_a_space_and_itself_turned_are_one(seed: int) -> None:
    x = cloud(seed)
    y = x @ turn(seed + 1)
    assert linear_cka(x, y) == pytest.approx(1) and canonical_correlation(x, y, ridge=0) == pytest.approx(1)
    assert procrustes_cosines(x, y) == pytest.approx(1)
    assert neighbour_overlap(nearest(x, 5), nearest(y, 5)) == 1


@given(Seeds)
@settings(max_examples=30, deadline=None)
def test_both_sides_are_alike_and_figures_keep_their_range(seed: int) -> None:
    x, y = cloud(seed), cloud(seed + 1, dimensions=3)
    for measure in (linear_cka, canonical_correlation):
        assert measure(x, y) == pytest.approx(measure(y, x)) and 0 <= measure(x, y) <= 1
    assert np.abs(procrustes_cosines(x, cloud(seed + 2))).max() <= 1


def test_a_linear_map_keeps_canonical_correlation_and_not_kernels() -> None:
    x = cloud(0, 500)
    stretched = x * [100, 1, 1, 1]
    assert canonical_correlation(x, stretched, ridge=0) == pytest.approx(1)
    assert linear_cka(x, stretched) < 0.6


def test_a_rotation_is_judged_by_rows_it_never_saw() -> None:
    """40 rows in 20 dimensions without anything in common: on its own rows a rotation would find a likeness."""
    x, y = cloud(0, 40, 20), cloud(1, 40, 20)
    left, _, right = np.linalg.svd(x.T @ y)
    assert cosines(x @ left @ right, y).mean() > 0.5
    assert procrustes_cosines(x, y).mean() == pytest.approx(0, abs=0.15)


@given(Seeds)
@settings(max_examples=30, deadline=None)
def test_shuffled_neighbours_are_those_of_shuffled_rows(seed: int) -> None:
    x, order = cloud(seed), np.random.default_rng(seed).permutation(60)
    assert np.array_equal(shuffled_neighbours(nearest(x, 7), order), nearest(x[order], 7))


def test_what_does_not_vary_has_no_figure() -> None:
    x = cloud(0)
    assert np.isnan(linear_cka(x, np.ones((60, 2)))) and np.isnan(canonical_correlation(np.ones((60, 2)), x))


def test_wrong_shapes_and_settings_are_refused() -> None:
    x = cloud(0)
    with pytest.raises(InvalidInput, match="same number of rows"):
        linear_cka(x, x[:5])
    with pytest.raises(InvalidInput, match="ridge >= 0, got -1"):
        canonical_correlation(x, x, ridge=-1)
    with pytest.raises(InvalidInput, match="same shape"):
        procrustes_cosines(x, x[:, :2])
    with pytest.raises(InvalidInput, match=r"k in \[1, 59\], got 60"):
        nearest(x, 60)
