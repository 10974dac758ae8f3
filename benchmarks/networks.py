"""Networks against RecBole and RecTools: seconds of an epoch, and SASRec's time to a validation NDCG@10 on Beauty.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python benchmarks/networks.py --parts epochs,goal

`epochs`: one pass over all training acts of the data, everything in it. SASRec (64 numbers, 2 blocks, 1 head, 50 newest
items, softmax over the catalogue, batches of 128 histories at the peers) on Beauty and LightGCN (64 numbers, 3 layers)
on ml-1m. An epoch of every side predicts every act of every history once; RecBole makes each prefix a sample of its
own, and LightGCN's has BPR with one drawn item an act, at its usual batch and at a large one. Here LightGCN's epoch
ranks the whole catalogue for each person.

`goal`: SASRec with this package's defaults and RecTools' with softmax over the catalogue too: seconds of training until
NDCG@10 of the validation acts is 0.060. Looking at it is in our time and not in RecTools'. RecTools is stopped when it
has taken 20 times as long.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.core.interactions import Interactions
from crossrec.data.split import Split
from crossrec.evaluation.protocol import Protocol
from crossrec.models.progress import watching
from crossrec.models.recommender import create
from peers.handing import acts, answer_of, atomic
from quality.reading import BEAUTY, FILMS, RESULTS, listed
from synthetic import machine, write

GOAL, LONGEST = 0.060, 20.0
SIZE = {"width": 64, "blocks": 2, "heads": 1, "longest": 50}
RECTOOLS: dict[str, Any] = {"n_factors": 64, "n_blocks": 2, "n_heads": 1, "session_max_len": 50, "loss": "softmax"}
BARS = {"lightgcn recbole": 2.0, "sasrec recbole": 3.0, "sasrec rectools": 1.5, "goal": 15.0}


class Enough(Exception):
    """What was to be seen has been seen."""


def cut(path: Path) -> Split:
    """Read acts in their order: each person's last is test, the one before validation."""
    return Protocol("leave-last-out").split(Interactions.from_frame(listed(path)))


def ticks(name: str, split: Split, settings: dict[str, Any], epochs: int, goal: float = 2.0) -> list[dict[str, float]]:
    """Train for some epochs or to the goal; return the seconds since the start and NDCG@10 after each epoch."""
    found: list[dict[str, float]] = []
    start = time.perf_counter()

    def watch(told: str, _done: int, _total: int) -> None:
        if "epochs" not in told:
            return
        value = re.search(r"ndcg@10 ([0-9.]+)", told)
        found.append({"seconds": time.perf_counter() - start, "ndcg@10": float(value[1]) if value else 0.0})
        print(f"  {name} {found[-1]}", flush=True)
        if len(found) >= epochs or found[-1]["ndcg@10"] >= goal:
            raise Enough

    try:
        with watching(watch):
            create(name, epochs=1000, **settings).fit(split.train, validation=split.exam())
    except Enough:
        pass
    return found


def epoch_of(found: list[dict[str, float]]) -> float:
    """Return the median seconds between the ends of two epochs."""
    ends = [one["seconds"] for one in found]
    return statistics.median(after - before for before, after in itertools.pairwise(ends))


def sasrec(folder: Path) -> dict[str, Any]:
    """Time an epoch of SASRec on all sides."""
    split = cut(BEAUTY)
    row: dict[str, Any] = {"model": "sasrec", "acts": len(split.train)}
    row["seconds"] = epoch_of(ticks("sasrec", split, {**SIZE, "dropout": 0.2}, 4))
    handed(split, folder)
    told: dict[str, Any] = RECTOOLS | {"minutes": 0.01, "goal": GOAL, "look": False}
    found = answer_of("rectools", "rectools_runs.py", "sasrec", folder, json.dumps(told))
    row["rectools"] = {"seconds": found["curve"][0]["seconds"], "versions": found["versions"]}
    place = folder / "sasrec" / "data"
    whole = pl.concat([acts(part) for part in (split.train, split.validation, split.test)])
    atomic(whole, place / "data.inter", timed=True)
    told = {"hidden_size": 64, "n_layers": 2, "n_heads": 1, "inner_size": 256, "MAX_ITEM_LIST_LENGTH": 50}
    told |= {"loss_type": "CE", "train_neg_sample_args": None, "train_batch_size": 2048}
    row["recbole"] = recbole("SASRec", place, told)
    return row


def lightgcn(folder: Path) -> dict[str, Any]:
    """Time an epoch of LightGCN here and in RecBole."""
    split = cut(FILMS)
    row: dict[str, Any] = {"model": "lightgcn", "acts": len(split.train)}
    row["seconds"] = epoch_of(ticks("lightgcn", split, {}, 4))
    place = folder / "lightgcn" / "data"
    for part, name in ((split.train, "train"), (split.validation, "valid"), (split.test, "test")):
        atomic(acts(part), place / f"data.{name}.inter", timed=False)
    for batch in (2_048, 65_536):
        told = {"embedding_size": 64, "n_layers": 3, "train_batch_size": batch}
        row[f"recbole, batch {batch}"] = recbole("LightGCN", place, told)
    return row


def handed(split: Split, folder: Path) -> None:
    """Write what RecTools reads."""
    acts(split.train).write_csv(folder / "train.csv")
    acts(split.validation).write_csv(folder / "held.csv")


def recbole(model: str, place: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Time its second epoch; the first warms up."""
    found = answer_of("recbole", "recbole_runs.py", "epochs", model, place, json.dumps(settings), 1)
    return {"seconds": statistics.median(found["seconds"]), **{name: found[name] for name in ("samples", "versions")}}


def epochs(folder: Path) -> list[dict[str, Any]]:
    """Time epochs of both networks on all sides."""
    rows = [sasrec(folder), lightgcn(folder)]
    for row in rows:
        for peer in (name for name in row if name.startswith("rec")):
            row[peer]["ratio"] = row[peer]["seconds"] / row["seconds"]
            told = f"{row['seconds']:.2f} s an epoch, {peer} {row[peer]['seconds']:.2f} s, {row[peer]['ratio']:.1f}"
            print(f"{row['model']}: {told}", flush=True)
    return rows


def goal(folder: Path) -> dict[str, Any]:
    """Time both SASRecs to the goal."""
    split = cut(BEAUTY)
    mine = ticks("sasrec", split, {}, 200, GOAL)
    handed(split, folder)
    told = RECTOOLS | {"goal": GOAL, "look": True, "minutes": LONGEST * mine[-1]["seconds"] / 60}
    found = answer_of("rectools", "rectools_runs.py", "sasrec", folder, json.dumps(told), minutes=240)
    theirs = found["curve"]
    reached, ratio = theirs[-1]["ndcg@10"] >= GOAL, theirs[-1]["seconds"] / mine[-1]["seconds"]
    words = f"{'' if reached else 'not in '}{theirs[-1]['seconds']:.0f} s, ratio {ratio:.1f}"
    print(f"goal: {mine[-1]['seconds']:.0f} s, RecTools {words}")
    done = {"reached": reached, "ratio": ratio, "versions": found["versions"]}
    return {"goal": GOAL, "crossrec": mine, "rectools": theirs, **done}


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--parts", default="epochs,goal")
    chosen = told.parse_args()
    kept = RESULTS / "networks.json"
    found = json.loads(kept.read_text()) if kept.exists() else {"bars": BARS}
    with tempfile.TemporaryDirectory() as text:
        for part in chosen.parts.split(","):
            found[part] = {"epochs": epochs, "goal": goal}[part](Path(text))
            write("networks", found | {"machine": machine()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
