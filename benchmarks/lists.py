"""Lists a second for all users: every model with factors against `implicit`'s ALS, 10 items each, equal factors.

Both sides leave out what a user had, answer all users, and run on all cores. `implicit` has the vectors of its users at
hand; here a user is a history, and its vector is folded in on the way (`recommend` as the command line calls it:
queries built, folded in, scored, cut to 10, ids kept). Models are fitted for an epoch or two: how good the vectors are
does not change what a product costs. No ratio is printed below 1,000,000 interactions.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python benchmarks/lists.py
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
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from crossrec.core.interactions import Interactions
from crossrec.models.recommender import create
from synthetic import machine, skewed, write

FEWEST, K = 1_000_000, 10
SHAPES = {1_000_000: (20_000, 10_000), 5_000_000: (100_000, 40_000)}
MODELS: dict[str, dict[str, Any]] = {
    **{name: {"epochs": 1} for name in ("als", "bpr", "svd", "svd_pp", "cmf")},
    **{name: {"epochs": 1} for name in ("emcdr", "ptupcdr", "rated_emcdr", "rated_ptupcdr")},
    **{name: {"epochs": 1, "negatives": 1000, "batch_size": 4096} for name in ("lightgcn", "xsimgcl")},
}
"""All models whose score is the product of a person's vector and an item's, and settings that make a fit short.

`gf_cf` and `text_bridge` add to such a product what is none, and networks have layers before it.
"""


def interactions(matrix: sp.csr_matrix) -> Interactions:
    """Return the matrix as interactions, each with a rating."""
    users, items = matrix.nonzero()
    ratings = np.random.default_rng(0).integers(1, 6, len(users)).astype(np.float64)
    return Interactions.from_frame(pl.DataFrame({"user_id": users, "item_id": items, "rating": ratings}))


def seconds_of(work: Callable[[], object], repeats: int) -> float:
    """Return the median time of some runs; the first, which warms up, does not count."""
    taken = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def theirs(matrix: sp.csr_matrix, factors: int, repeats: int) -> float:
    """Time `implicit`, whose batches are those of its own documentation: all users in one call."""
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AlternatingLeastSquares(factors=factors, iterations=1, random_state=0)
        model.fit(matrix, show_progress=False)
        users = np.arange(matrix.shape[0])
        return seconds_of(lambda: model.recommend(users, matrix, N=K, filter_already_liked_items=True), repeats)


def compare(size: int, factors: int, names: list[str], repeats: int) -> list[dict[str, Any]]:
    """Time all models on one matrix, `implicit` before and after each."""
    matrix = skewed(size, *SHAPES.get(size, (max(10, size // 50), max(10, size // 100))))
    data = interactions(matrix)
    users = data.user_ids.series.to_list()
    rows = []
    for name in names:
        model = create(name, factors=factors, **MODELS[name]).fit(data)
        before = theirs(matrix, factors, repeats)
        ours = seconds_of(lambda model=model: model.recommend(users, K), repeats)
        other = statistics.mean((before, theirs(matrix, factors, repeats)))
        rows.append({"model": name, "interactions": size, "users": len(users), "items": len(data.catalogue)})
        rows[-1] |= {"factors": factors, "seconds": ours, "implicit_seconds": other, "ratio": other / ours}
        told = f"{len(users) / ours:,.0f} lists/s, implicit {len(users) / other:,.0f}"
        ratio = f", ratio {other / ours:.2f}" if size >= FEWEST else ", no ratio: too small"
        print(f"{name}, {size:,} interactions, {factors} factors: {told}{ratio}", flush=True)
    return rows


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--sizes", default="1000000,5000000")
    told.add_argument("--factors", default="64")
    told.add_argument("--models", default=",".join(MODELS))
    told.add_argument("--repeats", type=int, default=3)
    chosen = told.parse_args()
    rows = []
    for size in map(int, chosen.sizes.split(",")):
        for factors in map(int, chosen.factors.split(",")):
            rows += compare(size, factors, chosen.models.split(","), chosen.repeats)
    if min(row["interactions"] for row in rows) >= FEWEST:
        write("lists", {"bar": 1.0, "rows": rows, "machine": machine("implicit")})
    return 0


if __name__ == "__main__":
    sys.exit(main())
