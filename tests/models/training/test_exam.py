"""The exam: NDCG by hand, by ids, and what is held out where nobody gave a validation part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from crossrec.core.event import NO_ORDER
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.core.recommendations import Scores
from crossrec.core.vocabulary import Id
from crossrec.models.training.exam import exam_of, held_out


def interactions(*rows: tuple[str, str]) -> Interactions:
    return Interactions.from_frame(
        pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row").with_columns(timestamp=pl.int_range(pl.len()))
    )


def by_code(queries: Queries, candidates: Sequence[Id] | None = None) -> Scores:
    items = len(queries.catalogue)
    values = np.tile(np.arange(items, 0, -1, dtype=np.float32), (len(queries), 1))
    return Scores(values, np.ones(len(queries), dtype=np.bool_))


TRAIN = interactions(("a", "x"), ("a", "y"), ("b", "y"), ("b", "z"), ("c", "w"))


def test_ndcg_is_that_of_the_lists_without_what_was_had() -> None:
    held = interactions(("a", "z"), ("b", "w"))
    exam = exam_of(TRAIN, held)
    assert exam is not None
    # By code the order is w, x, y, z: a, who had x and y, is shown w, then z; b, who had y and z, has w first.
    assert exam.ndcg(by_code) == pytest.approx((1 + 1 / np.log2(3)) / 2)


def test_persons_and_items_are_found_by_their_ids() -> None:
    exam = exam_of(TRAIN, interactions(("nobody", "x"), ("b", "unknown"), ("b", "x")))
    assert exam is not None and len(exam.queries) == 1
    assert exam.ndcg(by_code) == pytest.approx(1 / np.log2(3))


def test_without_a_question_there_is_no_exam() -> None:
    assert exam_of(TRAIN, None) is None
    assert exam_of(TRAIN, interactions(("nobody", "x"))) is None


def test_a_validation_part_is_taken_as_it_is() -> None:
    held = interactions(("a", "z"))
    assert held_out(TRAIN, held) == (TRAIN, held)


def test_of_few_persons_nothing_is_held_out() -> None:
    assert held_out(TRAIN, None) == (TRAIN, None)


def test_the_last_acts_of_a_twentieth_are_held_out() -> None:
    many = interactions(*[(f"u{user}", f"i{item}") for user in range(1_200) for item in range(3)])
    part, exam = held_out(many, None, seed=3)
    assert exam is not None and len(exam) == 60 and len(part) == len(many) - 60
    assert set(exam.items.tolist()) == {int(many.catalogue.ids.code("i2"))}
    assert len(np.unique(exam.users)) == 60
    again = held_out(many, None, seed=3)[1]
    assert again is not None and again.fingerprint == exam.fingerprint


def test_of_acts_without_an_order_any_one_is_held_out() -> None:
    rows = [(f"u{user}", f"i{item}") for user in range(1_200) for item in range(3)]
    many = Interactions.from_frame(pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row"))
    exam = held_out(replace(many, positions=np.full(len(many), NO_ORDER)), None, seed=3)[1]
    assert exam is not None and len(np.unique(exam.users)) == len(exam) == 60
    assert (np.bincount(exam.items, minlength=3) > 8).all()


def test_persons_new_to_the_model_bring_their_histories() -> None:
    rows = [("new", "w"), ("new", "z"), ("other", "x"), ("other", "w")]
    exam = exam_of(TRAIN, replace(interactions(*rows), splits=np.array([0, 1, 0, 1], np.int8)))
    assert exam is not None and len(exam.queries) == 2
    # Without what they had: x, y, z for new, who wants z; w, y, z for other, who wants w.
    assert exam.ndcg(by_code) == pytest.approx((1 / np.log2(4) + 1) / 2)
    carved = replace(interactions(("a", "z")), splits=np.array([0], np.int8))
    assert exam_of(TRAIN, carved) is not None, "a loan from train is no history"
