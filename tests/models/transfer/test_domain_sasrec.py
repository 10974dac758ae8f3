"""DomainSASRec: one history over all domains, read towards the domain that is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars as pl
import pytest
import torch

from crossrec.core.clock import random
from crossrec.core.errors import NotFound
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Query
from crossrec.models.boards import checkerboard, two_domain_board
from crossrec.models.recommender import as_queries
from crossrec.models.sequence.sasrec import SASRec
from crossrec.models.training.export import export_onnx
from crossrec.models.transfer.domain_sasrec import DomainSASRec

SMALL = {**DomainSASRec.small, "seed": 3}


def moods(persons: int = 60) -> Interactions:
    """Make persons whose taste, a parity, turns over and over: of each mood three films, and then three books."""
    chance, rows = random(5), []
    for person in range(persons):
        order = {(name, mood): chance.permutation(6) for name in ("films", "books") for mood in (0, 1)}
        for turn in range(4):
            mood = (person + turn) % 2
            for name in ("films", "books"):
                numbers = order[name, mood][3 * (turn // 2) :][:3]
                rows += [(f"u{person}", name, str(2 * number + mood)) for number in numbers]
    frame = pl.DataFrame(rows, schema=["user_id", "domain", "item_id"], orient="row")
    return Interactions.from_frame(frame.with_columns(timestamp=1_600_000_000_000 + pl.int_range(pl.len()) * 60_000))


def films(*numbers: int) -> tuple[Act, ...]:
    return tuple(Act(f"films:{number}") for number in numbers)


@pytest.fixture(scope="module")
def board() -> DomainSASRec:
    return DomainSASRec(**SMALL).fit(two_domain_board())


def parities(model: DomainSASRec, history: tuple[Act, ...], k: int = 4) -> list[int]:
    (found,) = model.recommend(Query(history=history, domain="books"), k=k).ids()
    return [int(str(item).removeprefix("books:")) % 2 for item in found]


def test_films_find_the_books_of_the_same_taste(board: DomainSASRec) -> None:
    assert parities(board, films(0, 4, 6)) == [0] * 4
    assert parities(board, films(1, 5, 7)) == [1] * 4


def test_of_two_moods_the_last_one_speaks() -> None:
    """The same films in another order find other books."""
    model = DomainSASRec(**SMALL).fit(moods())
    even, odd = (0, 4, 6), (1, 5, 7)
    assert parities(model, films(*even, *odd)) == [1] * 4
    assert parities(model, films(*odd, *even)) == [0] * 4


@pytest.mark.parametrize("loss", ["softmax", "sampled", "gbce"])
def test_on_one_domain_it_is_sasrec(loss: str) -> None:
    settings: dict[str, Any] = {**SMALL, "epochs": 4, "loss": loss, "negatives": 5}
    mine, other = DomainSASRec(**settings).fit(checkerboard()), SASRec(**settings).fit(checkerboard())
    users = ["u000", "u005"]
    np.testing.assert_array_equal(
        mine.score(mine.histories_.queries(users)).values, other.score(other.histories_.queries(users)).values
    )


@pytest.mark.parametrize("loss", ["softmax", "sampled", "gbce"])
def test_an_act_pushes_away_no_item_of_another_domain(loss: str) -> None:
    """Of the films only those of the history are moved by what a book was, and so is none of the films' own parts."""
    model = DomainSASRec(**{**SMALL, "loss": loss, "negatives": 5, "epochs": 1}).fit(two_domain_board())
    names = model.catalogue_.domain_names
    network = model.form(24).train()
    inside = torch.from_numpy(model.catalogue_.in_domain("films"))
    codes = torch.from_numpy(model.catalogue_.codes_of(["films:0", "films:2", "books:4"]).astype(np.int64))
    model.loss_of(network, (codes[None, :2], torch.tensor([[-1, int(codes[2])]]))).backward()  # type: ignore[no-untyped-call]
    moved = network.table.weight.grad.abs().sum(1)[:24] > 0
    assert not (moved & inside)[[code for code in range(24) if code not in codes[:2]]].any()
    assert (moved & ~inside).sum() > 1
    turned = {name: bool(network.turns.grad[code].any()) for code, name in enumerate(names)}
    assert turned == {"films": False, "books": True}


def test_each_domain_has_a_reading_of_its_own(board: DomainSASRec) -> None:
    """Another turn for films changes what is said about films, and no book."""
    queries = as_queries(board, [Query(history=films(0, 4))])
    names = board.catalogue_.domain_names
    before = {name: board.score(queries.to(name)).values for name in names}
    turned = {name: value.copy() for name, value in board.weights_.items()}
    turned["turns"][names.index("films")] += 0.5
    other = DomainSASRec(**SMALL)
    other.__dict__.update({**vars(board), "weights_": turned, "_ready": None})
    after = {name: other.score(queries.to(name)).values for name in names}
    np.testing.assert_array_equal(before["books"], after["books"])
    assert np.abs(before["films"] - after["films"]).max() > 0.01


def test_scores_of_all_domains_are_one_probability(board: DomainSASRec) -> None:
    """Asked for all, probabilities add up to 1; within a domain they rank as if it had been asked for."""
    queries = board.histories_.queries(["u000", "u007"])
    whole = board.score(queries).values
    np.testing.assert_allclose(np.exp(whole).sum(1), 1.0, rtol=1e-5)
    for name in board.catalogue_.domain_names:
        inside = board.catalogue_.in_domain(name)
        alone = board.score(queries.to(name)).values
        np.testing.assert_allclose(np.exp(alone[:, inside]).sum(1), 1.0, rtol=1e-5)
        assert np.ptp(whole[:, inside] - alone[:, inside], axis=1).max() < 1e-4
        assert not alone[:, ~inside].any()
    with pytest.raises(NotFound, match="films"):
        board.score(queries.to("film"))


def test_onnxruntime_says_what_the_model_says(board: DomainSASRec, tmp_path: Path) -> None:
    export_onnx(board, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    histories = [[3], [1, 20, 3]]
    ids = board.catalogue_.ids.series.to_list()
    asked = [Query(history=tuple(Act(ids[code]) for code in mine)) for mine in histories]
    table = np.array([mine + [0] * (3 - len(mine)) for mine in histories], dtype=np.int64)
    (found,) = session.run(["scores"], {"items": table, "lengths": np.array([1, 3])})
    np.testing.assert_allclose(found, board.score(as_queries(board, asked)).values, rtol=1e-4, atol=1e-5)
