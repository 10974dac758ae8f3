"""Seeded interactions with a realistic skew, and what a benchmark says about the machine it ran on."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_info

RESULTS = Path(__file__).resolve().parent / "results"


def skewed(cells: int, users: int, items: int, seed: int = 0) -> sp.csr_matrix:
    """Draw a 0/1 matrix: lognormal activity of users, Zipf-like popularity of items, and sixteen tastes.

    Half of the draws of a user fall on items shifted by the user's taste, so that there is something to learn.

    Args:
        cells: Ones in the matrix.
        users: Rows.
        items: Columns.
        seed: Fixes the draw.
    """
    chance = np.random.default_rng(seed)
    activity, popularity = chance.lognormal(0.0, 1.0, users), (np.arange(items) + 10.0) ** -0.8
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < cells:
        draws = int(1.3 * (cells - len(keys))) + 1000
        user = chance.choice(users, draws, p=activity / activity.sum())
        item = chance.choice(items, draws, p=popularity / popularity.sum())
        item = (item + (user % 16) * (chance.random(draws) < 0.5) * (items // 300)) % items
        keys = np.unique(np.concatenate([keys, user.astype(np.int64) * items + item]))
    keys = np.sort(chance.permutation(keys)[:cells])
    ones = np.ones(cells, dtype=np.float32)
    return sp.csr_matrix((ones, (keys // items, keys % items)), shape=(users, items))


def machine(*packages: str) -> dict[str, Any]:
    """Say what ran: processor, versions, BLAS kernels, thread settings and commit."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ":")
    from quality.reading import commit  # late: a peer's memory is measured in a process that imports this file

    blas = [f"{one['prefix']} {one.get('version')} {one.get('architecture')}" for one in threadpool_info()]
    return {
        "processor": model.split(":", 1)[1].strip(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "scipy", "numba", *packages)},
        "blas": blas,
        "openblas_environment": {key: value for key, value in os.environ.items() if key.startswith("OPENBLAS")},
        "commit": commit(),
        "command": shlex.join(["python", *sys.argv]),
    }


def write(name: str, found: Mapping[str, Any]) -> None:
    """Write a benchmark's figures to the results folder."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
