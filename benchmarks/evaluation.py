"""Evaluation of a fitted model over all users of ML-1M, 8 metrics: this package against RecTools' calc_metrics.

RecTools runs in its own environment (benchmarks/peers/rectools.txt), on the same lists, in the same run. Three
times are compared with its one: the metrics of given lists; the whole evaluation of a fitted model (histories,
scores, lists, metrics, slices, hashes); and the same with bootstrap intervals. No ratio is printed below 6,040 users.

    python benchmarks/evaluation.py --data ../shared/data/ml-1m/sasrec/ml-1m.txt.gz
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from crossrec.core.interactions import Interactions
from crossrec.data.split import Split
from crossrec.evaluation.evaluate import evaluate_fitted
from crossrec.evaluation.judge import Judge
from crossrec.evaluation.lists import Lists, lists_of
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.questions import questions_of
from crossrec.models.recommender import Recommender, create
from quality.reading import FILMS
from synthetic import machine, write

HERE = Path(__file__).resolve().parent
METRICS = ("recall", "precision", "ndcg", "mrr", "map", "hit_rate", "coverage", "novelty")
FEWEST_USERS = 6040
BAR = 5.0


def read(path: Path) -> Interactions:
    """Read `user item` lines, in time order within a user."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        frame = pl.read_csv(lines.read(), separator=" ", has_header=False, new_columns=["user_id", "item_id"])
    return Interactions.from_frame(frame)


def times(work: Callable[[Split], object], cuts: Callable[[], Split], repeats: int) -> list[float]:
    """Time work on a fresh split each time, so that nothing is remembered; the first run warms up."""
    seconds = []
    for _ in range(repeats + 1):
        split = cuts()
        start = time.perf_counter()
        work(split)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def numbers(split: Split, protocol: Protocol, lists: Lists, names: tuple[str, ...]) -> dict[str, float]:
    """Compute the metrics of given lists from the rows of the split alone."""
    judge = Judge(questions_of(split, protocol), protocol, "", names, resamples=0)
    return {name: number.value for name, number in judge.numbers(lists, judge.values(lists)).items()}


def peer(python: Path, split: Split, protocol: Protocol, lists: Lists, repeats: int) -> dict[str, dict[str, object]]:
    """Hand the lists to RecTools in its own environment and return its values and times."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lists.npz"
        np.savez(
            path,
            items=lists.items,
            asked=questions_of(split, protocol).users,
            test_users=split.test.users,
            test_items=split.test.items,
            train_users=split.train.users,
            train_items=split.train.items,
            catalogue_size=len(split.train.catalogue),
        )
        script = [str(python), str(HERE / "peers/rectools_metrics.py"), str(path), str(protocol.k), str(repeats)]
        done = subprocess.run(script, check=True, capture_output=True, text=True, timeout=600)
    answer: dict[str, dict[str, object]] = json.loads(done.stdout)
    return answer


def compare(name: str, model: Recommender, data: Interactions, python: Path, repeats: int) -> dict[str, object]:
    """Measure one model's lists here and there, and check that the values agree."""
    protocol = Protocol("leave-last-out", k=10)
    split = protocol.split(data)
    model.fit(split.train)
    questions = questions_of(split, protocol)
    lists = lists_of(model, questions, protocol)
    theirs = peer(python, split, protocol, lists, repeats)
    few = tuple(metric for metric in METRICS if metric != "novelty")

    def cuts() -> Split:
        return protocol.split(data)

    def whole(resamples: int) -> Callable[[Split], object]:
        return lambda cut: evaluate_fitted(model, cut, protocol, metrics=METRICS, resamples=resamples)

    work: dict[str, tuple[str, Callable[[Split], object]]] = {
        "metrics of given lists": ("all", lambda cut: numbers(cut, protocol, lists, METRICS)),
        "metrics of given lists, no novelty": ("without_novelty", lambda cut: numbers(cut, protocol, lists, few)),
        "whole evaluation": ("all", whole(0)),
        "whole evaluation + intervals": ("all", whole(1000)),
    }
    timed = {}
    for label, (against, function) in work.items():
        ours, other = statistics.median(times(function, cuts, repeats)), statistics.median(theirs[against]["seconds"])
        timed[label] = {"seconds": ours, "rectools_seconds": other, "ratio": other / ours}
    ours_values = numbers(split, protocol, lists, METRICS)
    gaps = {metric: ours_values[f"{metric}@10"] - theirs["all"]["values"][metric] for metric in METRICS}
    return {
        "model": name,
        "users": len(np.unique(questions.users)),
        "rows": len(data),
        "items": len(data.catalogue),
        "metrics": {metric: ours_values[f"{metric}@10"] for metric in METRICS},
        "gaps_to_rectools": gaps,
        "times": timed,
        "protocol": protocol.hash,
        "split": split.fingerprint[:16],
        "versions": theirs["versions"],
    }


def show(found: dict[str, object]) -> bool:
    """Print one model's table; say whether its values agree and the bar is met."""
    print(f"\n{found['model']}: {found['users']:,} users, {found['items']:,} items, {found['rows']:,} rows, k=10")
    apart = {name: gap for name, gap in found["gaps_to_rectools"].items() if abs(gap) > 1e-6}
    for name, gap in apart.items():
        print(f"  {name}: differs from RecTools by {gap:+.2e}")
    print(f"  {len(METRICS) - len(apart)} of {len(METRICS)} metrics agree with RecTools to 1e-6")
    if found["users"] < FEWEST_USERS:
        print(f"  no ratio: {found['users']:,} users, the bar is stated for {FEWEST_USERS:,}")
        return not apart
    print(f"  {'':36}{'here s':>10}{'RecTools s':>12}{'ratio':>8}")
    for label, row in found["times"].items():
        print(f"  {label:36}{row['seconds']:>10.4f}{row['rectools_seconds']:>12.4f}{row['ratio']:>8.1f}")
    return not apart and found["times"]["metrics of given lists"]["ratio"] >= BAR


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--data", type=Path, default=FILMS)
    told.add_argument("--models", default="popularity,ease")
    told.add_argument("--repeats", type=int, default=7)
    told.add_argument(
        "--peer-python",
        type=Path,
        default=Path(os.environ.get("CROSSREC_PEER_RECTOOLS", HERE.parent / ".venv-peer-rectools/bin/python")),
    )
    chosen = told.parse_args()
    data = read(chosen.data)
    found = [compare(name, create(name), data, chosen.peer_python, chosen.repeats) for name in chosen.models.split(",")]
    met = [show(one) for one in found]
    write("evaluation", {"bar": BAR, "machine": machine(), "runs": found})
    print(f"\nbar of {BAR}: {'met' if all(met) else 'NOT met'}")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
