"""Ratings of newcomers by the published protocol of EMCDR and PTUPCDR, with the baselines that they leave out.

Of the persons in both of Douban's books and music 20, 50 and 80 % lose all they rated in the target, which is predicted
from what they rated in the source. Settings are chosen on a fifth of the persons in both who are left.

    python benchmarks/quality/newcomers.py
    python benchmarks/quality/newcomers.py --seeds 0,1,2 --targets music

Writes results/quality_newcomers_douban.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from domains import douban
from reading import provenance, write

from crossrec.evaluation.transferring.newcomers import newcomers


def run(targets: list[str], seeds: list[int]) -> None:
    """Predict the ratings of newcomers to each target, and write what was found after each."""
    data, found = douban(rated=True), {}
    for target in targets:
        start = time.process_time()
        one = newcomers(data, target, seeds=seeds)
        print(one.table(), "\n", flush=True)
        found[target] = {**one.to_dict(), "processor_seconds": round(time.process_time() - start, 1)}
        write("quality_newcomers_douban", {"benchmark": "newcomers douban", **provenance(), "targets": found})


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--targets", default="book,music")
    asked.add_argument("--seeds", default="0")
    told = asked.parse_args()
    run(told.targets.split(","), [int(seed) for seed in told.seeds.split(",")])
