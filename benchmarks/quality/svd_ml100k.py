"""RMSE of SVD on MovieLens 100K, the official folds u1 to u5, settings chosen inside each training fold.

A fifth of each training fold is drawn as its validation part; the settings with the lowest error there are
fitted on the whole training fold, and the test fold is asked once. A prediction sees the user's training ratings.

    python benchmarks/quality/svd_ml100k.py
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from reading import SHARED, grid, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.ratings import evaluate_ratings
from crossrec.models.classic.svd import SVD

BAR = 0.925
GRID = grid(factors=[5, 10, 20, 30], epochs=[20, 50, 100])


def read(path: Path) -> pl.DataFrame:
    """Read a fold's file: user, item, rating and seconds, tabs between."""
    names = ["user_id", "item_id", "rating", "timestamp"]
    with gzip.open(path) as lines:
        return pl.read_csv(lines.read(), separator="\t", has_header=False, new_columns=names)


def rows(frame: pl.DataFrame) -> Interactions:
    """Make interactions of a fold's rows."""
    return Interactions.from_frame(frame, unit="s")


def chosen_inside(train: pl.DataFrame, seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Find the best settings on a fifth of the training fold."""
    held = np.random.default_rng(seed).random(train.height) < 0.2
    learned, judged = rows(train.filter(pl.Series(~held))), rows(train.filter(pl.Series(held)))
    tried = [{**one, "rmse": round(evaluate_ratings(SVD(**one), learned, judged).rmse, 5)} for one in GRID]
    best = min(range(len(GRID)), key=lambda place: tried[place]["rmse"])
    return GRID[best], tried


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--data", type=Path, default=SHARED / "ml-100k")
    folder, folds = told.parse_args().data, []
    for number in range(1, 6):
        train = read(folder / f"u{number}.base.gz")
        settings, tried = chosen_inside(train, seed=number)
        report = evaluate_ratings(SVD(**settings), rows(train), rows(read(folder / f"u{number}.test.gz")))
        folds.append({"fold": f"u{number}", "settings": settings, "rmse": report.rmse, "mae": report.mae})
        folds[-1] |= {"n": report.n, "fit_seconds": round(report.fit_seconds, 2), "tried": tried}
        print(f"u{number}: RMSE {report.rmse:.4f}  MAE {report.mae:.4f}  n {report.n:,}  {settings}", flush=True)
    mean = float(np.mean([fold["rmse"] for fold in folds]))
    print(f"mean RMSE {mean:.4f}, bar {BAR}: {'met' if mean <= BAR else 'NOT met'}")
    write("quality_svd_ml100k", {"bar": BAR, "mean_rmse": mean, "folds": folds})
    return 0 if mean <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
