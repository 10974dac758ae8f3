"""BPR: its steps against a plain loop, its folding in against the loss itself, and its promises."""

from __future__ import annotations

import numba
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.stats import spearmanr

from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.models.boards import checkerboard
from crossrec.models.classic._folding import axes_of, fold_in, parts_of
from crossrec.models.classic._pairs import Factors, blocks_for, one_epoch
from crossrec.models.classic.bpr import BPR


def cells(users: int, items: int, seed: int = 0) -> sp.csr_array:
    """A matrix with two tastes and a skew."""
    chance = np.random.default_rng(seed)
    likes = np.add.outer(np.arange(users), np.arange(items)) % 2 == 0
    odds = 0.35 * likes / (1 + np.arange(items) / items * 3)
    return sp.csr_array((chance.random((users, items)) < odds).astype(np.float32))


def begun(seen: sp.csr_array, factors: int = 4, seed: int = 1) -> Factors:
    chance = random(seed)
    users, items = (chance.normal(0, 0.3, (rows, factors)).astype(np.float32) for rows in seen.shape)
    return Factors(users, items, np.zeros(seen.shape[1], dtype=np.float32))


def plain_epoch(factors: Factors, seen: sp.csr_array, chance: np.random.Generator, rate: float, l2: float) -> Factors:
    """Do the same in float64, one pair after the other, all items being one block."""
    users, items, biases = (part.astype(np.float64) for part in factors)
    order = chance.permutation(seen.shape[1])
    draws = chance.integers(0, 2**32, seen.nnz, dtype=np.uint32).tolist()
    place = 0
    for user in range(seen.shape[0]):
        mine = seen.indices[seen.indptr[user] : seen.indptr[user + 1]].tolist()
        for liked in mine:
            draw, tries = draws[place], 0
            other = int(order[draw * len(order) >> 32])
            while other in mine and tries < 8:
                draw, tries = (draw * 1_664_525 + 1_013_904_223) % 2**32, tries + 1
                other = int(order[draw * len(order) >> 32])
            place += 1
            if other in mine:
                continue
            u, a, b = users[user].copy(), items[liked].copy(), items[other].copy()
            z = 1 / (1 + np.exp(u @ (a - b) + biases[liked] - biases[other]))
            users[user] += rate * (z * (a - b) - l2 * u)
            items[liked] += rate * (z * u - l2 * a)
            items[other] += rate * (-z * u - l2 * b)
            biases[liked] += rate * (z - l2 * biases[liked])
            biases[other] += rate * (-z - l2 * biases[other])
    return Factors(users, items, biases)  # type: ignore[arg-type]  # float64, to compare with


def test_an_epoch_is_a_plain_loop_over_its_pairs() -> None:
    seen = cells(60, 50)
    assert blocks_for(seen.shape) == 1
    found = begun(seen)
    expected = plain_epoch(found, seen, random(5), 0.1, 0.02)
    one_epoch(found, seen, random(5), learning_rate=0.1, l2=0.02)
    for mine, plain in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, plain, atol=2e-5)


def test_threads_change_no_bit_where_there_are_several_blocks() -> None:
    seen, before = cells(400, 300), numba.get_num_threads()
    assert blocks_for(seen.shape) > 1
    one, other = begun(seen), begun(seen)
    try:
        numba.set_num_threads(1)
        one_epoch(one, seen, random(5), learning_rate=0.1, l2=0.02)
    finally:
        numba.set_num_threads(before)
    one_epoch(other, seen, random(5), learning_rate=0.1, l2=0.02)
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_every_interaction_is_compared_once_an_epoch_and_with_any_item_in_the_long_run() -> None:
    """With a tiny step a bias counts comparisons: + 1/2 for each that it won, - 1/2 for each that it lost."""
    seen = cells(400, 300)
    factors = Factors(np.zeros((400, 2), np.float32), np.zeros((300, 2), np.float32), np.zeros(300, np.float32))
    chance, epochs, rate = random(3), 60, 1e-6
    for _ in range(epochs):
        one_epoch(factors, seen, chance, learning_rate=rate, l2=0.0)
    won = np.bincount(seen.indices, minlength=300)
    lost = won - factors.biases.astype(np.float64) / (rate / 2) / epochs
    assert lost.sum() == pytest.approx(seen.nnz, rel=1e-2)
    absent = np.array([np.diff(seen.indptr)[column == 0].sum() for column in seen.toarray().T])
    np.testing.assert_allclose(lost / lost.sum(), absent / absent.sum(), rtol=0.25)


def loss_of(vector: np.ndarray, items: np.ndarray, biases: np.ndarray, mine: np.ndarray, l2: float) -> float:
    """Return the mean loss of all pairs of an item of a history and any item, and the penalty."""
    scores = items @ vector + biases
    return float(np.mean(np.logaddexp(0, scores[None, :] - scores[mine, None])) + l2 / 2 * vector @ vector)


@pytest.mark.parametrize("seed", range(6))
def test_folding_in_comes_near_the_least_loss_of_all_pairs(seed: int) -> None:
    chance = np.random.default_rng(seed)
    items, biases = chance.normal(size=(40, 5)), 0.5 * chance.normal(size=40)
    mine = np.sort(chance.choice(40, chance.integers(1, 9), replace=False))
    l2 = 0.05
    best = minimize(loss_of, np.zeros(5), args=(items, biases, mine, l2))
    axes = axes_of(items.astype(np.float32), biases.astype(np.float32))
    vector = fold_in(axes, np.array([0, len(mine)]), mine.astype(np.int32), l2)[0].astype(np.float64)
    assert vector[-1] == 1
    centred, bias = axes.items[:, :-1].astype(np.float64), axes.items[:, -1].astype(np.float64)
    found = loss_of(vector[:-1], centred, bias, mine, l2)
    nothing = loss_of(np.zeros(5), items, biases, mine, l2)
    assert best.fun - 1e-4 <= found < best.fun + 0.15 * (nothing - best.fun)


def test_who_was_trained_is_ranked_for_as_their_history_is() -> None:
    seen = cells(300, 200)
    factors, chance = begun(seen), random(2)
    for _ in range(60):
        one_epoch(factors, seen, chance, learning_rate=0.05, l2=0.01)
    axes = axes_of(factors.items, factors.biases)
    folded = fold_in(axes, seen.indptr, seen.indices, 0.01) @ axes.items.T
    trained = factors.users @ factors.items.T + factors.biases
    assert np.mean([spearmanr(*pair).statistic for pair in zip(folded, trained, strict=True)]) > 0.9


def test_an_empty_history_is_folded_into_nothing() -> None:
    axes = axes_of(np.eye(3, dtype=np.float32), np.zeros(3, dtype=np.float32))
    vectors = fold_in(axes, np.array([0, 0, 1]), np.array([1], dtype=np.int32), 0.1)
    np.testing.assert_array_equal(vectors[0], [0, 0, 0, 1])
    assert int(np.argmax(axes.items @ vectors[1])) == 1


def test_another_seed_is_another_model() -> None:
    first, second = (BPR(factors=4, epochs=2, seed=seed).fit(checkerboard()).items_ for seed in (0, 1))
    assert np.abs(first - second).max() > 1e-3


def test_similar_items_share_the_parity_and_leave_the_item_out() -> None:
    similar = BPR(**BPR.small).fit(checkerboard()).similar(["i003"], k=8).ids()[0]
    assert "i003" not in similar and len(similar) == 8
    assert all(int(str(item)[1:]) % 2 == 1 for item in similar)


@pytest.mark.parametrize("setting", [{"factors": 0}, {"epochs": 0}, {"learning_rate": 0.0}, {"l2": -1.0}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="BPR: expected"):
        BPR(**setting).fit(checkerboard())  # type: ignore[arg-type]


def test_steps_that_are_too_long_are_said_to_be() -> None:
    with pytest.raises(InvalidInput, match="lower learning_rate=5000.0"):
        BPR(factors=4, epochs=50, learning_rate=5000.0).fit(checkerboard())


def test_where_nothing_is_popular_the_parts_of_past_items_add_up_to_the_score() -> None:
    vectors = np.random.default_rng(4).normal(0, 1, (50, 6)).astype(np.float32)
    axes, past = axes_of(vectors, np.zeros(50, np.float32)), np.array([3, 8, 20, 41], np.int32)
    parts = parts_of(axes, past, np.arange(50, dtype=np.int32), 0.05)
    score = axes.items @ fold_in(axes, np.array([0, 4]), past, 0.05)[0]
    np.testing.assert_allclose(parts.sum(axis=0), score, atol=2e-2)
    assert np.abs(score).max() > 0.5


def test_a_reason_is_of_the_same_taste_and_never_the_item_itself() -> None:
    model = BPR(**BPR.small).fit(checkerboard())
    queries = model.histories_.queries(["u000", "u001"])
    reasons = model.explain(queries, np.array([[0, 2], [1, 3]], dtype=np.int32))
    assert (reasons % 2 == [[0, 0], [1, 1]]).all() and (reasons >= 0).all()
    assert reasons[0, 1] != 2 and reasons[1, 1] != 3
