"""Counting, linear and factor models on S3-Rec's Beauty: leave-last-out, full ranking, settings chosen on validation.

The test question's history holds the validation item; models learn from train alone. Test is asked once a model.

    python benchmarks/quality/beauty.py --models markov
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from reading import BEAUTY, RESULTS, best_of, grid, listed, provenance, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.protocol import Protocol
from crossrec.models.recommender import create

GRIDS = {
    "popularity": [{}],
    "item_knn": grid(similarity=["cosine", "tfidf", "bm25"], neighbours=[50, 100, 200, 500]),
    "ease": grid(l2=[50.0, 100.0, 200.0, 400.0, 800.0]),
    "als": grid(factors=[64, 128, 256], l2=[1.0, 10.0, 30.0], alpha=[5.0, 20.0], epochs=[10]),
    "rp3beta": grid(neighbours=[200, 500], alpha=[0.7, 1.0, 1.3], beta=[0.2, 0.4, 0.6]),
    "gf_cf": grid(factors=[128, 256, 512], alpha=[0.1, 0.3, 1.0]),
    "markov": grid(window=[1, 3, 10, 20], decay=[0.5, 0.7, 0.9], shrink=[0.3, 1.0, 3.0]),
}


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--data", type=Path, default=BEAUTY)
    told.add_argument("--models", default=",".join(GRIDS))
    chosen = told.parse_args()
    data, kept = Interactions.from_frame(listed(chosen.data)), RESULTS / "quality_beauty.json"
    found = json.loads(kept.read_text())["models"] if kept.exists() else {}
    print(f"Beauty, leave-last-out: {len(data):,} rows, {len(data.user_ids):,} users, {len(data.catalogue):,} items")
    choice, exam = Protocol("leave-last-out", part="validation"), Protocol("leave-last-out")
    for name in chosen.models.split(","):
        settings, tried = best_of(name, GRIDS[name], data, choice, "ndcg@10")
        report = evaluate(create(name, **settings), data, exam, metrics=("recall", "ndcg"))
        model = report.models[0]
        values = {
            key: {"value": round(one.value, 5), "low": one.low, "high": one.high} for key, one in model.metrics.items()
        }
        found[name] = {"settings": settings, "metrics": values, "fit_seconds": model.fit_seconds, "tried": tried}
        found[name] |= provenance()
        print(f"{name} {settings}: { ({key: one['value'] for key, one in values.items()}) }", flush=True)
    told_protocol = {"hash": exam.hash, "split": exam.split(data).fingerprint[:16]}
    write("quality_beauty", {"rows": len(data), "protocol": told_protocol, "models": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
