"""Metrics beyond accuracy in a report, on lists and histories that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from stubs import ByCount, Walk, many, rows

from crossrec.core.interactions import Interactions
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.judging import background
from crossrec.evaluation.judging.background import Background
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import questions_of

GIVEN = Protocol("given", k=2, settings={"validation_share": 0.0})
# Training: p has 4 users, q 3, r 2, s 1. a asks for s, d for q.
TRAIN = [
    ("a", "p"),
    ("b", "p"),
    ("c", "p"),
    ("d", "p"),
    ("b", "q"),
    ("c", "q"),
    ("e", "q"),
    ("b", "r"),
    ("c", "r"),
    ("e", "s"),
]
TEST = [("a", "s"), ("d", "q")]


def asked(genres: list[str | None] | None = None) -> Interactions:
    frame = pl.DataFrame(TRAIN + TEST, schema=["user_id", "item_id"], orient="row")
    frame = frame.with_columns(split=pl.Series(["train"] * len(TRAIN) + ["test"] * len(TEST)))
    items = None if genres is None else pl.DataFrame({"item_id": list("pqrs"), "genres": genres})
    return Interactions.from_frame(frame, items=items)


def values(data: Interactions, model: ByCount | Walk, protocol: Protocol = GIVEN) -> dict[str, float]:
    return {name: found.value for name, found in evaluate(model, data, protocol, resamples=0).models[0].metrics.items()}


def test_popularity_of_lists_against_histories() -> None:
    found = values(asked(), ByCount())
    # Of five training users 4 had p, 3 q, 2 r, 1 s; a and d had p alone and are shown q and r.
    assert found["popularity@2"] == pytest.approx((3 / 5 + 2 / 5) / 2)
    assert found["popularity_lift@2"] == pytest.approx(0.5 / 0.8 - 1)


def test_a_best_seller_is_no_serendipity() -> None:
    up, down = values(asked(), ByCount()), values(asked(), ByCount(-1.0))
    assert (up["recall@2"], up["serendipity@2"]) == (0.5, 0.0)  # d is shown q, as by popularity
    # The other way round both are shown s and r: a wanted s, and popularity shows q and r.
    assert (down["recall@2"], down["serendipity@2"]) == (0.5, 0.25)


def test_best_sellers_are_those_an_asker_may_be_shown() -> None:
    questions = questions_of(GIVEN.split(asked()), GIVEN)
    names = questions.catalogue.ids.decode
    assert [names(row) for row in Background(questions, repeats=False, width=2).best_sellers] == [["q", "r"]] * 2
    assert [names(row) for row in Background(questions, repeats=True, width=2).best_sellers] == [["p", "q"]] * 2
    assert (Background(questions, repeats=False, width=5).best_sellers[:, 3:] == -1).all()


def test_best_sellers_are_of_the_domain_that_is_asked_for() -> None:
    data = rows(
        *[("a", "p", None), ("b", "p", None), ("b", "q", None), ("a", "x", None), ("c", "y", None), ("a", "q", None)],
        domain=["films", "films", "films", "books", "books", "films"],
        split=["train"] * 5 + ["test"],
    )
    questions = questions_of(GIVEN.split(data), GIVEN)
    found = Background(questions, repeats=False, width=3).best_sellers
    assert questions.catalogue.ids.decode(found[0, :1]) == ["films:q"] and (found[0, 1:] == -1).all()


def test_diversity_is_told_by_common_users() -> None:
    found = values(asked(), ByCount())
    # q has users b c e, r has b c: cosine 2 / sqrt(6).
    assert found["diversity@2"] == pytest.approx(1 - 2 / np.sqrt(6))


def test_calibration_is_by_the_genres_of_the_catalogue() -> None:
    data = asked(["comedy", "comedy|drama", "drama", None])
    report = evaluate(ByCount(), data, GIVEN, resamples=0)
    # The history is p, all comedy; the list q r is a quarter comedy.
    assert report.models[0].metrics["miscalibration@2"].value == pytest.approx(-np.log(0.99 * 0.25 + 0.01))
    assert report.protocol["kinds"] == "column genres"
    assert "beyond accuracy; kinds of items by column genres" in report.table()


def test_calibration_does_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = values(many(), Walk(), Protocol("random"))["miscalibration@10"]
    monkeypatch.setattr(background, "_BLOCK", 7)
    assert values(many(), Walk(), Protocol("random"))["miscalibration@10"] == whole > 0


def test_without_genres_the_kinds_are_groups_of_popularity_and_the_report_says_so() -> None:
    report = evaluate(ByCount(), asked(), GIVEN, resamples=0)
    # The head is one item of four, p: the history is all head, the list all tail.
    assert report.models[0].metrics["miscalibration@2"].value == pytest.approx(-np.log(0.01))
    assert "beyond accuracy; kinds of items by popularity" in report.table()


def test_exposure_follows_the_places_and_merit_the_right_answers() -> None:
    found = values(asked(["comedy", "comedy", "drama", "drama"]), ByCount())
    # q (comedy) is first and r (drama) second in both lists; one answer is a comedy, one a drama.
    assert found["exposure_gap@2"] == pytest.approx(1 / (1 + 1 / np.log2(3)) - 0.5)
    assert found["exposure_gap@2"] == pytest.approx(abs(0.6131 - 0.5), abs=1e-4)


def test_the_active_fifth_is_compared_with_the_others() -> None:
    # Five persons; the last has the longest history and is the only one who is shown what they want.
    data = rows(
        *[(user, "p", None) for user in "abcde"],
        *[("e", "q", None), ("z", "r", None)],
        *[(user, item, None) for user, item in zip("abcde", "rrrrr", strict=True)],
        split=["train"] * 7 + ["test"] * 5,
    )
    protocol = Protocol("given", k=1, settings={"validation_share": 0.0})
    found = values(data, ByCount(), protocol)
    assert found["ndcg@1"] == pytest.approx(0.2)  # the others are shown q
    assert found["active_user_gap@1"] == 1.0
    assert np.isnan(values(asked(), ByCount())["active_user_gap@2"]), "histories of one length have no active fifth"


def test_only_what_is_asked_for_is_worked_out() -> None:
    report = evaluate(ByCount(), many(), "random", metrics=["ndcg", "serendipity"], resamples=0)
    assert list(report.models[0].metrics) == ["ndcg@10", "serendipity@10"]
    assert report.protocol["kinds"] == "" and "kinds" not in report.table()


def test_slices_hold_the_mean_of_their_rows() -> None:
    report = evaluate(Walk(), many(), Protocol("random", k=5), metrics=["diversity", "popularity"], resamples=0)
    for name in ("diversity@5", "popularity@5"):
        whole = report.models[0].metrics[name]
        parts = [part.metrics[name] for part in report.models[0].slices if part.by == "history"]
        assert sum(part.n for part in parts) == whole.n
        assert sum(part.value * part.n for part in parts) / whole.n == pytest.approx(whole.value)
