"""Time the import of Amazon-2023-shaped gzipped JSON lines against Polars', DuckDB's and pandas' own read.

    python benchmarks/import_json.py [--rows 2000000] [--curve 1000000,2000000,4000000,8000000]

Reviews have all fields of the official files, texts and images too. Each run is a fresh process; its peak memory is
that of the process. The import's time includes the hash of the file, the checks of every row, the search for
duplicates, the counts, the manifest and the Parquet parts; the rivals read the same seven columns (user, product,
variant, rating, time, votes, verified) and write one Parquet file. The curve shows the import at growing sizes. Below
2,000,000 rows no ratio is printed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FULL = 2_000_000
COLUMNS = ("user_id", "parent_asin", "asin", "rating", "timestamp", "helpful_vote", "verified_purchase")
RUNS = ("crossrec", "polars", "duckdb", "pandas")
LETTERS = "etaoinshrdlcumwfgypbvk"


def make(path: Path, rows: int, seed: int = 0) -> None:
    """Write reviews in the official form, 250,000 at a time."""
    import numpy as np

    chance = np.random.default_rng(seed)
    words = ["".join(chance.choice(list(LETTERS), length)) for length in chance.integers(2, 11, 6000)]
    with gzip.open(path, "wt", compresslevel=4, encoding="utf-8") as stream:
        for start in range(0, rows, 250_000):
            count = min(250_000, rows - start)
            users = chance.integers(0, max(2, rows // 4), count)
            items = (chance.pareto(1.2, count) * 40).astype(np.int64) % max(2, rows // 12)
            stars = chance.integers(1, 6, count)
            times = 1_300_000_000_000 + chance.integers(0, 380_000_000_000, count)
            lengths = chance.integers(4, 120, count)
            picked = (6000 * chance.random(int(lengths.sum())) ** 3).astype(np.int64)  # some words are frequent
            ends = np.cumsum(lengths)
            for user, item, star, at, length, end in zip(users, items, stars, times, lengths, ends, strict=True):
                text = " ".join([words[place] for place in picked[end - length : end]])
                stream.write(
                    f'{{"rating": {star}.0, "title": "{text[:30]}", "text": "{text}", "images": [], '
                    f'"asin": "B{item:09}", "parent_asin": "B{item:09}", "user_id": "AE{user:024}", '
                    f'"timestamp": {at}, "helpful_vote": {length % 7}, "verified_purchase": true}}\n'
                )


def crossrec(source: Path, out: Path) -> None:
    from crossrec.data.intake.importing import import_source

    import_source("amazon", source, "shop", out)


def polars(source: Path, out: Path) -> None:
    import polars as pl

    kinds = (pl.String, pl.String, pl.String, pl.Float64, pl.Int64, pl.Int64, pl.Boolean)
    pl.scan_ndjson(source, schema=dict(zip(COLUMNS, kinds, strict=True))).sink_parquet(out / "out.parquet")


def duckdb(source: Path, out: Path) -> None:
    import duckdb as database

    kinds = ("VARCHAR", "VARCHAR", "VARCHAR", "DOUBLE", "BIGINT", "BIGINT", "BOOLEAN")
    types = "{" + ", ".join(f"{name}: '{kind}'" for name, kind in zip(COLUMNS, kinds, strict=True)) + "}"
    read = f"read_json('{source}', format='newline_delimited', columns={types})"
    database.sql(f"COPY (SELECT * FROM {read}) TO '{out / 'out.parquet'}' (FORMAT parquet, COMPRESSION zstd)")  # noqa: S608


def pandas(source: Path, out: Path) -> None:
    import pandas as pd

    pd.read_json(source, lines=True)[list(COLUMNS)].to_parquet(out / "out.parquet")


def one(name: str, source: Path) -> None:
    """Run one contender in this process and print seconds and peak memory as JSON."""
    run = {"crossrec": crossrec, "polars": polars, "duckdb": duckdb, "pandas": pandas}[name]
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        start = time.perf_counter()
        run(source, Path(folder))
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_bytes": peak}))


def measure(name: str, source: Path, repeats: int) -> dict[str, float]:
    """Run one contender some times in fresh processes; the best time, the highest peak."""
    command = [sys.executable, __file__, "--one", name, "--file", str(source)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        for _ in range(repeats)
    ]
    return {"seconds": min(run["seconds"] for run in runs), "peak_bytes": max(run["peak_bytes"] for run in runs)}


def made(folder: Path, rows: int) -> Path:
    source = folder / f"Reviews_{rows}.jsonl.gz"
    subprocess.run([sys.executable, __file__, "--make", str(source), "--rows", str(rows)], check=True)
    return source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=FULL)
    parser.add_argument("--curve", default="1000000,2000000,4000000,8000000")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--one")
    parser.add_argument("--make", type=Path)
    parser.add_argument("--file", type=Path)
    given = parser.parse_args()
    if given.make:
        make(given.make, given.rows)
        return
    if given.one:
        one(given.one, given.file)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = made(folder, given.rows)
        size = source.stat().st_size
        found = {rival: measure(rival, source, 1 if rival == "pandas" else given.repeats) for rival in RUNS}
        source.unlink()
        curve = {}
        for rows in (int(rows) for rows in given.curve.split(",") if rows):
            source = made(folder, rows)
            curve[str(rows)] = measure("crossrec", source, 1)
            source.unlink()
    print(f"{given.rows:,} reviews, {size / 1e6:.0f} MB gzipped")
    for rival, run in found.items():
        print(f"{rival:10} {run['seconds']:7.2f} s   peak {run['peak_bytes'] / 2**20:7.0f} MB")
    for rows_text, run in curve.items():
        print(f"crossrec, {int(rows_text):>9,}: {run['seconds']:7.2f} s   peak {run['peak_bytes'] / 2**20:7.0f} MB")
    if given.rows < FULL:
        print(f"no ratio below {FULL:,} rows")
        return
    ours = found["crossrec"]["seconds"]
    ratios = {
        "over the faster": ours / min(found["polars"]["seconds"], found["duckdb"]["seconds"]),
        "pandas over ours": found["pandas"]["seconds"] / ours,
    }
    for kind, ratio in ratios.items():
        print(f"{kind}: {ratio:.2f}")
    from synthetic import machine, write  # late: this file is run anew for each measurement, and so is its memory

    told = {"rows": given.rows, "bytes": size, "runs": found, "ratios": ratios, "curve": curve}
    write("import_json", {**told, "machine": machine("polars", "duckdb", "pandas")})


if __name__ == "__main__":
    main()
