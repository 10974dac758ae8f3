"""Likeness of spaces: by hand, against rotation, and against what nothing in common gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput
from crossrec.metrics.alignment import (
    canonical_correlations,
    cosines,
    debiased_cka,
    linear_cka,
    nearest,
    neighbour_overlaps,
    procrustes_cosines,
    shuffled_neighbours,
)

Seeds = st.integers(0, 10_000)


def in_each_fold(x: np.ndarray) -> np.ndarray:
    """Repeat rows so that each fold holds all of them: then it is judged by what it was learned on."""
    return np.repeat(x, 5, axis=0)


def cloud(seed: int, rows: int = 60, dimensions: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, dimensions))


def turn(seed: int, dimensions: int = 4) -> np.ndarray:
    found, _ = np.linalg.qr(cloud(seed, dimensions, dimensions))
    return found


def test_one_dimension_by_hand() -> None:
    """Centred (2, 0, -2) and (1, 1, -2): product 6, squares 8 and 6; so the correlation is 6 / sqrt 48."""
    x, y = np.array([[7.0], [5.0], [3.0]]), np.array([[1.0], [1.0], [-2.0]])
    assert linear_cka(x, y) == pytest.approx(36 / 48)
    for ridge in (0, 0.1):
        found = canonical_correlations(in_each_fold(x), in_each_fold(y), ridge)
        assert found == pytest.approx([6 / 48**0.5]), "on one axis a ridge changes nothing"
    assert linear_cka(x, np.array([[1.0], [-2.0], [1.0]])) == pytest.approx(0)


def test_two_dimensions_by_hand() -> None:
    """One shared axis of two of the same length: X'X = 2 I, Y'Y = 2 diag(1, 0), X'Y = 2 diag(1, 0)."""
    x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    y = x * [1, 0]
    assert linear_cka(x, y) == pytest.approx(4 / (8**0.5 * 2))
    found = canonical_correlations(in_each_fold(x), in_each_fold(y), ridge=0)
    assert found == pytest.approx([1, 0]), "one axis correlates wholly, the other not at all"


def test_debiased_alignment_by_the_definition() -> None:
    """Song et al.'s equation 5 with matrices of N² whose diagonals are 0, and the kernels not centred before."""

    def dependence(k: np.ndarray, m: np.ndarray) -> float:
        n, ones = len(k), np.ones(len(k))
        k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
        mixed = (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2)) - 2 / (n - 2) * ones @ k @ m @ ones
        return float((np.trace(k @ m) + mixed) / (n * (n - 3)))

    x, y = cloud(0, 12), cloud(1, 12, 3) + 2
    kernels = x @ x.T, y @ y.T
    one, other = dependence(kernels[0], kernels[0]), dependence(kernels[1], kernels[1])
    assert debiased_cka(x, y) == pytest.approx(dependence(*kernels) / (one * other) ** 0.5)


def test_debiased_alignment_of_nothing_in_common_is_nothing() -> None:
    """30 rows in 20 dimensions: the plain one says .4, and over 200 draws the debiased one says 0 in the mean."""
    pairs = [(cloud(seed, 30, 20), cloud(seed + 1000, 30, 20)) for seed in range(200)]
    plain, debiased = (np.array([cka(x, y) for x, y in pairs]) for cka in (linear_cka, debiased_cka))
    assert plain.min() > 0.3 and abs(debiased.mean()) < 3 * debiased.std() / 200**0.5


def test_neighbours_by_hand() -> None:
    angles = np.radians([0, 10, 30, 100])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [5], [2], [3]]
    assert nearest(rows, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    same, half, none = np.array([[1, 2]]), np.array([[2, 3]]), np.array([[3, 4]])
    assert [float(neighbour_overlaps(same, other)[0]) for other in (same, half, none)] == pytest.approx([1, 1 / 3, 0])


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
    assert debiased_cka(x, moved) == pytest.approx(debiased_cka(x, y))
    assert canonical_correlations(x, moved) == pytest.approx(canonical_correlations(x, y))
    assert procrustes_cosines(x, moved) == pytest.approx(procrustes_cosines(x, y))
    turned = nearest(y @ turn(seed + 2), 5)
    overlaps = neighbour_overlaps(nearest(x, 5), nearest(y, 5))
    assert np.array_equal(neighbour_overlaps(nearest(x, 5), turned), overlaps)


@given(Seeds)
@settings(max_examples=30, deadline=None)
def test_a_space_and_itself_turned_are_one(seed: int) -> None:
    x = cloud(seed)
    y = x @ turn(seed + 1)
    assert linear_cka(x, y) == pytest.approx(1) and debiased_cka(x, y) == pytest.approx(1)
    assert canonical_correlations(x, y, ridge=0) == pytest.approx(1) and canonical_correlations(x, y) == pytest.approx(
        1
    )
    assert procrustes_cosines(x, y) == pytest.approx(1)
    assert (neighbour_overlaps(nearest(x, 5), nearest(y, 5)) == 1).all()


@given(Seeds)
@settings(max_examples=30, deadline=None)
def test_both_sides_are_alike_and_figures_keep_their_range(seed: int) -> None:
    x, y = cloud(seed), cloud(seed + 1, dimensions=3)
    assert linear_cka(x, y) == pytest.approx(linear_cka(y, x)) and 0 <= linear_cka(x, y) <= 1
    assert debiased_cka(x, y) == pytest.approx(debiased_cka(y, x)) and debiased_cka(x, y) <= 1
    found = canonical_correlations(x, y)
    assert found == pytest.approx(canonical_correlations(y, x)) and np.abs(found).max() <= 1 and len(found) == 3
    assert np.abs(procrustes_cosines(x, cloud(seed + 2))).max() <= 1


def test_a_linear_map_keeps_canonical_correlation_and_not_kernels() -> None:
    x = cloud(0, 500)
    stretched = x * [100, 1, 1, 1]
    assert canonical_correlations(x, stretched, ridge=0) == pytest.approx(1)
    assert linear_cka(x, stretched) < 0.6


def test_directions_are_judged_by_rows_they_never_saw() -> None:
    """40 rows in 20 dimensions without anything in common: on its own rows the first direction would find nearly 1."""
    x, y = cloud(0, 40, 20), cloud(1, 40, 20)
    (left, _, _), (right, _, _) = (np.linalg.svd(side - side.mean(axis=0), full_matrices=False) for side in (x, y))
    assert np.linalg.svd(left.T @ right, compute_uv=False)[0] > 0.95
    assert np.abs(canonical_correlations(x, y, ridge=0)).mean() < 0.3
    found = [canonical_correlations(cloud(seed, 40, 20), cloud(seed + 1000, 40, 20)).mean() for seed in range(50)]
    assert abs(np.mean(found)) < 3 * np.std(found) / 50**0.5


def test_a_rotation_is_judged_by_rows_it_never_saw() -> None:
    """40 rows in 20 dimensions without anything in common: on its own rows a rotation would find a likeness."""
    x, y = cloud(0, 40, 20), cloud(1, 40, 20)
    left, _, right = np.linalg.svd(x.T @ y)
    assert cosines(x @ left @ right, y).mean() > 0.5
    found = [procrustes_cosines(cloud(seed, 40, 20), cloud(seed + 1000, 40, 20)).mean() for seed in range(50)]
    assert abs(np.mean(found)) < 3 * np.std(found) / 50**0.5


@given(Seeds)
@settings(max_examples=30, deadline=None)
def test_shuffled_neighbours_are_those_of_shuffled_rows(seed: int) -> None:
    x, order = cloud(seed), np.random.default_rng(seed).permutation(60)
    assert np.array_equal(shuffled_neighbours(nearest(x, 7), order), nearest(x[order], 7))


def test_what_does_not_vary_has_no_figure() -> None:
    x = cloud(0)
    assert np.isnan(linear_cka(x, np.ones((60, 2)))) and np.isnan(debiased_cka(x, np.ones((60, 2))))
    assert np.isnan(canonical_correlations(np.ones((60, 2)), x)).all()
    flat = np.column_stack([x[:, 0], np.ones(60)])
    assert canonical_correlations(x, flat, ridge=0) == pytest.approx([1, 0])


def test_wrong_shapes_and_settings_are_refused() -> None:
    x = cloud(0)
    with pytest.raises(InvalidInput, match="same number of rows"):
        linear_cka(x, x[:5])
    with pytest.raises(InvalidInput, match="got -1 and 5"):
        canonical_correlations(x, x, ridge=-1)
    with pytest.raises(InvalidInput, match="four rows or more, got 3"):
        debiased_cka(x[:3], x[:3])
    with pytest.raises(InvalidInput, match="same shape"):
        procrustes_cosines(x, x[:, :2])
    with pytest.raises(InvalidInput, match=r"k in \[1, 59\], got 60"):
        nearest(x, 60)
