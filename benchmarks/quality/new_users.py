"""Strong generalisation on MovieLens-1M: Liang et al.'s protocol with 600 validation and 1,200 test persons.

Ratings of 4 and 5 are kept, of persons with at least five. Settings are chosen on the validation persons of the first
split; each of three splits (seeds) is then asked once a model. Recall divides by min(k, right answers), as published.

    python benchmarks/quality/new_users.py --models popularity,item_knn,ease,als
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from reading import RESULTS, SHARED, best_of, grid, provenance, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.protocol import Protocol
from crossrec.models.recommender import create

PERSONS = {"validation_persons": 600, "test_persons": 1200}
CHOSEN_ON = "ndcg@100"
SHOWN = ("recall_min@20", "recall_min@50", "ndcg@100")
SEEDS = (0, 1, 2)
GRIDS = {
    "popularity": grid(),
    "item_knn": grid(similarity=["cosine"], neighbours=[20, 100])
    + grid(popularity=[0.3, 0.5], activity=[0.5, 1.0], neighbours=[100, 500]),
    "ease": grid(l2=[100.0, 200.0, 300.0, 500.0, 1000.0]),
    "als": grid(factors=[128], nu=[1.0], alpha=[1.0, 3.0, 10.0], l2=[10.0, 30.0, 100.0])
    + grid(factors=[256], nu=[1.0], alpha=[1.0, 3.0], l2=[30.0, 60.0, 100.0]),
    "mult_vae": grid(epochs=[60], anneal=[30], beta=[0.2, 0.5]),
}


def read(path: Path) -> Interactions:
    """Read the ratings of 4 and 5 of persons with at least five of them."""
    frame = pl.read_csv(path).filter(pl.col("Rating") >= 4).select(user_id="UserID", item_id="MovieID")
    return Interactions.from_frame(frame.filter(pl.len().over("user_id") >= 5))


def run(name: str, data: Interactions) -> dict[str, Any]:
    """Choose settings on validation persons, then judge on the test persons of each split."""
    protocol = Protocol("new-users", k=100, cutoffs=(20, 50), settings=PERSONS)
    settings, tried = best_of(name, GRIDS[name], data, replace(protocol, part="validation"), CHOSEN_ON)
    splits = []
    for seed in SEEDS:
        asked = replace(protocol, seed=seed)
        report = evaluate(create(name, **settings), data, asked, metrics=("recall_min", "ndcg")).models[0]
        values = {one: report.metrics[one] for one in SHOWN}
        told = {
            one: {"value": round(n.value, 5), "low": round(n.low, 5), "high": round(n.high, 5)}
            for one, n in values.items()
        }
        splits.append({"seed": seed, "fit_seconds": round(report.fit_seconds, 2), "metrics": told})
        splits[-1] |= {"protocol": values[CHOSEN_ON].protocol, "split": values[CHOSEN_ON].split}
    means = {one: round(sum(part["metrics"][one]["value"] for part in splits) / len(splits), 5) for one in SHOWN}
    print(f"{name} {settings}: mean of {len(splits)} splits {means}", flush=True)
    return {"settings": settings, "tried": tried, "splits": splits, "means": means, **provenance()}


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--data", type=Path, default=SHARED / "ml-1m/ratings.csv.gz")
    told.add_argument("--models", default="popularity,item_knn,ease,als")
    chosen = told.parse_args()
    data = read(chosen.data)
    print(f"ml-1m, new-users: {len(data):,} rows, {len(data.user_ids):,} users, {len(data.catalogue):,} items")
    kept = RESULTS / "quality_new_users.json"
    found = json.loads(kept.read_text())["models"] if kept.exists() else {}
    for name in chosen.models.split(","):
        found[name] = run(name, data)
        write("quality_new_users", {"rows": len(data), "persons": PERSONS, "models": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
