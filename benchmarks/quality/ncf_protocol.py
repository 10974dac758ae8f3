"""HR@10 on MovieLens-1M as in NCF (He et al. 2017): the last act of each user among 99 drawn items.

All 3,706 films are there, as in the paper: the rare ones are easy to tell from a right answer. The order within a user
is known for all but 598 ratings of films with fewer than five; these are taken as the oldest, and so learned from.
The numbers are for comparison with papers that did the same; the full catalogue stands beside them. Settings are chosen
on each user's last act but one, by the same draw; the tested model learns from it too, as published.

    python benchmarks/quality/ncf_protocol.py --models popularity,item_knn,als,ease
    python benchmarks/quality/ncf_protocol.py --models ncf --state ~/states

A network that was stopped goes on from `--state`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from reading import RESULTS, SHARED, best_of, grid, provenance, told, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.protocol import Protocol
from crossrec.models.progress import watching
from crossrec.models.recommender import create
from crossrec.models.training.resume import resuming

BARS = {"als": 0.72, "ncf": 0.70}
NCF = Protocol("leave-last-out", k=10, fit_on="train+validation", sampled=99)
METRIC = NCF.named("hit_rate", 10)
GRIDS = {
    "popularity": grid(),
    "item_knn": grid(similarity=["cosine"], neighbours=[20, 50, 100]),
    "ease": grid(l2=[300.0, 1000.0, 3000.0]),
    "als": grid(factors=[64, 128, 192], nu=[1.0], alpha=[3.0], l2=[30.0, 50.0])
    + grid(factors=[128], nu=[1.0], alpha=[1.0, 10.0], l2=[30.0, 50.0]),
    "ncf": grid(kind=["mlp"], width=[64], batch_size=[2048], learning_rate=[0.002], epochs=[8])
    + grid(kind=["neumf"], width=[64], batch_size=[2048], learning_rate=[0.002], epochs=[16])
    + grid(kind=["neumf"], width=[128], batch_size=[2048], learning_rate=[0.002], epochs=[6]),
}


def read(path: Path) -> Interactions:
    """Read all ratings as acts, in their order within a user."""
    place = pl.col("rank_in_user_time_order").fill_null(0).cast(pl.Int64)
    return Interactions.from_frame(pl.read_csv(path).select(user_id="UserID", item_id="MovieID", position=place))


def run(name: str, data: Interactions) -> dict[str, Any]:
    """Choose settings on validation and judge on test, among drawn items and in the full catalogue."""
    settings, tried = best_of(name, GRIDS[name], data, replace(NCF, part="validation", fit_on="train"), METRIC)
    metrics = {}
    for protocol in (NCF, replace(NCF, sampled=0)):
        model = evaluate(create(name, **settings), data, protocol, metrics=("hit_rate", "ndcg")).models[0]
        metrics |= {
            one: {"value": round(n.value, 5), "low": round(n.low, 5), "high": round(n.high, 5), "protocol": n.protocol}
            for one, n in model.metrics.items()
        }
    print(f"{name} {settings}: { {one: n['value'] for one, n in metrics.items()} }", flush=True)
    return {"settings": settings, "tried": tried, "metrics": metrics, **provenance()}


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, default=SHARED / "ml-1m/ratings.csv.gz")
    asked.add_argument("--models", default="popularity,item_knn,als,ease")
    asked.add_argument("--state", type=Path)
    chosen = asked.parse_args()
    data = read(chosen.data)
    print(f"ml-1m: {len(data):,} rows, {len(data.user_ids):,} users, {len(data.catalogue):,} items")
    kept = RESULTS / "quality_ncf_protocol.json"
    found = json.loads(kept.read_text())["models"] if kept.exists() else {}
    for name in chosen.models.split(","):
        with watching(told), resuming(chosen.state):
            found[name] = run(name, data)
        write("quality_ncf_protocol", {"rows": len(data), "bars": BARS, "models": found})
    return 0 if all(found[name]["metrics"][METRIC]["value"] >= BARS.get(name, 0.0) for name in found) else 1


if __name__ == "__main__":
    sys.exit(main())
