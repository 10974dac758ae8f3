"""Evaluation end to end, on data small enough to work out by hand."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from stubs import ByCount, Shy, Walk, many, rows

from crossrec.core.errors import InvalidInput, NotFound, OutOfBudget, Refused
from crossrec.evaluation.evaluate import evaluate, evaluate_fitted
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import questions_of
from crossrec.evaluation.report import Report
from crossrec.metrics.significance import holm

# Train: a: p q, b: p r, c: p q s. Validation: a r, b q, c r. Test: a s, b s, c p again.
SMALL = rows(
    *[("a", item, None) for item in "pqrs"],
    *[("b", item, None) for item in "prqs"],
    *[("c", item, None) for item in "pqsrp"],
)


def values(report: Report, model: int = 0) -> dict[str, float]:
    return {name: number.value for name, number in report.models[model].metrics.items()}


def test_by_hand() -> None:
    report = evaluate(ByCount(), SMALL, Protocol("leave-last-out", k=2), resamples=0)
    found = values(report)
    # a and b have had p, q, r (the validation item is history): their list is s alone. c has had all: empty.
    assert found["recall@2"] == pytest.approx(2 / 3)
    assert found["precision@2"] == pytest.approx(1 / 3)
    assert found["mrr@2"] == found["ndcg@2"] == found["map@2"] == pytest.approx(2 / 3)
    assert found["coverage@2"] == 0.25
    assert found["gini@2"] == 0.75
    assert found["novelty@2"] == pytest.approx(np.log2(3))
    assert report.exam == {
        "users": 3,
        "lists": 3,
        "answers": 3,
        "unseen_item_share": 0,
        "known_item_share": pytest.approx(1 / 3),
    }


def test_repeats_bring_the_known_item_back() -> None:
    report = evaluate(ByCount(), SMALL, Protocol("leave-last-out", k=1, repeats=True), resamples=0)
    # Everybody's best is p, with three training rows: right for c alone.
    assert values(report)["recall@1"] == pytest.approx(1 / 3)
    masked = evaluate(ByCount(), SMALL, Protocol("leave-last-out", k=1), resamples=0)
    assert masked.protocol["hash"] != report.protocol["hash"]
    assert "masked (a miss)" in masked.table()
    assert "masked (a miss)" not in report.table()


def test_validation_asks_without_the_validation_item_in_history() -> None:
    report = evaluate(ByCount(), SMALL, Protocol("leave-last-out", k=1, part="validation"), resamples=0)
    # Counts: p 3, q 2, r 1, s 1. a has p q and gets r: right. b has p r and gets q: right. c has p q s, gets r: right.
    assert values(report)["recall@1"] == 1.0


def test_the_answer_does_not_depend_on_the_batch_size() -> None:
    data = many()
    protocol = Protocol("leave-last-out", k=5, cutoffs=(1, 3))
    models = {"walk": Walk(), "count": ByCount()}
    told = [evaluate(models, data, protocol, batch_size=size).to_dict() for size in (1, 7, 60, None)]
    for one in told:
        for model in one["models"]:
            del model["fit_seconds"], model["peak_mb"], model["lists_per_second"]
    assert told[0] == told[1] == told[2] == told[3]


def test_an_item_that_training_never_had_is_a_miss_and_counted() -> None:
    data = rows(
        *[("a", item, None) for item in "pqrx"],
        *[("b", item, None) for item in "qpry"],
        *[("c", i, None) for i in "prqs"],
    )
    report = evaluate(ByCount(-1.0), data, Protocol("leave-last-out", k=9), resamples=0)
    # The list of a fewest-first model holds x, y and s, which no training row has: no hit all the same.
    assert values(report)["recall@9"] == 0.0
    assert report.exam["unseen_item_share"] == 1.0
    assert "100.0% of them never occur in training" in report.table()


def test_no_opinion_is_a_miss_and_counted() -> None:
    data = rows(("a", "p", 10**12), ("a", "q", 10**12 + 1), ("b", "p", 10**12 + 9), ("c", "q", 10**12 + 9))
    protocol = Protocol("global-time", k=1, settings={"validation_from": 10**12 + 5, "test_from": 10**12 + 6})
    shy, bold = evaluate({"shy": Shy(), "bold": ByCount()}, data, protocol, resamples=0).models
    assert (shy.no_opinion_share, bold.no_opinion_share) == (1.0, 0.0)
    assert shy.metrics["recall@1"].value == 0.0
    assert shy.metrics["recall@1"].n == 2
    assert bold.metrics["recall@1"].value == 0.5
    assert shy.metrics["novelty@1"].n == 0


def test_each_domain_is_its_own_question() -> None:
    films = [("a", f"f{n}", None) for n in (1, 2, 3)] + [("b", f"f{n}", None) for n in (1, 3, 2)]
    books = [("a", f"b{n}", None) for n in (1, 2, 3)] + [("c", f"b{n}", None) for n in (1, 2, 3)]
    parts = ["train", "train", "test"] * 4
    data = rows(*films, *books, domain=["films"] * 6 + ["books"] * 6, split=parts)
    report = evaluate(ByCount(), data, Protocol("given", k=5), resamples=50)
    assert (report.exam["users"], report.exam["lists"], report.exam["answers"]) == (3, 4, 4)
    slices = {part.value: part.metrics for part in report.models[0].slices if part.by == "domain"}
    # Books are lists of books alone: book 3 is asked for twice, and training never had it.
    assert slices["books"]["coverage@5"].value == pytest.approx(1 / 3)
    assert slices["books"]["recall@5"].value == 0.0
    assert slices["films"]["recall@5"].value == 1.0
    assert slices["films"]["recall@5"].n == 2
    assert values(report)["recall@5"] == 0.5


def test_slices_by_history_and_popularity_add_up() -> None:
    report = evaluate(Walk(), many(), Protocol("random", k=5), resamples=20)
    whole = report.models[0].metrics["recall@5"]
    parts = [part for part in report.models[0].slices if part.by == "history"]
    assert {part.value for part in parts} <= {"0", "1-2", "3-5", "6-10", "11+"}
    assert sum(part.metrics["recall@5"].n for part in parts) == whole.n
    mean = sum(part.metrics["recall@5"].value * part.metrics["recall@5"].n for part in parts) / whole.n
    assert mean == pytest.approx(whole.value)
    popular = {part.value: part.metrics["hit_rate@5"] for part in report.models[0].slices if part.by == "popularity"}
    hits = sum(number.value * number.n for number in popular.values())
    assert hits == pytest.approx(report.models[0].metrics["hit_rate@5"].value * whole.n)
    assert not [part for part in report.models[0].slices if part.by == "domain"]


def test_slices_as_text_have_every_model() -> None:
    report = evaluate({"up": ByCount(), "down": ByCount(-1.0)}, many(), Protocol("leave-last-out", k=5), resamples=0)
    lines = [line.split() for line in report.sliced("recall@5").splitlines()]
    assert lines[0] == ["recall@5", "n", "up", "down"]
    found = {" ".join(line[:-3]): line[-3:] for line in lines[1:]}
    for place, part in enumerate(report.models[0].slices):
        values = [model.slices[place].metrics["recall@5"].value for model in report.models]
        expected = [str(part.metrics["recall@5"].n), *(f"{value:.4f}" for value in values)]
        assert found.pop(f"{part.by}: {part.value}") == expected
    assert not found
    assert "popularity:" not in report.sliced("novelty@5"), "which counts answers alone"
    with pytest.raises(NotFound, match="no metric in slices called 'recall@50'"):
        report.sliced("recall@50")


def test_new_persons_are_a_slice_beside_known_ones() -> None:
    data = rows(
        *[("a", "p", 10**12), ("b", "p", 10**12), ("b", "q", 10**12 + 1)],
        *[("a", "q", 10**12 + 9), ("c", "p", 10**12 + 9), ("d", "q", 10**12 + 9)],
    )
    protocol = Protocol("global-time", k=1, settings={"validation_from": 10**12 + 5, "test_from": 10**12 + 6})
    slices = evaluate(ByCount(), data, protocol, resamples=0).models[0].slices
    found = {part.value: part.metrics["recall@1"] for part in slices if part.by == "person"}
    assert {name: (number.value, number.n) for name, number in found.items()} == {"known": (1, 1), "new": (0.5, 2)}
    everybody = evaluate(ByCount(), many(), "leave-last-out", resamples=0).models[0].slices
    assert not [part for part in everybody if part.by == "person"]


def test_differences_are_paired_and_signed() -> None:
    models = {"one": ByCount(), "same": ByCount(), "down": ByCount(-1.0)}
    report = evaluate(models, many(), Protocol("leave-last-out", k=5))
    found = {(d.a, d.b): d for d in report.differences if d.metric == "ndcg@5"}
    assert list(found) == [("one", "same"), ("one", "down"), ("same", "down")]
    same = found["one", "same"]
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    gap = report.model("one").metrics["ndcg@5"].value - report.model("down").metrics["ndcg@5"].value
    assert found["one", "down"].value == pytest.approx(gap)
    assert found["one", "down"].low < gap < found["one", "down"].high
    against = evaluate(models, many(), Protocol("leave-last-out", k=5), reference="same", resamples=10)
    assert {(d.a, d.b) for d in against.differences} == {("one", "same"), ("down", "same")}


def test_p_is_corrected_for_the_pairs_of_a_metric() -> None:
    models = {"walk": Walk(), "count": ByCount(), "down": ByCount(-1.0)}
    differences = evaluate(models, many(), Protocol("leave-last-out", k=5), metrics=["ndcg", "recall"]).differences
    for metric in ("ndcg@5", "recall@5"):
        rows = [d for d in differences if d.metric == metric]
        assert [d.p_holm for d in rows] == holm(np.array([d.p_permutation for d in rows])).tolist()
        assert any(d.p_holm > d.p_permutation for d in rows)
    alone = evaluate({"walk": Walk(), "count": ByCount()}, many(), "leave-last-out", metrics=["ndcg"]).differences
    assert [d.p_holm for d in alone] == [d.p_permutation for d in alone]


def test_new_persons_are_asked_with_their_own_histories() -> None:
    # Everybody had p and q together with three of their own; a held person's answer is one of the five.
    data = rows(*[(f"u{n:02}", item, None) for n in range(30) for item in ("p", "q", f"x{n}", f"y{n}", f"z{n}")])
    protocol = Protocol("new-users", k=2, settings={"validation_persons": 2, "test_persons": 10})
    split = protocol.split(data)
    questions = questions_of(split, protocol)
    assert len(questions) == 10 and (questions.history_lengths == 4).all()
    assert not set(questions.users.tolist()) & set(split.train.users.tolist())
    report = evaluate(Walk(), data, protocol, resamples=0)
    answers = data.item_ids.decode(split.test.items)
    assert values(report)["recall@2"] == np.mean([answer in ("p", "q") for answer in answers]) > 0
    assert report.exam["unseen_item_share"] == np.mean([answer not in ("p", "q") for answer in answers])


def test_a_model_is_handed_the_histories_of_new_persons_in_validation() -> None:
    got = []

    @dataclasses.dataclass
    class Spy(ByCount):
        def fit(self, train, *, validation=None):  # type: ignore[no-untyped-def]
            got.append((train, validation))
            return super().fit(train, validation=validation)

    protocol = Protocol("new-users", settings={"validation_persons": 3, "test_persons": 5})
    evaluate(Spy(), many(), protocol, resamples=0)
    evaluate(Spy(), many(), dataclasses.replace(protocol, fit_on="train+validation"), resamples=0)
    (train, validation), (both, nothing) = got
    assert sorted(set(validation.splits.tolist())) == [0, 1]
    assert not set(validation.users.tolist()) & set(train.users.tolist())
    assert nothing is None and len(both) == len(train) + len(validation)


def test_every_number_carries_its_protocol_and_split() -> None:
    report = evaluate({"a": Walk(), "b": ByCount()}, many(), "leave-last-out", resamples=10)
    told = json.loads(report.to_json())
    assert set(told) == {"schema", "data_hash", "protocol", "exam", "models", "differences", "leakage"}
    assert {"name", "settings", "fit_seconds", "peak_mb", "metrics", "slices"} <= set(told["models"][0])
    assert {"a", "b", "metric", "value", "low", "high", "p", "p_permutation", "p_holm"} <= set(told["differences"][0])
    assert {"by", "value", "metrics"} == set(told["models"][0]["slices"][0])
    hashes = (told["protocol"]["hash"], told["protocol"]["split_hash"])
    carriers = [*told["differences"]]
    for model in told["models"]:
        carriers += [*model["metrics"].values(), *(n for part in model["slices"] for n in part["metrics"].values())]
    assert len(carriers) > 50
    for number in carriers:
        assert (number["protocol"], number["split"]) == hashes
    number = told["models"][0]["metrics"]["recall@10"]
    assert number["n"] == 60
    assert number["low"] <= number["value"] <= number["high"]
    assert told["models"][0]["metrics"]["coverage@10"]["low"] is None
    assert told["models"][1]["settings"] == {"sign": 1.0}
    assert told["data_hash"] == many().fingerprint


def test_the_split_hash_follows_the_data_and_the_protocol_hash_does_not() -> None:
    one, two = (evaluate(ByCount(), many(seed=seed), "random", resamples=0).protocol for seed in (0, 1))
    assert one["hash"] == two["hash"]
    assert one["split_hash"] != two["split_hash"]


def test_models_are_fitted_anew_on_train_alone() -> None:
    data, protocol = many(), Protocol("leave-last-out", k=5)
    leaking = ByCount().fit(data)
    before = leaking.counts_.copy()
    fresh = evaluate(ByCount(), data, protocol, resamples=0)
    assert values(evaluate(leaking, data, protocol, resamples=0)) == values(fresh)
    assert (leaking.counts_ == before).all()


def test_validation_is_handed_to_fit_only_where_it_is_not_learned_from() -> None:
    got = []

    @dataclasses.dataclass
    class Spy(ByCount):
        def fit(self, train, *, validation=None):  # type: ignore[no-untyped-def]
            got.append((len(train), None if validation is None else len(validation)))
            return super().fit(train, validation=validation)

    data = many(users=10)
    evaluate(Spy(), data, "leave-last-out", resamples=0)
    evaluate(Spy(), data, Protocol("leave-last-out", fit_on="train+validation"), resamples=0)
    assert got == [(len(data) - 20, 10), (len(data) - 10, None)]


def test_a_fitted_model_is_judged_as_it_is() -> None:
    data, protocol = many(), Protocol("leave-last-out", k=5)
    split = protocol.split(data)
    whole = evaluate(Walk(), data, protocol)
    fitted = evaluate_fitted(Walk().fit(split.train), split, protocol)
    assert values(fitted) == values(whole)
    assert np.isnan(fitted.models[0].fit_seconds)
    assert fitted.protocol == whole.protocol
    with pytest.raises(InvalidInput, match="'leave-last-out', by which the split was made"):
        evaluate_fitted(Walk().fit(split.train), split, "random")


def test_a_model_with_a_smaller_catalogue_is_judged_by_ids() -> None:
    data, protocol = SMALL, Protocol("leave-last-out", k=2)
    split = protocol.split(data)
    # Learns from users a and b alone, in a frame of its own, in which s has another code.
    other = rows(*[("a", item, None) for item in "qsp"], *[("b", item, None) for item in "ps"])
    report = evaluate_fitted(ByCount().fit(other), split, protocol, resamples=0)
    assert values(report)["recall@2"] == pytest.approx(2 / 3)


def test_progress_reaches_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    evaluate(ByCount(), many(), "random", batch_size=20, resamples=0, progress=lambda *step: told.append(step))
    assert told[-1][0] == "ByCount"
    assert told[-1][1] == told[-1][2]
    assert len(told) == 3


def test_only_the_metrics_asked_for() -> None:
    report = evaluate(ByCount(), many(), "random", metrics=["ndcg", "coverage"], resamples=0)
    assert list(report.models[0].metrics) == ["ndcg@10", "coverage@10"]
    only = evaluate(ByCount(), many(), "random", metrics=["gini"], resamples=10)
    assert list(only.models[0].metrics) == ["gini@10"]


def test_the_best_model_by_a_metric() -> None:
    report = evaluate({"up": ByCount(), "down": ByCount(-1.0)}, many(), Protocol("leave-last-out", k=5), resamples=0)
    higher = max(("up", "down"), key=lambda name: report.model(name).metrics["ndcg@5"].value)
    assert report.best("ndcg@5").name == higher
    with pytest.raises(NotFound, match="did you mean 'ndcg@5'"):
        report.best("ndgc@5")
    with pytest.raises(NotFound):
        report.model("left")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one"):
        evaluate({}, SMALL, "random")
    with pytest.raises(NotFound, match="did you mean 'ndcg'"):
        evaluate(ByCount(), SMALL, "random", metrics=["ndgc"])
    with pytest.raises(NotFound, match="no model called 'x'"):
        evaluate(ByCount(), SMALL, "random", reference="x")
    with pytest.raises(Refused):
        evaluate(ByCount(), SMALL, "global-time")
    with pytest.raises(InvalidInput, match="batch_size"):
        evaluate(ByCount(), SMALL, "leave-last-out", batch_size=0)
    with pytest.raises(InvalidInput, match="rows to ask about"):
        evaluate(ByCount(), rows(("a", "p", None), ("b", "q", None)), "leave-last-out")


def test_lists_that_would_not_fit_are_refused_before_they_are_made() -> None:
    with pytest.raises(OutOfBudget, match="places needs about"):
        evaluate(ByCount(), SMALL, Protocol("leave-last-out", k=10**12))


def test_places_beyond_the_catalogue_are_empty_and_count() -> None:
    found = values(evaluate(ByCount(), SMALL, Protocol("leave-last-out", k=50), resamples=0))
    assert found["recall@50"] == pytest.approx(2 / 3) and found["precision@50"] == pytest.approx(2 / 3 / 50)
