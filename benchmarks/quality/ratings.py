"""RMSE of rating models on MovieLens in published folds, settings chosen inside each training fold.

A prediction sees the user's training ratings. ml-100k has its official folds u1 to u5: a fifth of each training fold
is drawn as its validation part, the settings with the lowest error there are fitted on the whole training fold, and
the test fold is asked once. ml-1m has the five folds of its file's column `fold`, and the settings are the defaults.

    python benchmarks/quality/ratings.py svd ml-100k
    python benchmarks/quality/ratings.py svd_pp ml-1m
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from reading import SHARED, grid, provenance, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.ratings import evaluate_ratings
from crossrec.models.recommender import create

BARS = {("svd", "ml-100k"): 0.925, ("svd_pp", "ml-100k"): 0.919, ("svd", "ml-1m"): 0.862, ("svd_pp", "ml-1m"): 0.862}
GRIDS = {
    "ml-100k": grid(factors=[5, 10, 20, 30], epochs=[50]),
    "ml-1m": grid(factors=[20], epochs=[40]),  # the defaults, and nothing to choose
}
NAMES = ["user_id", "item_id", "rating", "timestamp"]


def folds_of_100k(folder: Path) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Give the official folds: name, training rows and test rows."""
    for number in range(1, 6):
        parts = []
        for part in ("base", "test"):
            with gzip.open(folder / f"u{number}.{part}.gz") as lines:
                parts.append(pl.read_csv(lines.read(), separator="\t", has_header=False, new_columns=NAMES))
        yield f"u{number}", *parts


def folds_of_1m(folder: Path) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Give the five folds of the file; it keeps an order and no times."""
    frame = pl.read_csv(folder / "ratings.csv.gz").rename({"UserID": "user_id", "MovieID": "item_id"})
    frame = frame.select("user_id", "item_id", pl.col("Rating").alias("rating"), "fold")
    for number in sorted(frame["fold"].unique()):
        mine = pl.col("fold") == number
        yield f"fold {number}", frame.filter(~mine).drop("fold"), frame.filter(mine).drop("fold")


FOLDS = {"ml-100k": folds_of_100k, "ml-1m": folds_of_1m}


def rows(frame: pl.DataFrame) -> Interactions:
    """Make interactions of a fold's rows."""
    return Interactions.from_frame(frame, unit="s")


def chosen_inside(
    name: str, settings: list[dict[str, Any]], train: pl.DataFrame, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Find the best settings on a fifth of the training fold, where there are several."""
    if len(settings) == 1:
        return settings[0], []
    held = np.random.default_rng(seed).random(train.height) < 0.2
    learned, judged = rows(train.filter(pl.Series(~held))), rows(train.filter(pl.Series(held)))
    tried = [{**one, "rmse": round(evaluate_ratings(create(name, **one), learned, judged).rmse, 5)} for one in settings]
    best = min(range(len(settings)), key=lambda place: tried[place]["rmse"])
    return settings[best], tried


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("model", choices=sorted({model for model, _ in BARS}), nargs="?", help="all where it is left out")
    told.add_argument("data", choices=sorted(FOLDS), nargs="?", help="likewise")
    asked = told.parse_args()
    pairs = [pair for pair in BARS if asked.model in (pair[0], None) and asked.data in (pair[1], None)]
    met = [measured(*pair) for pair in pairs]
    return 0 if all(met) else 1


def measured(model: str, data: str) -> bool:
    """Ask every fold's test once, write what was found, and say whether it meets the bar."""
    found, bar = [], BARS[model, data]
    for number, (fold, train, test) in enumerate(FOLDS[data](SHARED / data), start=1):
        settings, tried = chosen_inside(model, GRIDS[data], train, seed=number)
        report = evaluate_ratings(create(model, **settings), rows(train), rows(test))
        found.append({"fold": fold, "settings": settings, "rmse": report.rmse, "mae": report.mae})
        found[-1] |= {"n": report.n, "fit_seconds": round(report.fit_seconds, 2), "tried": tried}
        print(f"{fold}: RMSE {report.rmse:.4f}  MAE {report.mae:.4f}  n {report.n:,}  {settings}", flush=True)
    mean = float(np.mean([fold["rmse"] for fold in found]))
    print(f"mean RMSE {mean:.4f}, bar {bar}: {'met' if mean <= bar else 'NOT met'}")
    name = f"quality_{model}_{data.replace('-', '')}"
    write(name, {"bar": bar, "mean_rmse": mean, **provenance(), "folds": found})
    return mean <= bar


if __name__ == "__main__":
    sys.exit(main())
