"""Recall@20 of item-item and graph models on Gowalla in LightGCN's given split, settings chosen on a part of train.

EASE's penalty is chosen among the most popular items of the training part (a small fraction of the work of the
whole catalogue), its one final fit has all 40,981 items: 6.7 GB and some minutes. Test is asked once a model.

    python benchmarks/quality/gowalla.py --models item_knn,ease
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from reading import RESULTS, SHARED, best_of, grid, listed, provenance, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.evaluate import evaluate_fitted
from crossrec.evaluation.protocol import Protocol
from crossrec.models.classic import ease
from crossrec.models.recommender import Recommender, create

METRIC = "recall@20"
BARS = {"item_knn": 0.157, "ease": 0.176, "gf_cf": 0.184}
POPULAR = 6_000
GRIDS = {
    "item_knn": grid(similarity=["cosine", "tfidf", "bm25"], neighbours=[100, 500])
    + grid(popularity=[0.3, 0.35, 0.4, 0.45, 0.5], activity=[0.5, 0.75, 1.0, 1.25], neighbours=[500])
    + grid(popularity=[0.35, 0.4], activity=[0.75, 1.0], neighbours=[300, 1000, 2000]),
    "ease": grid(l2=[30.0, 100.0, 300.0]),
    "gf_cf": grid(alpha=[0.1, 0.2, 0.3, 0.5], factors=[256]) + grid(factors=[128], alpha=[0.3]),
    "rp3beta": grid(alpha=[0.7, 1.0, 1.3], beta=[0.3, 0.5, 0.7], neighbours=[500]),
}
KEEP = 500


def read(folder: Path) -> Interactions:
    """Read train.txt and test.txt with their split."""
    parts = [listed(folder / f"{part}.txt.gz").with_columns(split=pl.lit(part)) for part in ("train", "test")]
    return Interactions.from_frame(pl.concat(parts))


def popular(data: Interactions, count: int) -> Interactions:
    """Return the rows of the items with most training rows, other items being gone from the catalogue."""
    train = np.bincount(data.items[data.splits == 0], minlength=len(data.catalogue))
    chosen = np.sort(np.argsort(-train, kind="stable")[:count])
    rows = data.take(np.isin(data.items, chosen))
    frame = pl.DataFrame(
        {
            "user_id": rows.user_ids.series.gather(rows.users),
            "item_id": rows.item_ids.series.gather(rows.items),
            "split": np.array(["train", "valid", "test"])[rows.splits],
        }
    )
    return Interactions.from_frame(frame)


def judged(model: Recommender, data: Interactions) -> dict[str, Any]:
    """Ask a fitted model about test."""
    protocol = Protocol("given", k=20)
    report = evaluate_fitted(model, protocol.split(data), protocol, metrics=("recall", "ndcg"))
    found = report.models[0].metrics
    values = {name: {"value": round(one.value, 5), "low": one.low, "high": one.high} for name, one in found.items()}
    return {"metrics": values, "protocol": found[METRIC].protocol, "split": found[METRIC].split}


def pruned(model: Any, data: Interactions) -> dict[str, Any]:
    """Cut EASE's weights as its setting `keep` does, and judge and weigh the saved model."""
    model.weights_ = ease._pruned(model.weights_, KEEP)  # noqa: SLF001 - what `keep` does, without a second fit of minutes
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        size = sum(path.stat().st_size for path in (Path(folder) / "model").rglob("*.npy"))
    return {"keep": KEEP, "bundle_mb": round(size / 1e6), **judged(model, data)}


def run(name: str, data: Interactions) -> dict[str, Any]:
    """Choose settings on validation, fit on all of train, and judge on test."""
    choice = Protocol("given", k=20, part="validation")
    smaller = popular(data, POPULAR) if name == "ease" else data
    settings, tried = best_of(name, GRIDS[name], smaller, choice, METRIC)
    model, start = create(name, **settings), time.perf_counter()
    model.fit(choice.split(data).before_test())
    seconds = round(time.perf_counter() - start, 1)
    print(f"{name} {settings}: fitted in {seconds} s", flush=True)
    found = {"settings": settings, "tried": tried, "fit_seconds": seconds, **judged(model, data), **provenance()}
    print(f"{name}: {found['metrics']}, bar {BARS.get(name, 'none')}", flush=True)
    if name == "ease":
        found["pruned"] = pruned(model, data)
        print(f"{name}, {KEEP} weights an item: {found['pruned']}", flush=True)
    return found


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--data", type=Path, default=SHARED / "gowalla-lightgcn")
    told.add_argument("--models", default="item_knn,ease")
    chosen = told.parse_args()
    data = read(chosen.data)
    print(f"gowalla, given split: {len(data):,} rows, {len(data.user_ids):,} users, {len(data.catalogue):,} items")
    kept = RESULTS / "quality_gowalla.json"
    found = json.loads(kept.read_text())["models"] if kept.exists() else {}
    for name in chosen.models.split(","):
        found[name] = run(name, data)
        write("quality_gowalla", {"rows": len(data), "bars": BARS, "models": found})
    return 0 if all(found[name]["metrics"][METRIC]["value"] >= BARS.get(name, 0.0) for name in found) else 1


if __name__ == "__main__":
    sys.exit(main())
