"""Seconds to find the 100 nearest items of every item: this package against `implicit`, whole fit, in turn.

Both start from the same CSR matrix of users and items with their compiled code loaded, and end with a sparse matrix
of neighbours. `implicit` counts an item as its own neighbour, so it is asked for 101. The time of
`ItemKNN.fit` from `Interactions`, which also lays the histories out, is printed beside. The similarities of
a thousand items must agree. No ratio is printed below 20,000 items.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python benchmarks/item_knn.py
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
from implicit.nearest_neighbours import CosineRecommender, TFIDFRecommender
from threadpoolctl import threadpool_limits

from crossrec.core.interactions import Interactions
from crossrec.models.classic._sparse import nearest_columns
from crossrec.models.classic.item_knn import ItemKNN
from synthetic import machine, skewed, write

SHAPES = {20_000: (60_000, 2_000_000, 1.3), 50_000: (150_000, 5_000_000, 2.0)}
FEWEST, K = 20_000, 100
PEERS = {"cosine": CosineRecommender, "tfidf": TFIDFRecommender}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


def peer(seen: sp.csr_matrix, similarity: str) -> sp.csr_matrix:
    """Fit `implicit` and return its similarities."""
    model = PEERS[similarity](K=K + 1, num_threads=2)
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(seen, show_progress=False)
    return sp.csr_matrix(model.similarity)


def gap(ours: sp.csr_array, theirs: sp.csr_matrix, items: int) -> float:
    """Return the largest difference between the sorted similarities of the first thousand items to others."""
    worst = 0.0
    for item in range(min(1000, items)):
        other = theirs[[item]].toarray().ravel()
        other[item] = 0
        mine = np.sort(ours[[item]].toarray().ravel())[::-1][:K]
        worst = max(worst, float(np.abs(mine - np.sort(other)[::-1][:K]).max()))
    return worst


def compare(items: int, similarity: str, rounds: int) -> dict[str, Any]:
    """Fit both in turn on one matrix."""
    users, cells, bar = SHAPES.get(items, (3 * items, 100 * items, 0.0))
    seen = skewed(cells, users, items)
    rows, columns = seen.nonzero()
    data = Interactions.from_frame(pl.DataFrame({"user_id": rows, "item_id": columns}))
    matrix = sp.csr_array(seen)
    times: dict[str, list[float]] = {"implicit": [], "ours": [], "fit": []}
    for _ in range(rounds):
        seconds, theirs = timed(lambda: peer(seen, similarity))
        times["implicit"].append(seconds)
        seconds, ours = timed(lambda: nearest_columns(matrix, similarity, K, 0.0))
        times["ours"].append(seconds)
        times["fit"].append(timed(lambda: ItemKNN(neighbours=K, similarity=similarity).fit(data))[0])
    middle = {name: statistics.median(found) for name, found in times.items()}
    return {
        "items": items,
        "users": users,
        "interactions": seen.nnz,
        "similarity": similarity,
        "rounds": rounds,
        "seconds": middle,
        "largest_gap": gap(ours, theirs, items) if similarity == "cosine" else None,
        "ratio": middle["implicit"] / middle["ours"] if items >= FEWEST else None,
        "bar": bar,
    }


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--items", default="20000,50000")
    told.add_argument("--rounds", type=int, default=5)
    chosen = told.parse_args()
    compare(2_000, "cosine", 1)
    found, good = [], True
    print(
        f"{'items':>8}{'rows':>11}  {'':8}{'implicit s':>11}{'here s':>9}{'fit s':>9}{'ratio':>7}{'bar':>6}{'gap':>10}"
    )
    for items in map(int, chosen.items.split(",")):
        for similarity in PEERS:
            one = compare(items, similarity, chosen.rounds)
            found.append(one)
            times, ratio = one["seconds"], "none" if one["ratio"] is None else f"{one['ratio']:.2f}"
            line = (
                f"{items:>8,}{one['interactions']:>11,}  {similarity:8}{times['implicit']:>11.3f}{times['ours']:>9.3f}"
            )
            far = "" if one["largest_gap"] is None else f"{one['largest_gap']:.1e}"
            print(f"{line}{times['fit']:>9.3f}{ratio:>7}{one['bar']:>6}{far:>10}", flush=True)
            good &= (one["largest_gap"] or 0.0) < 1e-4 and (similarity != "cosine" or (one["ratio"] or 0) >= one["bar"])
    if min(one["items"] for one in found) < FEWEST:
        print(f"no ratio below {FEWEST:,} items")
    write("item_knn", {"machine": machine("implicit"), "neighbours": K, "runs": found})
    print("bars met" if good else "bars NOT met")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
