"""BPR against a plain loop over pairs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Act, Queries, Query
from crossrec.models.boards import checkerboard
from crossrec.models.classic.bpr import BPR


def drawn(seed: int, users: int, items: int, share: float = 0.3) -> Interactions:
    """Draw interactions; item 0 is had by everyone, so that no set is empty."""
    had = np.random.default_rng(seed).random((users, items)) < share
    had[:, 0] = True
    user, item = np.nonzero(had)
    return Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))


def learned_plainly(had: np.ndarray, factors: int, epochs: int, rate: float, l2: float) -> tuple[np.ndarray, ...]:
    """Do what the docstring of BPR says, a pair at a time, in float64."""
    chance, size = random(0), (had.shape[1], factors + 1)
    past, items = (0.1 * chance.standard_normal(size, dtype=np.float32).astype(np.float64) for _ in range(2))
    items[:, -1] = 0
    past_squares, item_squares = np.full(size, 0.1), np.full(size, 0.1)
    cells = np.flatnonzero(had)  # row-major, like the sparse matrix
    for _ in range(epochs):
        order, drawn_items = chance.permutation(len(had)), chance.integers(0, had.shape[1], len(cells), dtype=np.int32)
        for user in order:
            mine = np.flatnonzero(cells // had.shape[1] == user)
            own = cells[mine] % had.shape[1]
            whole, gained, share = past[own, :-1].sum(axis=0), np.zeros(factors), (len(own) - 1) ** -0.5
            for item, other in zip(own, drawn_items[mine], strict=True):
                if had[user, other]:
                    continue
                person = np.append((whole - past[item, :-1]) * share, 1)
                gain = 1 / (1 + np.exp(person @ (items[item] - items[other])))
                pull = gain * (items[item] - items[other])[:-1] * share
                for code, sign in ((item, 1), (other, -1)):
                    slope = sign * gain * person - l2 * items[code]
                    item_squares[code] += slope**2
                    items[code] += rate * slope / np.sqrt(item_squares[code])
                past[item, :-1] -= rate * pull / np.sqrt(past_squares[item, :-1])
                gained += pull
            for item in own:
                slope = gained - l2 * past[item, :-1]
                past_squares[item, :-1] += slope**2
                past[item, :-1] += rate * slope / np.sqrt(past_squares[item, :-1])
    return past[:, :-1], items


def test_it_learns_what_a_plain_loop_learns() -> None:
    had = drawn(4, 15, 12).csr().toarray() > 0
    had[:, 1:3] |= ~had[:, 1:].any(axis=1)[:, None]  # the plain loop needs two items a person
    user, item = np.nonzero(had)
    data = Interactions.from_frame(pl.DataFrame({"user_id": user, "item_id": item}))
    np.testing.assert_array_equal(data.csr().toarray() > 0, had)
    model = BPR(factors=3, epochs=5, learning_rate=0.1, l2=0.01).fit(data)
    past, items = learned_plainly(had, 3, 5, 0.1, 0.01)
    np.testing.assert_allclose(model.past_, past, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.items_, items, rtol=1e-3, atol=1e-4)


def test_a_score_is_the_bias_and_the_product_with_the_history() -> None:
    model = BPR(factors=5).fit(drawn(3, 30, 12))
    queries = Queries.from_queries([Query(history=(Act(1), Act(5), Act(99)))], model.catalogue_)
    person = (model.past_[1] + model.past_[5]) / np.sqrt(2)
    expected = model.items_[:, :-1] @ person + model.items_[:, -1]
    np.testing.assert_allclose(model.score(queries).values[0], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.score(queries, [7, 2]).values[0], expected[[7, 2]], rtol=1e-4, atol=1e-5)


def test_held_out_items_rank_above_others() -> None:
    """Groups of taste: of each person one liked item is held out, and is to rank above most of other groups'."""
    chance = np.random.default_rng(0)
    user, item = np.nonzero((np.arange(80)[:, None] % 4 == np.arange(40) % 4) & (chance.random((80, 40)) < 0.7))
    held = np.unique(user, return_index=True)[1]
    train = np.delete(np.arange(len(user)), held)
    rows = pl.DataFrame({"user_id": user, "item_id": item})
    noise = pl.DataFrame({"user_id": np.arange(80), "item_id": chance.integers(0, 40, 80)})
    model = BPR(factors=8).fit(Interactions.from_frame(pl.concat([rows[train.tolist()], noise])))
    queries = model.histories_.queries(user[held].tolist())
    values = model.score(queries, list(range(40))).values
    other = np.arange(40)[None, :] % 4 != user[held][:, None] % 4
    won = [float((values[row, item[held[row]]] > values[row, other[row]]).mean()) for row in range(80)]
    assert np.mean(won) > 0.95


def test_the_reason_adds_most() -> None:
    model = BPR(factors=5).fit(drawn(2, 30, 12))
    terms = model.past_[[1, 5]] @ model.items_[:, :-1].T
    queries = Queries.from_queries([Query(history=(Act(1), Act(5)))], model.catalogue_)
    best = np.where(terms.max(axis=0) > 0, np.array([1, 5])[terms.argmax(axis=0)], -1)
    assert model.explain(queries, np.arange(12, dtype=np.int32)[None, :]).tolist() == [best.tolist()]


def test_another_seed_is_another_model() -> None:
    one, other = (BPR(epochs=2, seed=seed).fit(checkerboard()).items_ for seed in (0, 1))
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("setting", [{"factors": 0}, {"epochs": 0}, {"learning_rate": 0.0}, {"l2": -1.0}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="BPR: expected"):
        BPR(**setting).fit(checkerboard())  # type: ignore[arg-type]
