"""Seconds of EASE's inverse: float32 Cholesky in place, as the model does it, against numpy's float64 `inv`.

Both invert the same X'X + l2, in turn. Lists from both must be equal: for each user the ten best unseen items are
compared place by place, and where two places differ the float64 scores of the two items may differ by at most 1e-5
(they are ties at float32's precision). No ratio is printed below 10,000 items.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python benchmarks/ease.py
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any

import numpy as np
import scipy.sparse as sp

from crossrec.core.recommendations import top_k
from crossrec.models.classic._inverse import invert
from crossrec.models.classic.ease import _gram
from synthetic import machine, skewed, write

FEWEST, BAR, L2, TOLERANCE, USERS = 10_000, 5.0, 100.0, 1e-5, 5_000


def weights(inverse: np.ndarray) -> np.ndarray:
    """Divide each column by its diagonal cell and clear the diagonal."""
    found = inverse / -np.diag(inverse)
    np.fill_diagonal(found, 0.0)
    return found


def lists_differ(seen: sp.csr_array, single: np.ndarray, double: np.ndarray) -> tuple[float, float]:
    """Return the share of places that differ, and the largest float64 score difference between two such items."""
    few = seen[:USERS]
    mask = few.indptr.astype(np.int64), few.indices.astype(np.int32)
    exact = few @ double
    ours, _ = top_k(np.asarray(few @ single, dtype=np.float32), 10, seen=mask)
    hidden = exact.copy()
    hidden[np.repeat(np.arange(len(hidden)), np.diff(few.indptr)), few.indices] = -np.inf
    theirs = np.argsort(-hidden, axis=1, kind="stable")[:, :10]
    row = np.arange(len(exact))[:, None]
    apart = np.abs(exact[row, ours] - exact[row, theirs])
    return float(np.mean(ours != theirs)), float(apart.max())


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--items", type=int, default=10_000)
    told.add_argument("--rounds", type=int, default=2)
    chosen = told.parse_args()
    seen = sp.csr_array(skewed(100 * chosen.items, 2 * chosen.items, chosen.items))
    times: dict[str, list[float]] = {"float32 Cholesky": [], "numpy inv": []}
    for _ in range(chosen.rounds):
        gram = _gram(seen, L2)
        double = gram.astype(np.float64)
        begin = time.perf_counter()
        invert(gram)
        times["float32 Cholesky"].append(time.perf_counter() - begin)
        single = gram
        begin = time.perf_counter()
        exact = np.linalg.inv(double)
        times["numpy inv"].append(time.perf_counter() - begin)
    middle = {name: statistics.median(found) for name, found in times.items()}
    differing, apart = lists_differ(seen, weights(single), weights(exact))
    print(f"{chosen.items:,} items, {seen.nnz:,} interactions, l2 {L2}")
    for name, seconds in middle.items():
        print(f"  {name:18}{seconds:>9.2f} s")
    print(f"  lists: {differing:.4%} of places differ, by at most {apart:.1e} in score (tolerance {TOLERANCE})")
    ratio = middle["numpy inv"] / middle["float32 Cholesky"] if chosen.items >= FEWEST else None
    print(f"  ratio {ratio:.1f}, bar {BAR}" if ratio else f"  no ratio below {FEWEST:,} items")
    found: dict[str, Any] = {"items": chosen.items, "interactions": seen.nnz, "l2": L2, "seconds": middle, "bar": BAR}
    found |= {"ratio": ratio, "places_differing": differing, "largest_score_gap": apart, "tolerance": TOLERANCE}
    write("ease", {"machine": machine(), **found})
    return 0 if (ratio or 0) >= BAR and apart <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
