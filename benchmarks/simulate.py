"""Time the simulation of worlds of growing size, and of MovieLens 25M at its official size.

    python benchmarks/simulate.py [--sizes 1000000,10000000] [--movielens] [--folder DIR]

Each run is a fresh process; its peak memory is that of the process. A world of N rows has two domains, N / 40 users
who are active in one or both, N / 200 items, a rhythm and a change of taste. The time includes the truth, the Parquet
parts, their hashes and the manifest; for MovieLens the six CSV files. Results are merged into results/simulate.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "simulate.json"
MOVIELENS = "movielens-25m"


def run(what: str, out: Path) -> dict[str, Any]:
    """Simulate in this process; return the figures."""
    from crossrec.data.simulating.simulate import simulate
    from crossrec.data.worlds.domain import Domain
    from crossrec.data.worlds.presets import preset
    from crossrec.data.worlds.world import Rhythm, TasteChange, World

    if what == MOVIELENS:
        world, style = preset(MOVIELENS), "movielens"
    else:
        rows = int(what)
        domain = Domain(items=max(500, rows // 400), interactions=rows // 2, categories=20)
        change, rhythm = TasteChange(date(2022, 1, 1), 0.2), Rhythm(daily=0.8, weekly=0.3)
        world = World(
            {"films": domain, "books": domain},
            users=max(100, rows // 40),
            start=date(2020, 1, 1),
            days=1461,
            active=(0.5, 0.5),
            taste_change=change,
            rhythm=rhythm,
        )
        style = "dataset"
    begin = time.perf_counter()
    made = simulate(world, out, style=style)
    seconds = time.perf_counter() - begin
    rows = sum(made.rows.values())
    bytes_written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return {
        "world": what,
        "format": style,
        "rows": rows,
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "disk_mb": round(bytes_written / 2**20),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--sizes", default="1000000,10000000")
    told.add_argument("--movielens", action="store_true")
    told.add_argument("--folder", type=Path)
    told.add_argument("--one", help=argparse.SUPPRESS)
    given = told.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        if given.one:
            print(json.dumps(run(given.one, Path(folder) / "out")))
            return
    from synthetic import machine, write  # late: this file is run anew for each measurement, and so is its memory

    before = json.loads(RESULTS.read_text(encoding="utf-8"))["runs"] if RESULTS.exists() else []
    runs = {one["world"]: one for one in before}
    for what in [*(size for size in given.sizes.split(",") if size), *([MOVIELENS] if given.movielens else [])]:
        words = [sys.executable, __file__, "--one", what]
        words += ["--folder", str(given.folder)] if given.folder else []
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        runs[what] = one = json.loads(done.stdout.strip().splitlines()[-1])
        print(
            f"{what:>14}  {one['rows']:>12,} rows  {one['seconds']:>7,.1f} s  {one['rows_per_second']:>10,} rows/s  "
            f"peak {one['peak_mb']:,} MB  disk {one['disk_mb']:,} MB"
        )
        listed = sorted(runs.values(), key=lambda one: one["rows"])
        write("simulate", {"runs": listed, "machine": machine()})


if __name__ == "__main__":
    main()
