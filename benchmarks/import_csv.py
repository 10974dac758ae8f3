"""Time the import of a 25M-row ratings CSV against DuckDB's, Polars' and pandas' own CSV to Parquet.

    python benchmarks/import_csv.py [--rows 25000000] [--repeats 2]

Each run is a fresh process; its peak memory is that of the process. The import's time includes the hash of
the file, the checks of every row, the search for duplicates, the counts and the manifest. DuckDB and Polars are
measured three times: with the same columns in the same layout (parts by month), with the same columns in one file,
and with the file's own four columns in one file. The pandas way is read_csv, factorize of both ids, to_parquet.
Below 25,000,000 rows no ratio is printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

FULL = 25_000_000
KINDS = ("by month", "same columns", "4 columns")
RUNS = ("crossrec", *(f"{rival}, {kind}" for kind in KINDS for rival in ("polars", "duckdb")), "pandas, factorized")


def make(path: Path, rows: int, seed: int = 0) -> None:
    """Write ratings in MovieLens' format: sorted by user, then film; each pair once."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(seed)
    users = max(1, rows // 154)
    share = rng.lognormal(4.0, 1.1, users)
    counts = np.clip(np.round(share / share.sum() * rows).astype(np.int64), 1, 30_000)
    counts[0] += max(0, rows - int(counts.sum()))
    counts[np.argmax(np.cumsum(counts) >= rows) + 1 :] = 0
    counts[np.argmax(np.cumsum(counts) >= rows)] -= int(counts.sum()) - rows
    user = np.repeat(np.arange(1, users + 1), counts)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    steps = 1 + rng.geometric(np.minimum(0.9, np.repeat(counts, counts) / 50_000), rows) // 2
    film = np.cumsum(steps) - np.repeat(np.concatenate([[0], np.cumsum(steps)])[first], counts)
    table = pl.DataFrame(
        {
            "userId": user,
            "movieId": film,
            "rating": rng.integers(1, 11, rows) / 2,
            "timestamp": 789_652_009 + rng.integers(0, 780_000_000, rows),
        }
    )
    table.write_csv(path)


def crossrec(source: Path, out: Path) -> None:
    from crossrec.data.intake.importing import import_source

    import_source("movielens", source, "films", out, options={"titles": "false"})


def unified() -> list[pl.Expr]:
    """Return the columns of the unified schema."""
    import polars as pl

    return [
        pl.col("userId").cast(pl.String).alias("user_id"),
        pl.col("movieId").cast(pl.String).alias("item_id"),
        pl.col("rating").cast(pl.Float32),
        pl.col("timestamp") * 1000,
        pl.col("row").cast(pl.Int64).alias("position"),
        pl.lit(None, pl.String).alias("split"),
        pl.lit("films").alias("domain"),
        pl.lit("rate").alias("interaction_type"),
        pl.lit(1, pl.Float32).alias("weight"),
        pl.lit(None, pl.String).alias("context"),
    ]


def polars(source: Path, out: Path, kind: str) -> None:
    import polars as pl

    if kind == "4 columns":
        pl.scan_csv(source).sink_parquet(out / "out.parquet")
        return
    rows = pl.scan_csv(source, row_index_name="row").select(unified())
    if kind == "same columns":
        rows.sink_parquet(out / "out.parquet")
        return
    time = pl.from_epoch(pl.col("timestamp"), time_unit="ms")
    rows = rows.with_columns((time.dt.year().cast(pl.Int32) * 100 + time.dt.month()).alias("month"))
    rows.sink_parquet(pl.PartitionBy(out, key="month", include_key=False), mkdir=True)


def duckdb(source: Path, out: Path, kind: str) -> None:
    import duckdb as database

    columns = (
        "userId::VARCHAR AS user_id, movieId::VARCHAR AS item_id, rating::FLOAT AS rating, "
        "timestamp * 1000 AS timestamp, "
        "row_number() OVER () AS position, NULL::VARCHAR AS split, 'films' AS domain, 'rate' AS interaction_type, "
        "1::FLOAT AS weight, NULL::VARCHAR AS context"
    )
    columns = "*" if kind == "4 columns" else columns
    target, layout = out / "out.parquet", "FORMAT parquet, COMPRESSION zstd"
    if kind == "by month":
        columns += ", strftime(make_timestamp(timestamp * 1000000), '%Y-%m') AS month"
        target, layout = out / "parts", f"{layout}, PARTITION_BY (month)"
    database.sql(f"COPY (SELECT {columns} FROM read_csv('{source}')) TO '{target}' ({layout})")  # noqa: S608


def pandas(source: Path, out: Path) -> None:
    import pandas as pd

    table = pd.read_csv(source)
    for name in ("userId", "movieId"):
        codes, ids = pd.factorize(table[name])
        table[name] = codes
        pd.DataFrame({name: ids}).to_parquet(out / f"{name}.parquet")
    table.to_parquet(out / "out.parquet")


def one(name: str, source: Path) -> None:
    """Run one contender in this process and print seconds and peak memory as JSON."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        start = time.perf_counter()
        rival, _, kind = name.partition(", ")
        if rival == "crossrec":
            crossrec(source, Path(folder))
        elif rival == "pandas":
            pandas(source, Path(folder))
        else:
            (polars if rival == "polars" else duckdb)(source, Path(folder), kind)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=FULL)
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
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "ratings.csv"
        subprocess.run([sys.executable, __file__, "--make", str(source), "--rows", str(given.rows)], check=True)
        found = {name: measure(name, source, given.repeats) for name in RUNS}
        size = source.stat().st_size
    print(f"{given.rows:,} rows, {size / 1e6:.0f} MB of CSV")
    for name, run in found.items():
        print(f"{name:24} {run['seconds']:7.2f} s   peak {run['peak_bytes'] / 2**20:7.0f} MB")
    if given.rows < FULL:
        print(f"no ratio below {FULL:,} rows")
        return
    ours = found["crossrec"]["seconds"]
    ratios = {
        kind: ours / min(found[f"{rival}, {kind}"]["seconds"] for rival in ("polars", "duckdb")) for kind in KINDS
    }
    for kind, ratio in ratios.items():
        print(f"our time over that of the faster, {kind}: {ratio:.2f}")
    ratios["pandas"] = found["pandas, factorized"]["seconds"] / ours
    print(f"pandas' time over ours: {ratios['pandas']:.2f}")
    from synthetic import machine, write  # late: this file is run anew for each measurement, and so is its memory

    told = {"rows": given.rows, "bytes": size, "runs": found, "ratios": ratios}
    write("import_csv", {**told, "machine": machine("polars", "duckdb", "pandas")})


if __name__ == "__main__":
    main()
