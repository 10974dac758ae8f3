"""Sequence models on public orders: leave-last-out, full ranking, the best epoch chosen on validation.

The network learns from the training part alone: neither the validation nor the test item of a person is ever a target.
The test question's history holds the validation item. Test is asked once a seed.

    python benchmarks/quality/sequences.py --data beauty --model sasrec --seeds 0,1,2
    python benchmarks/quality/sequences.py --data ml-1m --model bert4rec --state ~/states

A run that was stopped goes on from `--state`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from reading import BEAUTY, FILMS, RESULTS, SHARED, listed, provenance, told, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.evaluate import evaluate
from crossrec.evaluation.protocol import Protocol
from crossrec.models.progress import watching
from crossrec.models.recommender import create
from crossrec.models.training.resume import resuming

PLACES = {
    "beauty": BEAUTY,
    "sports": SHARED / "s3rec-Sports_and_Outdoors/Sports_and_Outdoors.txt.gz",
    "ml-1m": FILMS,
}
CHOSEN: dict[str, dict[str, Any]] = {}
"""What departs from a model's defaults on a data set; chosen on validation."""


def measured(name: str, settings: dict[str, Any], data: Interactions, state: Path | None) -> dict[str, Any]:
    """Train with one seed, and ask test once; a training that went on from a state has no time of its own."""
    model, before = create(name, **settings), kept_in(state)
    with watching(told), resuming(state):
        report = evaluate({name: model}, data, Protocol("leave-last-out"), metrics=("recall", "ndcg")).models[0]
    values = {
        key: {"value": round(one.value, 5), "low": one.low, "high": one.high} for key, one in report.metrics.items()
    }
    whole = state is None or kept_in(state) != before
    return {"metrics": values, "fit_seconds": report.fit_seconds if whole else None, "peak_mb": report.peak_mb}


def kept_in(state: Path | None) -> set[Path]:
    """Return the trainings that a folder has the state of."""
    return set() if state is None else set(state.glob("*.npz"))


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", choices=PLACES, default="beauty")
    asked.add_argument("--model", default="sasrec")
    asked.add_argument("--seeds", default="0")
    asked.add_argument("--settings", type=json.loads, default={}, help="more settings, as JSON")
    asked.add_argument("--state", type=Path)
    chosen = asked.parse_args()
    data = Interactions.from_frame(listed(PLACES[chosen.data]))
    settings = CHOSEN.get(f"{chosen.data} {chosen.model}", {}) | chosen.settings
    print(f"{chosen.data}: {len(data):,} rows, {len(data.user_ids):,} users, {len(data.catalogue):,} items; {settings}")
    runs = {}
    for seed in map(int, chosen.seeds.split(",")):
        runs[seed] = measured(chosen.model, {**settings, "seed": seed}, data, chosen.state)
        print(f"seed {seed}: { ({key: one['value'] for key, one in runs[seed]['metrics'].items()}) }", flush=True)
    means = {
        key: round(statistics.mean(run["metrics"][key]["value"] for run in runs.values()), 5)
        for key in next(iter(runs.values()))["metrics"]
    }
    kept = RESULTS / "quality_sequences.json"
    found = json.loads(kept.read_text())["runs"] if kept.exists() else {}
    found[f"{chosen.data} {chosen.model}"] = {"settings": settings, "means": means, "seeds": runs, **provenance()}
    write("quality_sequences", {"protocol": Protocol("leave-last-out").hash, "runs": found})
    print(f"mean of {len(runs)} seeds: {means}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
