"""Exams: only what can be answered is asked, and the future is not in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from taste_worlds import taste_world

from crossrec.core.errors import InvalidInput, NotFound, Refused
from crossrec.core.interactions import Interactions
from crossrec.evaluation.transferring.exam import exam_of, of_domains
from crossrec.models.boards import two_domain_board
from crossrec.models.recommender import create


def test_first_touch_asks_each_person_once_a_domain_with_earlier_acts_alone() -> None:
    data = taste_world(shared=True, timed=True)
    exam = exam_of(data, "first-touch")
    since = exam.told["since"]
    assert exam.train.times.max() < since
    pairs = exam.users.astype(int) * 2 + exam.domains
    assert len(np.unique(pairs)) == len(exam)
    times = {(int(u), int(i)): int(t) for u, i, t in zip(data.users, data.items, data.times, strict=True)}
    for row in range(0, len(exam), 37):
        answers = exam.answers[exam.indptr[row] : exam.indptr[row + 1]]
        opening = min(times[int(exam.users[row]), int(item)] for item in answers)
        history = exam.histories[row : row + 1]
        assert opening >= since and (len(history.times) == 0 or history.times.max() < opening)


def test_every_answer_is_trained_and_not_in_the_history() -> None:
    exam = exam_of(taste_world(shared=True), "random", seed=3)
    trained = np.bincount(exam.train.items, minlength=len(exam.train.catalogue)) > 0
    assert trained[exam.answers].all() and (np.diff(exam.indptr) > 0).all() and exam.asked >= len(exam)
    seen = exam.histories.csr().toarray() > 0
    row = np.repeat(np.arange(len(exam)), np.diff(exam.indptr))
    assert not seen[row, exam.answers].any()
    assert exam.counts.sum() == seen.sum()


def test_a_model_of_one_domain_is_asked_from_the_history_there() -> None:
    exam = exam_of(taste_world(shared=True), "random")
    code = exam.train.catalogue.domain_ids.code("books")
    own, rows = of_domains(exam.train, [code]), exam.domains == code
    assert set(own.catalogue.domains.tolist()) == {code}
    values = exam.ndcg(create("ease").fit(own), rows, 10)
    assert np.isnan(values[~rows]).all() and 0 < values[rows].mean() < 1


def test_a_perfect_model_scores_one() -> None:
    """Popularity on a world of one item each: there is nothing else to recommend."""
    rows = [("a", "films", "1"), ("b", "films", "1"), ("b", "books", "1"), ("c", "films", "1"), ("a", "books", "1")]
    frame = pl.DataFrame(rows, schema=["user_id", "domain", "item_id"], orient="row")
    frame = frame.with_columns(timestamp=pl.Series([0, 1, 2, 3, 4]) * 86_400_000 + 1_600_000_000_000)
    exam = exam_of(Interactions.from_frame(frame), "first-touch", quantile=0.7)
    values = exam.ndcg(create("popularity").fit(exam.train), np.ones(len(exam), np.bool_), 10)
    assert len(exam) == 2 and values.tolist() == [1.0, 1.0]


def test_persons_who_are_new_but_for_their_validation_part_are_warned_of() -> None:
    """As in CDRIB's files: the validation part has acts in the target of persons whose test part asks them as new."""
    data = taste_world(shared=True, users=40)
    cold = (data.users < 20) & (data.catalogue.domains[data.items] == data.catalogue.domain_ids.code("books"))
    place = np.arange(len(data)) - np.searchsorted(data.users, data.users)
    splits = np.where(~cold, 0, 1 + place % 2).astype(np.int8)
    exam = exam_of(replace(data, splits=splits), "given")
    new = np.flatnonzero(exam.counts[:, exam.domains[0]] == 0)
    assert "validation and test ask the same persons in the same domain: " in exam.told["warning"] and len(new) == 0
    rest = exam_of(replace(data, splits=splits).take(splits != 1), "given")
    assert "the same persons" not in rest.told["warning"] and (rest.counts[:, rest.domains[0]] == 0).all()


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(Refused, match="first-touch"):
        exam_of(taste_world(shared=True, users=50), "first-touch")
    with pytest.raises(InvalidInput, match="quantile"):
        exam_of(two_domain_board(), "first-touch", quantile=1.0)
    with pytest.raises(NotFound, match="global-time"):
        exam_of(two_domain_board(), "global-tim")
