"""Seconds an epoch of BPR: this package against `implicit`, equal factors, learning rate, penalty and epochs.

Both sides run in turn in one process on two threads. An epoch is as many comparisons as there are interactions.
A tenth of the interactions is held out: both must rank it, among all items a user did not have in training, at least
as well (AUC and NDCG@10, means over some thousand users). `implicit` ranks with the vectors of its training, this
package with vectors folded in from the histories, as it serves. Compiled code is warmed up first; no ratio is printed
below 1,000,000 interactions.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python benchmarks/bpr.py
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from implicit.cpu.bpr import BayesianPersonalizedRanking
from threadpoolctl import threadpool_limits

from crossrec.core.arrays import Floats
from crossrec.core.clock import random
from crossrec.models.classic._factors import dense_scores
from crossrec.models.classic._folding import axes_of, fold_in
from crossrec.models.classic._pairs import Factors, one_epoch
from quality.reading import SHARED
from synthetic import machine, skewed, write

FEWEST, ASKED = 1_000_000, 2_000
SHAPES = {1_000_000: (20_000, 10_000), 5_000_000: (60_000, 20_000)}
RATE, L2, SPREAD = 0.05, 0.01, 0.1
Scorer = Callable[[np.ndarray], Floats]


def theirs(seen: sp.csr_matrix, factors: int, epochs: int) -> tuple[list[float], Scorer]:
    """Run `implicit`; return the seconds of each epoch and what scores some users."""
    seconds: list[float] = []
    model = BayesianPersonalizedRanking(
        factors=factors, learning_rate=RATE, regularization=L2, iterations=epochs, num_threads=2, random_state=0
    )
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(seen, show_progress=False, callback=lambda _, took, *rest: seconds.append(took))  # noqa: ARG005
    return seconds, lambda users: dense_scores(model.user_factors[users], model.item_factors)


def ours(seen: sp.csr_matrix, factors: int, epochs: int) -> tuple[list[float], Scorer]:
    """Run this package, likewise."""
    rows, chance, seconds = sp.csr_array(seen), random(0), []
    users, items = (
        (SPREAD * chance.standard_normal((size, factors), dtype=np.float32)).astype(np.float32) for size in seen.shape
    )
    found = Factors(users, items, np.zeros(seen.shape[1], dtype=np.float32))
    for _ in range(epochs):
        begin = time.perf_counter()
        one_epoch(found, rows, chance, learning_rate=RATE, l2=L2)
        seconds.append(time.perf_counter() - begin)
    axes = axes_of(found.items, found.biases)

    def scores(asked: np.ndarray) -> Floats:
        mine = sp.csr_array(rows[asked])
        return dense_scores(fold_in(axes, mine.indptr, mine.indices, L2), axes.items)

    return seconds, scores


def quality(scores: Scorer, seen: sp.csr_matrix, held: sp.csr_matrix) -> dict[str, float]:
    """Return AUC and NDCG@10 of held out interactions, means over the users that have some."""
    asked = np.flatnonzero(np.diff(held.indptr))[:ASKED]
    values, areas, gains = scores(asked), [], []
    for row, user in enumerate(asked):
        line = values[row].astype(np.float64)
        line[seen.indices[seen.indptr[user] : seen.indptr[user + 1]]] = -np.inf
        wanted = held.indices[held.indptr[user] : held.indptr[user + 1]]
        order = np.argsort(-line, kind="stable")
        order = order[np.isfinite(line[order])]
        place = np.flatnonzero(np.isin(order, wanted))
        others = len(order) - len(place)
        areas.append(1 - float(np.mean(place - np.arange(len(place)))) / others)
        gains.append(
            float(np.sum(1 / np.log2(place[place < 10] + 2)) / np.sum(1 / np.log2(np.arange(len(place))[:10] + 2)))
        )
    return {"auc": float(np.mean(areas)), "ndcg@10": float(np.mean(gains))}


def parted(whole: sp.csr_matrix) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Hold a tenth of the cells out."""
    cells = whole.tocoo()
    held = random(7).random(cells.nnz) < 0.1
    parts = [
        sp.csr_matrix((cells.data[part], (cells.row[part], cells.col[part])), shape=whole.shape)
        for part in (~held, held)
    ]
    for part in parts:
        part.sort_indices()
    return parts[0], parts[1]


def movielens() -> sp.csr_matrix:
    """Read who rated what in ml-1m."""
    frame = pl.read_csv(SHARED / "ml-1m/ratings.csv.gz")
    users, items = (frame[column].rank("dense").to_numpy().astype(np.int64) - 1 for column in frame.columns[:2])
    ones = np.ones(len(users), dtype=np.float32)
    return sp.csr_matrix((ones, (users, items)), shape=(users.max() + 1, items.max() + 1))


def compare(name: str, whole: sp.csr_matrix, factors: int, epochs: int, rounds: int) -> dict[str, Any]:
    """Run both in turn on one matrix."""
    seen, held = parted(whole)
    times: dict[str, list[float]] = {"ours": [], "implicit": []}
    found: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for side, run in (("implicit", theirs), ("ours", ours)):
            seconds, scores = run(seen, factors, epochs)
            times[side] += seconds
            found[side] = quality(scores, seen, held)
    middle = {side: statistics.median(one) for side, one in times.items()}
    return {
        "data": name,
        "interactions": seen.nnz,
        "users": seen.shape[0],
        "items": seen.shape[1],
        "factors": factors,
        "epochs": epochs,
        "rounds": rounds,
        "seconds": middle,
        "quality": found,
        "ratio": middle["implicit"] / middle["ours"] if whole.nnz >= FEWEST else None,
        "bar": 1.0,
    }


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--rows", default="1000000,5000000")
    told.add_argument("--factors", default="64,128")
    told.add_argument("--epochs", type=int, default=30)
    told.add_argument("--rounds", type=int, default=2)
    chosen = told.parse_args()
    begin = time.perf_counter()
    compare("small", skewed(20_000, 400, 300), 64, 1, 1)
    print(f"compiling or loading the compiled code took {time.perf_counter() - begin:.1f} s, not counted below")
    worlds = {"ml-1m": movielens()}
    worlds |= {f"synthetic {rows:,}": skewed(rows, *SHAPES[rows]) for rows in map(int, chosen.rows.split(",")) if rows}
    found, good = [], True
    for name, whole in worlds.items():
        for factors in map(int, chosen.factors.split(",")):
            one = compare(name, whole, factors, chosen.epochs, chosen.rounds)
            found.append(one)
            both = [one["quality"][side] for side in ("ours", "implicit")]
            ratio = "none" if one["ratio"] is None else f"{one['ratio']:.2f}"
            told_of = "  ".join(f"{key} {both[0][key]:.4f} / {both[1][key]:.4f}" for key in both[0])
            seconds = one["seconds"]
            print(
                f"{name:<22}{factors:>4}  s/epoch {seconds['ours']:.4f} / {seconds['implicit']:.4f}  ratio {ratio}  "
                f"{told_of}",
                flush=True,
            )
            good &= (one["ratio"] or 0) >= one["bar"] and all(both[0][key] >= both[1][key] - 0.001 for key in both[0])
    write("bpr", {"machine": machine("implicit"), "learning_rate": RATE, "l2": L2, "runs": found})
    print("bars met" if good else "bars NOT met")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
