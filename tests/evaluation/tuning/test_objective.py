"""What the objective holds: two parts of three."""

from __future__ import annotations

import pytest
from stubs import ByCount, many

from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.goal import Goal
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.tuning.objective import Objective


def test_the_test_part_is_left_behind() -> None:
    asked = Protocol("leave-last-out", k=5)
    split = asked.split(many())
    held = Objective.of(split, asked, Goal("ndcg", 5)).split
    assert len(split.test) and len(held.test) == 0
    assert (held.train.fingerprint, held.validation.fingerprint) == (
        split.train.fingerprint,
        split.validation.fingerprint,
    )


@pytest.mark.parametrize("name", ["leave-last-out", "random"])
def test_the_value_is_that_of_evaluate_on_validation(name: str) -> None:
    asked = Protocol(name, k=5)
    expected = evaluate(ByCount(), many(), Protocol(name, k=5, part="validation"), resamples=0)
    objective = Objective.of(asked.split(many()), asked, Goal("recall", 5))
    assert objective.value("count", ByCount()) == expected.models[0].metrics["recall@5"].value
