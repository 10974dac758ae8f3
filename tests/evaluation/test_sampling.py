"""Drawn candidates: whom they may hold, how models rank them, and that nobody takes the numbers for others."""

from __future__ import annotations

import numpy as np
import pytest
from stubs import ByCount, Shy, Walk, many, rows

from crossrec.core.errors import NotFound, Refused
from crossrec.evaluation.evaluate import evaluate, evaluate_fitted
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import questions_of
from crossrec.evaluation.sampling import draw

NCF = Protocol("leave-last-out", k=3, fit_on="train+validation", sampled=5)


def test_candidates_are_the_answers_and_items_neither_had_nor_wanted() -> None:
    data = many()
    questions = questions_of(NCF.split(data), NCF)
    drawn = draw(questions, 5, seed=1)
    assert len(drawn) == len(questions)
    for row, candidates in enumerate(drawn):
        answers = questions.answers[questions.indptr[row] : questions.indptr[row + 1]]
        had = data.items[data.users == questions.users[row]]
        assert candidates[: len(answers)].tolist() == answers.tolist()
        assert len(set(candidates.tolist())) == len(candidates) == len(answers) + 5
        assert not set(candidates[len(answers) :].tolist()) & set(had.tolist())


def test_the_draw_is_uniform_and_follows_the_seed() -> None:
    data = rows(*[("a", item, None) for item in "pqr"], *[("b", f"x{n}", None) for n in range(6)])
    protocol = Protocol("leave-last-out", sampled=2)
    questions = questions_of(protocol.split(data), protocol)
    counts = np.zeros(len(data.catalogue))
    for seed in range(600):
        np.add.at(counts, draw(questions, 2, seed=seed)[0][1:], 1)
    assert counts[data.items[data.users == 0]].sum() == 0
    assert np.abs(counts[counts > 0] - 200).max() < 50 and (counts > 0).sum() == 6
    one, same, other = (draw(questions, 2, seed=seed) for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))


def test_candidates_stay_in_the_domain_that_is_asked_for() -> None:
    films = [("a", f"f{n}", None) for n in range(4)]
    more = [("b", item, None) for item in ("g", "x", "y", "z")]
    parts = ["train", "train", "train", "test", *["train"] * 4]
    data = rows(*films, *more, domain=["films"] * 5 + ["books"] * 3, split=parts)
    protocol = Protocol("given", settings={"validation_share": 0.0})
    questions = questions_of(protocol.split(data), protocol)
    assert data.item_ids.decode(draw(questions, 1)[0]) == ["films:f3", "films:g"]
    with pytest.raises(Refused, match="at least 2 items that an asker neither had nor wants, got 1"):
        draw(questions, 2)


def test_ranks_are_those_of_the_candidates_by_the_scores_of_the_model() -> None:
    data = many()
    split = NCF.split(data)
    questions = questions_of(split, NCF)
    model = Walk().fit(split.before_test())
    report = evaluate_fitted(model, split, NCF, resamples=0)
    scores = model.score(questions.queries(slice(0, len(questions)))).values
    hits = []
    for row, candidates in enumerate(draw(questions, 5, seed=NCF.seed)):
        order = sorted(candidates.tolist(), key=lambda code: (-scores[row, code], code))
        hits.append(questions.answers[questions.indptr[row]] in order[:3])
    assert report.models[0].metrics["hit_rate@3 sampled@5"].value == pytest.approx(np.mean(hits))
    assert 0 < np.mean(hits) < 1


def test_no_number_can_be_taken_for_one_of_the_full_catalogue() -> None:
    report = evaluate({"walk": Walk(), "count": ByCount()}, many(), NCF, resamples=20)
    names = [*report.models[0].metrics, *(d.metric for d in report.differences)]
    names += [name for part in report.models[0].slices for name in part.metrics]
    assert names and all(name.endswith(" sampled@5") for name in names)
    table = report.table()
    assert "ndcg@3 sampled@5" in table and "warning: lists rank the right answers among 5 drawn items" in table
    assert "walk - count" in table and "candidates: right answers and 5 drawn items" in table
    with pytest.raises(NotFound, match="no metric called 'ndcg@3'"):
        report.best("ndcg@3")


def test_the_answer_does_not_depend_on_the_batch_size() -> None:
    one, two = (evaluate(Walk(), many(), NCF, batch_size=size, resamples=0).models[0].metrics for size in (7, None))
    assert one == two


def test_no_opinion_is_an_empty_list() -> None:
    data = rows(("a", "p", 10**12), ("a", "q", 10**12 + 1), ("b", "p", 10**12 + 9), ("c", "q", 10**12 + 9))
    told = {"validation_from": 10**12 + 5, "test_from": 10**12 + 6}
    protocol = Protocol("global-time", k=1, sampled=1, settings=told)
    shy, bold = evaluate({"shy": Shy(), "bold": ByCount()}, data, protocol, resamples=0).models
    assert (shy.no_opinion_share, bold.no_opinion_share) == (1.0, 0.0)
    assert shy.metrics["recall@1 sampled@1"].value == 0.0


def test_a_model_with_another_catalogue_ranks_by_ids() -> None:
    data = rows(
        *[("a", item, None) for item in "pqr"],
        *[("b", item, None) for item in "pqs"],
        *[(user, item, None) for user, items in (("y", "sr"), ("z", "tu")) for item in items],
    )
    protocol = Protocol("leave-last-out", k=1, sampled=3)
    # a wants r beside s, t, u; b wants s beside r, t, u. This model has other codes and does not know u: s is its best.
    other = rows(*[(user, item, None) for user, items in (("a", "tsr"), ("b", "sr"), ("c", "s")) for item in items])
    report = evaluate_fitted(ByCount().fit(other), protocol.split(data), protocol, resamples=0)
    assert report.models[0].metrics["recall@1 sampled@3"].value == 0.5
