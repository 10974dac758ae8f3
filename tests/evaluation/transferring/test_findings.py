"""Findings: forgetting is the other side of the effect on the source, and a domain without questions is passed over."""

from __future__ import annotations

import numpy as np
import pytest
from taste_worlds import taste_world

from crossrec.evaluation.transferring.effects import GATED
from crossrec.evaluation.transferring.exam import exam_of
from crossrec.evaluation.transferring.findings import Findings


def test_a_pair_is_told_of_both_ways() -> None:
    exam = exam_of(taste_world(shared=True, users=100), "random")
    chance = np.random.default_rng(0)
    control, floor, joint = (chance.uniform(0, high, len(exam)) for high in (0.6, 0.1, 0.7))
    found = Findings(exam, control, floor)
    found.of_pair(joint, (0, 1))
    found.of_all(joint, [0, 1], gate=True)
    one, other = exam.names[:2]
    told = [(kept.domain, kept.beside) for kept in found.kept]
    assert told == [(one, other), (other, one), (one, GATED), (other, GATED)]
    assert [(each.source, each.target) for each in found.retentions] == [(one, other), (other, one)]
    for kept in found.kept[:2]:
        effect = next(each for each in found.effects if each.target == kept.domain and each.by == "all")
        rows = exam.domains == exam.names.index(kept.domain)
        floor_mean = floor[rows].mean()
        assert kept.kept.value == pytest.approx((effect.transfer - floor_mean) / (effect.control - floor_mean))
    retained = found.retentions[0]
    assert retained.target_level == found.kept[1].level and retained.source_level == found.kept[0].own_level


def test_a_domain_without_a_model_of_its_own_is_passed_over() -> None:
    exam = exam_of(taste_world(shared=True, users=60), "random")
    control = np.where(exam.domains == 0, np.nan, 0.5)
    found = Findings(exam, control, np.zeros(len(exam)))
    found.of_pair(np.full(len(exam), 0.5), (0, 1))
    assert {one.target for one in found.effects} == {exam.names[1]} and not found.retentions
    assert [one.domain for one in found.kept] == [exam.names[1]]
