"""Which joint models are worth having: factors, a graph over the union, and graphs that exchange what persons are.

Douban's books and music (a tenth of each person's acts carved from the training part) and CDRIB's games and videos (the
given validation part: persons without any act in the target). Like grids for each kind of model; everything is judged
on these validation parts, on which the settings were chosen too, and no test part is asked.

    python benchmarks/quality/graph_transfer.py
    python benchmarks/quality/graph_transfer.py cdrib

Writes results/quality_graph_transfer_*.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from domains import cdrib, douban
from reading import provenance, write

from crossrec.core.arrays import Doubles
from crossrec.evaluation.transferring.exam import Exam, exam_of
from crossrec.evaluation.transferring.served import served
from transfer import K, alone, judged

COURSES = {
    "douban": "batch_size=256 epochs=60 patience=8",
    "cdrib": "batch_size=2048 negatives=1000 epochs=25 patience=4 learning_rate=0.02",
}
EXAMS = {
    "douban": lambda: exam_of(exam_of(douban(), "random", seed=0).train, "random", seed=1),
    "cdrib": lambda: exam_of(cdrib("valid"), "given"),
}


def options_of(name: str) -> dict[str, list[str]]:
    """Return kind -> words of models; CDRIB's persons have nothing in the target, so no model of it alone is asked.

    CDRIB's graphs are large: their grid is smaller.
    """
    shares = (0.2, 0.5) if name == "douban" else (0.5,)
    graphs = [f"layers={layers} dropout={dropout} {COURSES[name]}" for layers in (1, 3) for dropout in shares]
    changes = ("own=0.5", "own=1", "hidden=0") if name == "douban" else ("hidden=0",)
    more = [f"layers=1 {setting} {COURSES[name]}" for setting in changes]
    found = {
        "popularity": ["popularity"],
        "item_knn": ["item_knn", "item_knn popularity=0.1 activity=0.5"],
        "cmf": [f"cmf factors={factors} l2={l2} alpha=3" for factors in (64, 128) for l2 in (1, 30)],
        "lightgcn over both": [f"lightgcn {words}" for words in graphs],
        "bitgcf": [f"bitgcf {words}" for words in (*graphs, *more)],
    }
    if name == "douban":
        found["als alone"] = [f"als factors=64 l2={l2} alpha=3" for l2 in (10, 30)]
        found["lightgcn alone"] = [f"lightgcn {words}" for words in graphs]
    return found


def run(exam: Exam, name: str) -> None:
    """Choose the settings of each kind, and compare the kinds with bitgcf, domain by domain."""
    everything = np.ones(len(exam), dtype=np.bool_)
    tried: list[dict[str, Any]] = []
    values: dict[str, Doubles] = {}
    for kind, lines in options_of(name).items():
        best = -1.0
        for words in lines:
            start = time.process_time()
            one = (
                alone(exam, words)
                if kind.endswith(" alone")
                else exam.ndcg(served(words, "popularity", exam.train), everything, K)
            )
            means = {domain: float(one[exam.domains == code].mean()) for code, domain in enumerate(exam.names)}
            seconds = round(time.process_time() - start, 1)
            tried.append({"kind": kind, "model": words, "ndcg@10": means, "processor_seconds": seconds})
            print(tried[-1], flush=True)
            if sum(means.values()) > best:
                best, values[kind] = sum(means.values()), one
    found: dict[str, Any] = {"tried": tried, "protocol": exam.told, "bitgcf_against": {}}
    for code, domain in enumerate(exam.names):
        rows = exam.domains == code
        against = {kind: judged(exam, "bitgcf", kind, values, rows) for kind in values if kind != "bitgcf"}
        found["bitgcf_against"][domain] = against
        print(
            domain,
            int(rows.sum()),
            {kind: (one["difference"], one["low"], one["high"]) for kind, one in against.items()},
        )
    write(f"quality_graph_transfer_{name}", {"benchmark": f"graph transfer {name}", **found, **provenance()})


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("data", choices=EXAMS, nargs="?", help="both where it is left out")
    told = asked.parse_args().data
    for which in [told] if told else EXAMS:
        run(EXAMS[which](), which)
