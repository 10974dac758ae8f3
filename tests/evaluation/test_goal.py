"""What gives the order: a metric with or without its length."""

from __future__ import annotations

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.evaluation.goal import Goal
from crossrec.evaluation.protocol import Protocol

ASKED = Protocol("random", k=10)


@pytest.mark.parametrize(("text", "label", "k"), [("ndcg", "ndcg@10", 10), ("recall@20", "recall@20", 20)])
def test_a_length_in_the_metric_is_the_length_of_the_lists(text: str, label: str, k: int) -> None:
    goal, protocol = Goal.of(text, ASKED)
    assert (goal.label, protocol.k, goal.of_ratings) == (label, k, False)


def test_errors_of_ratings_are_goals_where_they_are_asked_for() -> None:
    goal, protocol = Goal.of("rmse", ASKED, ratings=True)
    assert (goal.label, goal.of_ratings, protocol) == ("rmse", True, ASKED)
    with pytest.raises(NotFound, match="rmse"):
        Goal.of("rmse", ASKED)


@pytest.mark.parametrize(("text", "error"), [("ndgc", NotFound), ("gini@10", NotFound), ("ndcg@x", InvalidInput)])
def test_what_is_no_goal_is_named(text: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=text.partition("@")[0]):
        Goal.of(text, ASKED)


def test_a_length_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="k >= 1"):
        Goal.of("ndcg@0", ASKED)
