"""Seconds and memory from 25M interactions to a CSR matrix: `Interactions.csr()` against scipy's bare construction.

    python benchmarks/csr.py [--rows 25000000] [--rounds 3]

Both start from the same ready codes, in turn, in one process; scipy is `csr_array((ones, (users, items)))`, which
joins repeats and sorts indices too. Memory is what each adds to the peak of a fresh process that holds the codes.
The rows stand in the order of time once, and sorted by user once. Below 25,000,000 rows no verdict is given.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from crossrec.core.catalogue import Catalogue
from crossrec.core.event import NO_TIME
from crossrec.core.interactions import Interactions
from crossrec.core.vocabulary import Vocabulary
from synthetic import machine, write

FULL, USERS, ITEMS, SECONDS, RATIO = 25_000_000, 162_541, 62_423, 3.0, 1.5
ORDERS = ("by time", "by user")


def made(rows: int, order: str) -> Interactions:
    """Draw rows shaped like MovieLens 25M: long-tailed users and items, a few pairs repeated."""
    chance = np.random.default_rng(0)
    activity, popularity = chance.lognormal(0.0, 1.1, USERS), (np.arange(ITEMS) + 10.0) ** -0.8
    users = chance.choice(USERS, rows, p=activity / activity.sum()).astype(np.int32)
    items = chance.choice(ITEMS, rows, p=popularity / popularity.sum()).astype(np.int32)
    if order == "by user":
        users.sort()
    one = Vocabulary(["films"])
    item_ids = Vocabulary(pl.Series(np.arange(ITEMS)))
    return Interactions(
        users=users,
        items=items,
        domains=np.zeros(rows, np.int16),
        times=np.full(rows, NO_TIME),
        weights=np.ones(rows, np.float32),
        kinds=np.zeros(rows, np.int8),
        ratings=np.full(rows, np.nan, np.float32),
        positions=np.arange(rows),
        user_ids=Vocabulary(pl.Series(np.arange(USERS))),
        catalogue=Catalogue(item_ids, np.zeros(ITEMS, np.int16), one),
    )


def bare(data: Interactions) -> sp.csr_array:
    """Let scipy alone do it."""
    return sp.csr_array((data.weights, (data.users, data.items)), shape=(USERS, ITEMS))


CONTENDERS: dict[str, Callable[[Interactions], sp.csr_array]] = {"crossrec": Interactions.csr, "scipy": bare}


def timed(data: Interactions, rounds: int) -> dict[str, float]:
    """Time the contenders in turn; the middle of the rounds. Both must have the same pairs."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        pairs = []
        for name, build in CONTENDERS.items():
            begin = time.perf_counter()
            matrix = build(data)
            seconds[name].append(time.perf_counter() - begin)
            pairs.append((matrix.indptr, matrix.indices))
        if not all(np.array_equal(one, other) for one, other in zip(*pairs, strict=True)):
            raise SystemExit("the two matrices have different pairs")
    return {name: statistics.median(found) for name, found in seconds.items()}


def added_memory(name: str, rows: int, order: str) -> int:
    """Measure in a fresh process what a contender adds to the peak, in bytes."""
    command = [sys.executable, __file__, "--rows", str(rows), "--one", name, "--order", order]
    return int(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def one(name: str, rows: int, order: str) -> None:
    """Build once; print the bytes added to the peak. The draw's own peak is let go of first."""
    data = made(rows, order)
    with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123 - the kernel's switch that resets the peak
        file.write("5")
    before = peak()
    CONTENDERS[name](data)
    print(peak() - before)


def peak() -> int:
    """Return the highest resident size since the last reset, in bytes."""
    with open("/proc/self/status") as file:  # noqa: PTH123 - a file of the kernel
        lines = dict(line.split(":", 1) for line in file if line.startswith("VmHWM"))
    return int(lines["VmHWM"].split()[0]) * 1024 if lines else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--rows", type=int, default=FULL)
    told.add_argument("--rounds", type=int, default=3)
    told.add_argument("--one", choices=list(CONTENDERS))
    told.add_argument("--order", choices=ORDERS, default=ORDERS[0])
    chosen = told.parse_args()
    if chosen.one:
        one(chosen.one, chosen.rows, chosen.order)
        return 0
    cases: dict[str, Any] = {}
    for order in ORDERS:
        seconds = timed(made(chosen.rows, order), chosen.rounds)
        memory = {name: added_memory(name, chosen.rows, order) for name in CONTENDERS}
        cases[order] = {"seconds": seconds, "added_bytes": memory, "ratio": seconds["crossrec"] / seconds["scipy"]}
        for name in CONTENDERS:
            print(f"{order}  {name:10}{seconds[name]:7.2f} s   adds {memory[name] / 2**20:6.0f} MB")
        print(f"{order}  ratio {cases[order]['ratio']:.2f}")
    if chosen.rows < FULL:
        print(f"no verdict below {FULL:,} rows")
        return 1
    met = all(case["seconds"]["crossrec"] <= SECONDS or case["ratio"] <= RATIO for case in cases.values())
    bar = {"seconds": SECONDS, "or_ratio": RATIO}
    write("csr", {"machine": machine("polars"), "rows": chosen.rows, "cases": cases, "bar": bar, "met": met})
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
