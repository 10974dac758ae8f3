"""Recall@20 of trained graph models on Gowalla in LightGCN's given split, with a limit of time.

A training learns from all of train but the 2,000 acts that it holds out itself, by which it keeps its best weights. It
is stopped after --minutes and keeps its state in --state, so that the same command goes on with it. Settings
are the defaults, none is chosen here. Test is asked once a model.

    python benchmarks/quality/gowalla_graph.py --models lightgcn --minutes 60 --threads 1
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gowalla import judged, read
from reading import RESULTS, SHARED, provenance, write

from crossrec.core.event import NO_ORDER
from crossrec.core.interactions import Interactions
from crossrec.evaluation.protocol import Protocol
from crossrec.models.progress import watching
from crossrec.models.recommender import Recommender, create
from crossrec.models.training.resume import resuming

BARS = {"lightgcn": {"recall@20": 0.180, "ndcg@20": 0.153}}
EPOCHS = 200


class Stopped(Exception):
    """The time is over."""


def trained(name: str, train: Interactions, state: Path, minutes: float) -> tuple[Recommender, float]:
    """Train until the time is over, and return the model with its best weights and the seconds it took."""
    start, done = time.perf_counter(), [0]

    def watch(told: str, epoch: int, total: int) -> None:
        if "epochs" not in told:
            return
        seconds = time.perf_counter() - start
        print(f"  {name} {epoch} {told} {seconds:.0f} s", flush=True)
        if seconds > 60 * minutes and epoch < total and epoch > 1:
            done[0] = epoch - 1  # the checkpoint of this epoch is written after this
            raise Stopped

    with resuming(state):
        try:
            with watching(watch):
                return create(name, epochs=EPOCHS).fit(train), time.perf_counter() - start
        except Stopped:
            seconds = time.perf_counter() - start
            return create(name, epochs=done[0]).fit(train), seconds


def run(name: str, data: Interactions, state: Path, minutes: float) -> dict[str, Any]:
    """Train on all of train, and judge on test."""
    model, seconds = trained(name, Protocol("given", k=20).split(data).before_test(), state, minutes)
    curve = json.loads(model.curve_)  # type: ignore[attr-defined]  # networks have one
    found = {"minutes": minutes, "fit_seconds": round(seconds, 1)}
    found |= {"epochs": len(curve["loss"]), "best_epoch": curve["best"] + 1, "held_out_ndcg": curve["ndcg"][::5]}
    found |= {**judged(model, data), **provenance()}
    print(f"{name}: {found['metrics']}, bars {BARS.get(name, 'none')}", flush=True)
    return found


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--data", type=Path, default=SHARED / "gowalla-lightgcn")
    told.add_argument("--models", default="lightgcn,xsimgcl")
    told.add_argument("--minutes", type=float, default=60.0)
    told.add_argument("--threads", type=int, default=torch.get_num_threads())
    told.add_argument("--state", type=Path, default=Path(tempfile.gettempdir()) / "gowalla-graph")
    chosen = told.parse_args()
    torch.set_num_threads(chosen.threads)
    data = read(chosen.data)
    data = replace(data, positions=np.full(len(data), NO_ORDER))  # the files sort a person's items by number
    kept = RESULTS / "quality_gowalla_graph.json"
    found = json.loads(kept.read_text())["models"] if kept.exists() else {}
    for name in chosen.models.split(","):
        found[name] = {"threads": chosen.threads, **run(name, data, chosen.state, chosen.minutes)}
        write("quality_gowalla_graph", {"rows": len(data), "bars": BARS, "models": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
