"""What a split lets a model know of the time after its questions, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stubs import ByCount, many, rows

from crossrec.evaluation.evaluate import evaluate, evaluate_fitted
from crossrec.evaluation.leakage import leakage_of
from crossrec.evaluation.protocol import Protocol

DAY = 10**12


def test_by_hand() -> None:
    data = rows(
        *[("a", "p", DAY + 1), ("a", "q", DAY + 2), ("a", "r", DAY + 3)],  # tested on r, which b trains later
        *[("b", "r", DAY + 7), ("b", "q", DAY + 8), ("b", "p", DAY + 9)],  # nothing in training is later than 9
    )
    protocol = Protocol("leave-last-out")
    found = leakage_of(protocol.split(data), protocol)
    assert (found.answers, found.timed) == (2, 2)
    assert (found.after, found.own_after, found.own_users, found.early_items) == (1, 0, 0, 1)
    assert found.later_share == pytest.approx((1 / 2 + 0) / 2)  # of the acts a p and b r the second is later than 3
    assert "1 of 2 right answers are older" in found.warning


def test_the_own_future_counts_by_person() -> None:
    data = rows(
        *[("a", item, DAY + at) for item, at in (("p", 1), ("q", 2), ("r", 3), ("s", 4))],
        *[("b", item, DAY + 9) for item in "pq"],
        split=["test", "test", "train", "test", "train", "test"],
    )
    protocol = Protocol("given", settings={"validation_share": 0.0})
    found = leakage_of(protocol.split(data), protocol)
    # a p and a q are before a's own r; a s is before b's p at 9; b q is of the same moment as the last act.
    assert (found.after, found.own_after, found.own_users) == (3, 2, 1)
    assert found.early_items == 1  # b trains p at 9, after a's p; nobody trains q or s


@given(st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_global_time_lets_nothing_in(seed: int) -> None:
    for protocol in (Protocol("global-time"), Protocol("global-time", fit_on="train+validation")):
        found = leakage_of(protocol.split(many(seed=seed)), protocol)
        assert found.timed == found.answers > 0
        assert found.after == found.own_after == found.early_items == found.later_share == 0
        assert found.warning == ""


def test_what_new_persons_are_asked_with_is_looked_at_too() -> None:
    protocol = Protocol("new-users", settings={"validation_persons": 5, "test_persons": 20})
    split = protocol.split(many())
    assert split.test_history is not None
    last = np.full(60, 0)
    np.maximum.at(last, split.test_history.users, split.test_history.times)
    assert leakage_of(split, protocol).own_after == (last[split.test.users] > split.test.times).sum() > 0


def test_order_alone_cannot_be_counted_and_says_so() -> None:
    data = rows(*[(user, item, None) for user in "ab" for item in "pqr"])
    protocol = Protocol("leave-last-out")
    found = leakage_of(protocol.split(data), protocol)
    assert found.timed == 0 and np.isnan(found.later_share)
    assert "2 of 2 right answers have no time" in found.warning


def test_a_report_warns_and_keeps_the_counts() -> None:
    report = evaluate(ByCount(), many(), "leave-last-out", resamples=0)
    assert f"warning: {report.leakage['warning']}" in report.table()
    assert report.to_dict()["leakage"]["after"] == report.leakage["after"] > 0
    honest = evaluate(ByCount(), many(), "global-time", resamples=0)
    assert "warning" not in honest.table()
    split = Protocol("leave-last-out").split(many())
    fitted = evaluate_fitted(ByCount().fit(split.train), split, "leave-last-out", resamples=0)
    assert fitted.leakage == report.leakage


COLD = rows(
    *[("a", "p", None), ("a", "q", None), ("a", "x", None), ("a", "y", None)],  # films in train; books only held out
    *[("b", "p", None), ("b", "x", None), ("b", "y", None), ("b", "z", None)],  # books in train and held out
    *[("c", "p", None), ("c", "z", None)],  # books in test alone
    domain=["films", "films", "books", "books", "films", "books", "books", "books", "films", "books"],
    split=["train", "train", "valid", "test", "train", "train", "valid", "test", "train", "test"],
)


def test_who_is_new_but_for_the_validation_part_is_counted_and_warned_of() -> None:
    protocol = Protocol("given")
    found = leakage_of(protocol.split(COLD), protocol)
    assert (found.asked, found.asked_twice, found.warmed) == (3, 2, 1)
    assert "the same persons in the same domain: 1 of 3 have no act of training there" in found.warning
    assert "cannot be counted" in found.warning, "what is said of times is said too"


def test_a_validation_part_that_is_left_out_or_lent_by_train_warms_nobody() -> None:
    protocol = Protocol("given")
    for kept in (COLD.splits != 1, ~((COLD.splits == 1) & (COLD.users == COLD.users[2]))):
        assert leakage_of(protocol.split(COLD.take(kept)), protocol).warmed == 0
    lent = COLD.take(COLD.splits != 1)
    last = Protocol("given", settings={"validation": "last"})
    assert leakage_of(last.split(lent), last).asked_twice == 0
    chosen = Protocol("given", part="validation")
    assert leakage_of(chosen.split(COLD), chosen).warmed == 0, "validation itself is asked without its acts"
