"""BiTGCF: the published steps, one domain, several, and persons who are in one alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars as pl
import pytest
import torch

from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Query
from crossrec.models.boards import checkerboard, two_domain_board
from crossrec.models.graph.lightgcn import LightGCN
from crossrec.models.recommender import as_queries
from crossrec.models.training.bags import sums_of
from crossrec.models.training.export import export_onnx
from crossrec.models.transfer._exchange import Exchange, apart, mixing
from crossrec.models.transfer.bitgcf import BiTGCF
from crossrec.models.transfer.gated import Gated

SMALL = {**BiTGCF.small, "seed": 3}


@pytest.fixture(scope="module")
def board() -> BiTGCF:
    return BiTGCF(**SMALL).fit(two_domain_board())


def random_world(domains: int, users: int = 30, items: int = 12) -> Interactions:
    """Make persons who had items of some domains, by chance; every fifth is in one domain alone."""
    chance, rows = random(domains), []
    for user in range(users):
        for domain in range(domains):
            if user % 5 == 0 and domain != user % domains:
                continue
            some = chance.permutation(items)[: chance.integers(1, 6)].tolist()
            rows += [(f"u{user}", "abcdef"[domain], str(item)) for item in some]
    return Interactions.from_frame(pl.DataFrame(rows, schema=["user_id", "domain", "item_id"], orient="row"))


@pytest.mark.parametrize("settings", [{"negatives": 0}, {"negatives": 5}, {"layers": 1}, {"layers": 4, "own": 0.3}])
def test_on_one_domain_it_is_lightgcn(settings: dict[str, Any]) -> None:
    told = {**SMALL, "epochs": 4, **settings}
    plain = {name: value for name, value in told.items() if name != "own"}
    mine, other = BiTGCF(**told).fit(checkerboard()), LightGCN(**plain).fit(checkerboard())
    users = ["u000", "u005"]
    np.testing.assert_array_equal(
        mine.score(mine.histories_.queries(users)).values, other.score(other.histories_.queries(users)).values
    )
    assert mine.curve_ == other.curve_


def test_the_mix_of_two_domains_is_the_published_one() -> None:
    """Half lambda and 1 - lambda, half the shares of what was had; who is in one domain alone mixes nothing in it."""
    counts = torch.tensor([[3.0, 1.0], [4.0, 0.0], [0.0, 0.0]])
    both, one, nothing = mixing(counts, 0.8)
    np.testing.assert_allclose(both, [[0.4 + 0.375, 0.1 + 0.125], [0.1 + 0.375, 0.4 + 0.125]], rtol=1e-6)
    np.testing.assert_allclose(one, [[1, 0], [1, 0]])
    assert not nothing.any()


@pytest.mark.parametrize("own", [0.0, 0.4, 1.0])
def test_the_mix_of_many_domains_adds_up_to_one(own: float) -> None:
    counts = torch.from_numpy(random(0).integers(0, 3, (200, 4)).astype(np.float32))
    mix = mixing(counts, own)
    had = counts.sum(dim=1) > 0
    np.testing.assert_allclose(mix[had].sum(dim=2), 1.0, rtol=1e-5)
    assert (mix >= 0).all() and not mix[(counts == 0)[:, None].expand(-1, 4, -1)].any()


@pytest.mark.parametrize(("layers", "domains"), [(1, 2), (3, 2), (4, 3)])
def test_scores_are_those_of_the_steps_written_out_person_by_person(layers: int, domains: int) -> None:
    data = random_world(domains)
    model = BiTGCF(**{**SMALL, "layers": layers, "epochs": 1, "own": 0.7}).fit(data)
    seen, of = data.csr().toarray(), model.domains_
    degrees = np.maximum(seen.sum(axis=0), 1)
    counts = np.stack([seen[:, of == one].sum(axis=1) for one in range(domains)], axis=1)
    mix = mixing(torch.from_numpy(counts), 0.7).numpy()
    rng = np.random.default_rng(0)
    table = rng.normal(size=(seen.shape[1], 16)).astype(np.float32)

    def persons(vectors: np.ndarray) -> np.ndarray:
        found = np.zeros((len(seen), domains, 16))
        for user, row in enumerate(seen):
            own = np.zeros((domains, 16))
            for item in np.flatnonzero(row):
                own[of[item]] += vectors[item] / np.sqrt(degrees[item] * counts[user, of[item]])
            found[user] = mix[user] @ own
        return found

    steps = [table.astype(np.float64)]
    for _ in range(layers // 2):
        told, after = persons(steps[-1]), np.zeros_like(steps[-1])
        for user, item in np.argwhere(seen):
            after[item] += told[user, of[item]] / np.sqrt(degrees[item] * counts[user, of[item]])
        steps.append(after)
    last, targets = persons(np.mean(steps[: (layers + 1) // 2], axis=0)), np.mean(steps, axis=0)
    expected = np.stack(
        [[last[user, of[item]] @ targets[item] for item in range(len(of))] for user in range(len(seen))]
    )
    model.weights_ = model._after_exchange(torch.from_numpy(table), model._exchange(data.csr()))
    found = model.score(model.histories_.queries(data.user_ids.series.to_list())).values
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_the_loss_is_a_softmax_within_each_domain_each_act_alike() -> None:
    data = random_world(2)
    model = BiTGCF(**{**SMALL, "epochs": 1, "dropout": 0.0, "hidden": 0.0, "batch_size": 7, "layers": 3}).fit(data)
    seen = data.csr()
    graphs = Exchange.of(seen, model.domains_, 2, model.own)
    table = torch.randn(seen.shape[1], 16, generator=torch.Generator().manual_seed(0))
    after = model._walked(table, graphs)
    batch = next(model._batches_apart(seen, graphs.graph.item_scale, 0))
    persons = batch.mix @ sums_of(batch.bags, after.sources).view(7, 2, -1)
    told, acts = 0.0, 0
    for domain, (rows, bags) in enumerate(batch.asked):
        here = np.flatnonzero(model.domains_ == domain)
        chances = torch.log_softmax(persons[rows, domain] @ after.targets[here].T, dim=1)
        lines = torch.repeat_interleave(torch.arange(len(rows)), bags.sizes)
        told -= float(chances[lines, bags.items].sum())
        acts += len(bags.items)
    assert float(model._lost(table, graphs, batch)) == pytest.approx(told / acts, rel=1e-4)


def test_of_each_history_a_share_is_left_out_and_all_of_it_is_asked_for() -> None:
    data = random_world(2)
    model = BiTGCF(**{**SMALL, "epochs": 1, "dropout": 0.6, "hidden": 0.0, "batch_size": 8}).fit(data)
    seen, scale = data.csr(), np.ones(len(data.catalogue), dtype=np.float32)
    batches = list(model._batches_apart(seen, scale, 0))
    values = np.concatenate([batch.bags.values.numpy() for batch in batches])
    assert 0.25 < np.mean(values > 0) < 0.6
    assert sum(len(bags.items) for batch in batches for _, bags in batch.asked) == seen.nnz
    for batch in batches:
        sums = np.add.reduceat(np.append(batch.bags.values.numpy() ** 2, 0), batch.bags.starts.numpy())
        full = np.diff(np.append(batch.bags.starts.numpy(), len(batch.bags.values))) > 0
        assert np.isin(np.round(sums[full], 4), (0, 1)).all()  # over the root of what is left in that domain


def test_of_some_persons_a_domain_is_hidden_whole_and_still_asked_for() -> None:
    data = random_world(2)
    model = BiTGCF(**{**SMALL, "epochs": 1, "dropout": 0.0, "hidden": 1.0, "batch_size": 30}).fit(data)
    batch = next(model._batches_apart(data.csr(), np.ones(len(data.catalogue), dtype=np.float32), 0))
    heard = np.add.reduceat(np.append(batch.bags.values.numpy() > 0, 0), batch.bags.starts.numpy())
    heard[np.diff(np.append(batch.bags.starts.numpy(), len(batch.bags.values))) == 0] = 0
    heard, had = heard.reshape(-1, 2), batch.bags.sizes.numpy().reshape(-1, 2)
    both = (had > 0).all(axis=1)
    assert ((heard[both] > 0).sum(axis=1) == 1).all() and (heard[~both] == had[~both]).all()
    assert sum(len(bags.items) for _, bags in batch.asked) == data.csr().nnz
    assert 0 < (heard[both, 0] == 0).mean() < 1


def test_films_find_the_books_of_the_same_taste_and_the_films_that_tell_it(board: BiTGCF) -> None:
    for parity in (0, 1):
        history = tuple(Act(f"films:{number}") for number in range(parity, 8, 2))
        (found,) = board.recommend(Query(history=history, domain="books"), k=4).ids()
        assert [int(str(book).removeprefix("books:")) % 2 for book in found] == [parity] * 4
    queries = as_queries(board, [Query(history=tuple(Act(f"films:{number}") for number in (0, 3, 4)), domain="books")])
    items = np.array([board.catalogue_.ids.encode(["books:2", "books:5"])], dtype=np.int32)
    reasons = board.catalogue_.ids.decode(board.explain(queries, items)[0])
    assert reasons[0] in ("films:0", "films:4") and reasons[1] == "films:3"


def test_what_was_had_in_the_domain_asked_weighs_more_where_own_is_more() -> None:
    """The same history of both tastes, one in films and one in books: the less films tell, the more books do."""
    data, history = two_domain_board(), (*(Act(f"films:{one}") for one in (0, 2, 4)), Act("books:1"))
    odd = []
    for own in (0.0, 1.0):
        model = BiTGCF(**{**SMALL, "own": own}).fit(data)
        values = model.score(as_queries(model, [Query(history=history, domain="books")])).values[0]
        books = [values[model.catalogue_.ids.code(f"books:{one}")] for one in (2, 3)]
        odd.append(books[1] - books[0])
    assert odd[1] > odd[0]


def test_parts_of_a_history_are_laid_domain_by_domain() -> None:
    rows = two_domain_board().csr()[:3]
    of = (np.arange(rows.shape[1]) % 2).astype(np.int32)
    parts = apart(rows, of, 2).toarray().reshape(3, 2, -1)
    np.testing.assert_array_equal(parts.sum(axis=1), rows.toarray())
    assert not parts[:, 0, 1::2].any() and not parts[:, 1, ::2].any()


@pytest.mark.parametrize("shared", [True, False])
def test_onnxruntime_says_what_the_model_says_of_several_domains(shared: bool, tmp_path: Path) -> None:
    model = BiTGCF(**{**SMALL, "epochs": 3}).fit(two_domain_board(shared=shared))
    export_onnx(model, tmp_path / "net.onnx")
    asked = [Query(history=some) for some in ((Act("films:2"), Act("books:3")), (Act("films:5"),), (Act("books:1"),))]
    queries = as_queries(model, asked)
    (found,) = onnxruntime.InferenceSession(tmp_path / "net.onnx").run(["scores"], {"history": queries.csr().toarray()})
    np.testing.assert_allclose(found, model.score(queries).values, rtol=1e-4, atol=1e-5)


def test_it_is_a_part_of_the_gate_and_settings_out_of_range_are_refused() -> None:
    gate = Gated(control="item_knn", transfer="bitgcf factors=16 epochs=10 learning_rate=0.05").fit(two_domain_board())
    assert gate.recommend(["u000"], k=3, domain="books").ids()[0]
    for wrong in ({"own": 1.5}, {"hidden": -0.1}):
        with pytest.raises(InvalidInput, match="expected own and hidden in"):
            BiTGCF(**wrong).fit(checkerboard())
    with pytest.raises(InvalidInput, match="BiTGCF: expected layers >= 1, got 0"):
        BiTGCF(layers=0).fit(checkerboard())
    with pytest.raises(InvalidInput, match="nobody in the data did anything"):
        BiTGCF().fit(checkerboard().take(np.zeros(0, dtype=np.int64)))
