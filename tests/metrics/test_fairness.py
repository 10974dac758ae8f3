"""Mixes, exposure and gaps between groups, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.metrics.fairness import exposure_gap, exposure_shares, group_gap, miscalibration, mix_of

# Item 0 is a comedy, 1 a drama, 2 both, and of 3 nothing is known.
KINDS = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.0, 0.0]])


def test_a_mix_counts_items_alike_and_passes_over_the_unknown() -> None:
    found = mix_of(np.array([[0, 2, 3], [1, 1, -1], [3, -1, -1]], np.int32), KINDS)
    assert found[:2] == pytest.approx(np.array([[0.75, 0.25], [0.0, 1.0]]))
    assert np.isnan(found[2]).all()


def test_the_same_mix_is_calibrated() -> None:
    mix = np.array([[0.7, 0.3], [1.0, 0.0]])
    assert miscalibration(mix, mix) == pytest.approx([0, 0])


def test_a_kind_that_is_left_out_costs_most() -> None:
    history = np.array([[0.7, 0.3]] * 3)
    found = miscalibration(np.array([[0.6, 0.4], [0.9, 0.1], [1.0, 0.0]]), history)
    assert 0 < found[0] < found[1] < found[2] == pytest.approx(0.7 * np.log(0.7 / 0.997) + 0.3 * np.log(100))


def test_an_unknown_mix_is_not_judged() -> None:
    nothing = np.array([[np.nan, np.nan]])
    known = np.array([[0.5, 0.5]])
    assert np.isnan([miscalibration(nothing, known)[0], miscalibration(known, nothing)[0]]).all()


def test_exposure_is_what_the_places_give() -> None:
    found = exposure_shares(np.array([[0, 1], [2, -1]], np.int32), KINDS)
    second = 1 / np.log2(3)
    assert found == pytest.approx(np.array([1.5, second + 0.5]) / (2 + second))
    assert np.isnan(exposure_shares(np.array([[3]], np.int32), KINDS)).all()


def test_the_gap_is_what_would_have_to_move() -> None:
    assert exposure_gap(np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])) == pytest.approx(0.3)
    assert exposure_gap(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0


def test_the_gap_between_groups_leaves_out_what_has_no_value() -> None:
    values, group = np.array([0.5, np.nan, 0.25, 0.75]), np.array([True, True, False, False])
    assert group_gap(values, group) == 0.0
    assert group_gap(values, ~group) == 0.0
    assert group_gap(values[[0, 2]], group[[0, 2]]) == 0.25
    assert np.isnan(group_gap(values, np.ones(4, dtype=np.bool_)))
