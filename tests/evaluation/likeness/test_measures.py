"""Measures beside chance: a common space is found, none is not, and the histograms count everybody."""

from __future__ import annotations

import numpy as np
import pytest

from crossrec.evaluation.likeness.measures import BINS, Comparison, measures_of


def spaces(share: float, seed: int = 0, rows: int = 120) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    x, turn = chance.normal(size=(rows, 5)), np.linalg.qr(chance.normal(size=(5, 5)))[0]
    return x, share * x @ turn + (1 - share) * chance.normal(size=(rows, 5))


def test_what_is_common_is_found_though_the_axes_differ() -> None:
    found = {one.name: one for one in measures_of(*spaces(0.8), Comparison(shuffles=99))}
    alone, many = ["linear CKA", "debiased CKA"], ["canonical correlation", "neighbours, k=10", "Procrustes cosine"]
    assert list(found) == [*alone, *many, "raw cosine"]
    assert [found[name].of for name in many] == ["axes", "persons", "persons"] and not found["linear CKA"].of
    assert all(len(found[name].histogram) == BINS and found[name].largest >= found[name].value for name in many)
    assert sum(found["canonical correlation"].histogram) == 5 and found["neighbours, k=10"].start == 0
    for name, one in found.items():
        if name != "raw cosine":
            assert one.value > one.chance_high > one.chance and one.p == 0.01 and not one.warning
    assert "says nothing" in found["raw cosine"].warning and "says nothing" in str(found["raw cosine"])


def test_the_same_seed_gives_the_same_figures() -> None:
    told = Comparison(shuffles=20, seed=4)
    assert measures_of(*spaces(0.5), told) == measures_of(*spaces(0.5), told)


def test_histograms_count_everybody_and_the_mean_and_the_largest_are_theirs() -> None:
    x = np.eye(2)[[0, 0, 0, 0]]
    y = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    raw = measures_of(x, y, Comparison(neighbours=1, shuffles=5))[-1]
    assert (raw.value, raw.largest) == (0.25, 1.0) and len(raw.histogram) == BINS
    assert {place: count for place, count in enumerate(raw.histogram) if count} == {0: 1, 25: 1, 49: 2}
    assert sum(raw.chance_histogram) == pytest.approx(4) and raw.chance == pytest.approx(0.25)


def test_p_of_nothing_in_common_is_what_it_says() -> None:
    """Of 40 pairs of spaces without anything in common, p is below 0.1 in about 4; 10 would come once in 500 times."""
    found = [measures_of(*spaces(0.0, seed, rows=40), Comparison(shuffles=39)) for seed in range(40)]
    for place in range(5):
        assert sum(one[place].p <= 0.1 for one in found) < 10
