"""Import, k-core and ALS on one machine and on Spark clusters of one and two workers (one core each).

    python benchmarks/spark.py [--rows 1000000 5000000 25000000] [--json-rows 1000000] [--workers 0 1 2]

0 workers is this package without Spark, on all cores. A cluster is a standalone master and workers on this machine, so
two workers have as many cores as the one machine, and all share one disk. Times of Spark leave out its start, which is
named apart. Each size is run once, in a process of its own; the figures of a size replace older ones of the same size.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from import_csv import make
from synthetic import RESULTS, machine, write

ALS = {"factors": "16", "epochs": "5"}


def make_reviews(path: Path, rows: int) -> None:
    """Write reviews in the form of Amazon 2023, some 300 bytes each."""
    dice = np.random.default_rng(0)
    with path.open("wb") as out:
        for start in range(0, rows, 500_000):
            size = min(500_000, rows - start)
            table = pl.DataFrame(
                {
                    "rating": dice.integers(1, 6, size).astype(np.float64),
                    "title": ["A title of some words"] * size,
                    "text": ["What a person says about a thing they bought, in a sentence or two. " * 2] * size,
                    "asin": [f"B{item:09}" for item in dice.integers(0, 1 + rows // 40, size)],
                    "user_id": [f"AE{user:024}" for user in dice.integers(0, 1 + rows // 12, size)],
                    "timestamp": 1_300_000_000_000 + dice.integers(0, 4 * 10**11, size),
                    "helpful_vote": dice.integers(0, 3, size),
                    "verified_purchase": dice.integers(0, 2, size) == 1,
                }
            )
            table.with_columns(parent_asin="asin").write_ndjson(out)


def stages(folder: Path, engine: str, master: str) -> dict[str, float]:
    """Run all stages in this process and return the seconds of each."""
    from crossrec.data.dataset import open_dataset
    from crossrec.data.engine import open_engine
    from crossrec.data.intake.importing import import_source
    from crossrec.data.preparing.cleaning import clean, parse_step
    from crossrec.wiring import train_bundle

    found: dict[str, float] = {}
    on = {"engine": engine, "master": master}

    def timed(name: str, work: Any) -> None:
        begin = time.perf_counter()
        work()
        found[name] = round(time.perf_counter() - begin, 2)
        print(f"  {engine} {name}: {found[name]} s", file=sys.stderr, flush=True)

    out = folder / f"out-{engine}-{os.getpid()}"
    (out / "workspace").mkdir(parents=True)
    if engine != "polars":
        timed("start", lambda: open_engine(engine, out / "workspace", master=master))
    if (folder / "reviews.jsonl").exists():
        timed("import JSON", lambda: import_source("amazon", folder / "reviews.jsonl", "d", out / "json", **on))
        return found
    ratings, titles = folder / "ratings.csv", {"titles": "false"}
    timed("import CSV", lambda: import_source("movielens", ratings, "d", out / "data", options=titles, **on))
    data = open_dataset(out / "data")
    timed("k-core", lambda: clean(data, out / "core", [parse_step("k_core:users=5,items=5")], **on))
    timed("ALS", lambda: train_bundle("als", out / "core", out / "model", settings=ALS, **on))
    return found


def cluster(running: ExitStack, workers: int, memory: str) -> str:
    """Start a master and workers that end with the stack; return the master's address."""
    import pyspark

    home = Path(pyspark.__file__).parent
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    master, place = f"spark://127.0.0.1:{port}", running.enter_context(tempfile.TemporaryDirectory())
    around = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": place}
    around |= {"PYSPARK_PYTHON": sys.executable}
    call = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
    work = ["org.apache.spark.deploy.worker.Worker", "-c", "1", "-m", memory, "--webui-port", "0", master]
    for words in [call] + [work] * workers:
        process = subprocess.Popen([str(home / "bin" / "spark-class"), *words], env=around, stderr=subprocess.DEVNULL)
        running.callback(process.wait)
        running.callback(process.terminate)
        while words is call:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.3)
    time.sleep(8)  # until the workers have registered
    return master


def measured(folder: Path, workers: int, memory: str) -> dict[str, float]:
    """Run the stages in a fresh process, on a cluster of its own where there are workers."""
    with ExitStack() as running:
        master = cluster(running, workers, memory) if workers else ""
        around = {
            **os.environ,
            "PYSPARK_SUBMIT_ARGS": f"--conf spark.executor.memory={memory} --driver-memory 3g pyspark-shell",
        }
        words = [sys.executable, __file__, "--stages", str(folder), "spark" if workers else "polars", master]
        done = subprocess.run(words, env=around, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr[-3000:], file=sys.stderr)
        return {"failed": 1.0}
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 5_000_000, 25_000_000])
    told.add_argument("--json-rows", type=int, nargs="*", default=[1_000_000, 5_000_000])
    told.add_argument("--workers", type=int, nargs="*", default=[0, 1, 2])
    told.add_argument("--memory", default="3g", help="Of each worker.")
    told.add_argument("--stages", nargs=3, help=argparse.SUPPRESS)
    chosen = told.parse_args()
    if chosen.stages:
        print(json.dumps(stages(Path(chosen.stages[0]), *chosen.stages[1:])))
        return 0
    kept = RESULTS / "spark.json"
    runs = json.loads(kept.read_text(encoding="utf-8"))["runs"] if kept.exists() else []
    for kind, sizes in (("CSV", chosen.rows), ("JSON", chosen.json_rows)):
        for rows in sizes:
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place)
                make(folder / "ratings.csv", rows) if kind == "CSV" else make_reviews(folder / "reviews.jsonl", rows)
                for workers in chosen.workers:
                    print(f"{kind}, {rows:,} rows, {workers} workers", file=sys.stderr, flush=True)
                    one = {"kind": kind, "rows": rows, "workers": workers, "load": round(os.getloadavg()[0], 1)}
                    one["seconds"] = measured(folder, workers, chosen.memory)
                    print(one, flush=True)
                    same = [old for old in runs if all(old[key] == one[key] for key in ("kind", "rows", "workers"))]
                    runs = [old for old in runs if old not in same] + [one]
                    runs.sort(key=lambda old: (old["kind"], old["rows"], old["workers"]))
                    write("spark", {**machine("polars", "pyspark", "narwhals"), "memory": chosen.memory, "runs": runs})
    return 0


if __name__ == "__main__":
    sys.exit(main())
