"""Seconds an iteration of implicit ALS: this package against `implicit`, equal factors, penalty, start and loss.

Both sides run in turn in one process, each with the BLAS threads it is best with: `implicit` one (it asks for
that, and threads by itself), this package two. The loss of both is computed by one function and must agree within
1 %; "equal" is the ratio with this package made to take the three steps of `implicit`. `implicit` weighs a cell
with alpha and this package with 1 + alpha: the same confidence is given to both.
Compiled code is warmed up first; its time is printed apart. No ratio is printed below 1,000,000 interactions.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python benchmarks/als.py
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from functools import partial
from typing import Any

import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from crossrec.core.arrays import Floats
from crossrec.models.classic._gradients import Rows, confidences, half_sweep, implicit_loss, vectors_at_random
from crossrec.models.classic.als import ALS
from synthetic import machine, skewed, write

FEWEST = 1_000_000
SHAPES = {1_000_000: (20_000, 10_000), 5_000_000: (60_000, 20_000)}
BARS = {64: 1.3, 128: 1.1}
ALPHA, L2 = 10.0, 1.0
STEPS, THEIR_STEPS = ALS().cg_steps, 3  # each its own default; what counts is that the losses agree


def theirs(seen: sp.csr_matrix, start: tuple[Floats, Floats], epochs: int) -> tuple[list[float], Floats, Floats]:
    """Run `implicit` from the given vectors; return the seconds of each iteration and the vectors."""
    seconds: list[float] = []
    model = AlternatingLeastSquares(
        factors=start[0].shape[1], regularization=L2, alpha=1 + ALPHA, iterations=epochs, num_threads=2, random_state=0
    )
    model.cg_steps = THEIR_STEPS
    model.user_factors, model.item_factors = start[0].copy(), start[1].copy()
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(seen, show_progress=False, callback=lambda _, took, *rest: seconds.append(took))  # noqa: ARG005
    return seconds, model.user_factors, model.item_factors


def ours(
    seen: sp.csr_matrix, start: tuple[Floats, Floats], epochs: int, steps: int = STEPS
) -> tuple[list[float], Floats, Floats]:
    """Run this package from the given vectors, likewise."""
    told = confidences(sp.csr_array(seen), ALPHA)
    by_user, by_item = Rows.of(told), Rows.of(sp.csr_array(told.T.tocsr()))
    users, items = start
    seconds = []
    for _ in range(epochs):
        begin = time.perf_counter()
        users = half_sweep(users, items, by_user, l2=L2, steps=steps)
        items = half_sweep(items, users, by_item, l2=L2, steps=steps)
        seconds.append(time.perf_counter() - begin)
    return seconds, users, items


def compare(rows: int, factors: int, epochs: int, rounds: int) -> dict[str, Any]:
    """Run both in turn on one matrix."""
    seen = skewed(rows, *SHAPES.get(rows, (max(100, rows // 50), max(100, rows // 100))))
    start = tuple(vectors_at_random(size, factors, seed) for seed, size in enumerate(seen.shape))
    told = confidences(sp.csr_array(seen), ALPHA)
    equal = partial(ours, steps=THEIR_STEPS)
    times: dict[str, list[float]] = {"ours": [], "implicit": [], "ours, equal steps": []}
    losses: dict[str, float] = {}
    for _ in range(rounds):
        for name, run in (("implicit", theirs), ("ours", ours), ("ours, equal steps", equal)):
            seconds, users, items = run(seen, start, epochs)
            times[name] += seconds
            losses[name] = implicit_loss(users, items, told, L2)
    middle = {name: statistics.median(found) for name, found in times.items()}
    return {
        "interactions": seen.nnz,
        "users": seen.shape[0],
        "items": seen.shape[1],
        "factors": factors,
        "iterations": epochs,
        "rounds": rounds,
        "seconds": middle,
        "loss": losses,
        "loss_gap": losses["ours"] / losses["implicit"] - 1,
        "ratio": middle["implicit"] / middle["ours"] if seen.nnz >= FEWEST else None,
        "ratio_equal_steps": middle["implicit"] / middle["ours, equal steps"] if seen.nnz >= FEWEST else None,
        "bar": BARS.get(factors),
    }


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--rows", default="1000000,5000000")
    told.add_argument("--factors", default="64,128")
    told.add_argument("--epochs", type=int, default=8)
    told.add_argument("--rounds", type=int, default=3)
    chosen = told.parse_args()
    begin = time.perf_counter()
    compare(20_000, 64, 1, 1)
    print(f"compiling or loading the compiled code took {time.perf_counter() - begin:.1f} s, not counted below")
    found, good = [], True
    print(
        f"{'rows':>10}{'factors':>9}{'implicit s':>12}{'here s':>9}{'ratio':>7}{'equal':>7}{'bar':>6}{'loss gap':>11}"
    )
    for rows in map(int, chosen.rows.split(",")):
        for factors in map(int, chosen.factors.split(",")):
            one = compare(rows, factors, chosen.epochs, chosen.rounds)
            found.append(one)
            ratio, equal = ("none" if one[key] is None else f"{one[key]:.2f}" for key in ("ratio", "ratio_equal_steps"))
            times = one["seconds"]
            line = f"{one['interactions']:>10,}{factors:>9}{times['implicit']:>12.4f}{times['ours']:>9.4f}"
            print(f"{line}{ratio:>7}{equal:>7}{one['bar'] or '':>6}{one['loss_gap']:>+11.3%}", flush=True)
            good &= abs(one["loss_gap"]) <= 0.01 and (one["ratio"] or 0) >= (one["bar"] or 0)
    if min(one["interactions"] for one in found) < FEWEST:
        print(f"no ratio below {FEWEST:,} interactions: start-up would be compared, not work")
    write(
        "als",
        {
            "machine": machine("implicit"),
            "alpha": ALPHA,
            "l2": L2,
            "cg_steps": {"ours": STEPS, "implicit": THEIR_STEPS},
            "runs": found,
        },
    )
    print("bars met" if good else "bars NOT met")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
