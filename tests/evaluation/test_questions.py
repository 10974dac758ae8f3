"""Questions: right answers once each, audiences counted, domains apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stubs import ByCount, rows

from crossrec.data.split import Split
from crossrec.evaluation.evaluate import evaluate, evaluate_fitted
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import Questions, audience, questions_of

GIVEN = Protocol("given", k=2, settings={"validation_share": 0.0})


def asked(*triples: tuple[str, str, None], parts: list[str], **columns: list[object]) -> tuple[Split, Questions]:
    split = GIVEN.split(rows(*triples, split=parts, **columns))
    return split, questions_of(split, GIVEN)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40))
@settings(max_examples=50, deadline=None)
def test_an_audience_is_different_users_in_any_row_order(pairs: list[tuple[int, int]]) -> None:
    users, items = (np.array([pair[side] for pair in pairs], dtype=np.int32) for side in (0, 1))
    counts, present = audience(users, items, 6, 6)
    assert counts.tolist() == [len({user for user, item in pairs if item == code}) for code in range(6)]
    assert present == len({user for user, _ in pairs})


def test_an_answer_counts_once_however_often_it_was_given() -> None:
    _, questions = asked(
        ("a", "p", None), ("a", "q", None), ("a", "q", None), ("a", "r", None), parts=["train", "test", "test", "test"]
    )
    assert questions.relevant.tolist() == [2]
    assert questions.answers.tolist() == [1, 2]


def test_batches_never_mix_domains() -> None:
    _, questions = asked(
        *[(user, item, None) for user in "abc" for item in ("p", "x")],
        *[(user, item, None) for user in "abc" for item in ("q", "y")],
        parts=["train"] * 6 + ["test"] * 6,
        domain=["films", "books"] * 6,
    )
    names = [questions.domain_name(rows.start) for rows in questions.batches(2)]
    assert names == ["books", "books", "films", "films"]
    assert [rows.stop - rows.start for rows in questions.batches(2)] == [2, 1, 2, 1]
    assert [questions.queries(rows).domain for rows in questions.batches(9)] == ["books", "films"]


def test_the_history_of_a_question_reaches_over_domains() -> None:
    _, questions = asked(
        ("a", "p", None),
        ("a", "x", None),
        ("a", "q", None),
        parts=["train", "train", "test"],
        domain=["films", "books", "films"],
    )
    query = questions.queries(slice(0, 1))
    assert query.domain == "films"
    assert sorted(questions.catalogue.ids.decode(query.items)) == ["books:x", "films:p"]
    assert questions.history_lengths.tolist() == [2]


def test_popularity_parts_count_their_own_answers_alone() -> None:
    # p has three training users and is the head (a fifth of 4 items, rounded up); q, r, s have one; z has none.
    split, questions = asked(
        *[(user, "p", None) for user in "bcd"],
        *[("e", item, None) for item in "qrs"],
        *[("a", item, None) for item in "pqz"],
        parts=["train"] * 6 + ["test"] * 3,
    )
    assert questions.unseen_share() == pytest.approx(1 / 3)
    model = ByCount().fit(split.before_test())
    report = evaluate_fitted(model, split, GIVEN, resamples=0)
    assert report.models[0].metrics["recall@2"].value == pytest.approx(2 / 3)  # the list is p q
    parts = {part.value: part.metrics for part in report.models[0].slices if part.by == "popularity"}
    assert {name: part["recall@2"].value for name, part in parts.items()} == {"head": 1.0, "tail": 1.0, "unseen": 0.0}
    assert {name: part["precision@2"].value for name, part in parts.items()} == {
        "head": 0.5,
        "tail": 0.5,
        "unseen": 0.0,
    }


def test_intervals_draw_persons_with_all_their_questions() -> None:
    # Each of 40 persons asks in two domains and is right in both or in neither.
    films = [(f"u{user:02}", item, None) for user in range(40) for item in ("p", "q" if user % 2 else "r")]
    books = [(f"u{user:02}", item, None) for user in range(40) for item in ("x", "y" if user % 2 else "z")]
    popular = [("v", item, None) for item in ("q", "y")]
    only_films = rows(*films, *popular[:1], split=["train", "test"] * 40 + ["train"])
    both = rows(
        *films,
        *books,
        *popular,
        split=["train", "test"] * 80 + ["train"] * 2,
        domain=["films"] * 80 + ["books"] * 80 + ["films", "books"],
    )
    widths = []
    for data in (only_films, both):
        split = GIVEN.split(data)
        model = ByCount().fit(split.before_test())
        number = evaluate_fitted(model, split, Protocol("given", k=1)).models[0].metrics["recall@1"]
        assert number.value == 0.5
        widths.append(number.high - number.low)
        models = {"up": ByCount(), "down": ByCount(-1.0)}
        difference = evaluate(models, data, Protocol("given", k=1), metrics=["recall"]).differences[0]
        widths.append(difference.high - difference.low)
    assert widths[2:] == pytest.approx(widths[:2])
    assert min(widths) > 0
