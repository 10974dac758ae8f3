"""Suggestions depend on what they are told, and stay where they are told to."""

from __future__ import annotations

from crossrec.evaluation.tuning.suggesting import suggest
from crossrec.models.space import Choice, Range, Space

SPACE: Space = {
    "l2": Range(1, 10_000, log=True),
    "factors": Range(16, 256, log=True, whole=True),
    "way": Choice((None, "up", 3)),
}


def test_suggestions_are_in_the_space_and_repeatable() -> None:
    tried = [({"l2": 10.0 * (n + 1), "factors": 16 + n, "way": None}, float(n)) for n in range(12)]
    for number in range(20):
        found = suggest(SPACE, tried, number, larger=True, seed=1)
        assert all(found[name] in values for name, values in SPACE.items())
        assert type(found["factors"]) is int
        assert found == suggest(SPACE, tried, number, larger=True, seed=1)


def test_it_looks_where_it_was_good() -> None:
    where = {"x": Range(0, 1)}
    tried = [({"x": n / 40}, -abs(n / 40 - 0.2)) for n in range(41)]
    near = [abs(suggest(where, tried, number, larger=True, seed=0)["x"] - 0.2) for number in range(20)]
    far = [abs(suggest(where, tried, number, larger=False, seed=0)["x"] - 0.2) for number in range(20)]
    assert sum(near) / 20 < 0.15 < 0.4 < sum(far) / 20
