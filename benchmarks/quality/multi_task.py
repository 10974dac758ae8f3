"""Views, carts and purchases of Retailrocket: lists of what will be bought, and how true foretold chances are.

Pairs of a person and an item are split 80/10/10 with all that was done with it (`retailrocket-caserec`, 3,431
persons, 8,885 items, no times). Asked is what of the last tenth was bought, full ranking; settings of
neighbours and ALS are chosen on validation, those of `multi_task` are guesses, and test is asked once.

    python benchmarks/quality/multi_task.py

Writes results/quality_multi_task.json.
"""

from __future__ import annotations

import dataclasses
import gzip
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent))
from reading import SHARED, provenance, write

from crossrec.core.arrays import Doubles
from crossrec.core.clock import random
from crossrec.core.event import KIND_CODES
from crossrec.core.interactions import Interactions
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.metrics.significance import bootstrap_mean
from crossrec.models.recommender import model_of
from crossrec.models.training.exam import Exam, exam_of
from crossrec.models.transfer.multi_task import MultiTask

FILES = {
    "view": "view_ecommerce.dat.gz",
    "add_to_cart": "add_to_cart_ecommerce.dat.gz",
    "purchase": "purchase_ecommerce.dat",
}
OURS = "width=32 dropout=0.3 epochs=15"
KINDS = {
    "popularity": ["popularity"],
    "item_knn": ["item_knn", "item_knn popularity=0.1 activity=0.5"],
    "als": [f"als factors=64 l2={l2} alpha={alpha}" for l2 in (1, 10) for alpha in (3, 10)],
    "multi_task": [f"multi_task {OURS}"],
    "multi_task, MMoE": [f"multi_task private=0 {OURS}"],
    "multi_task, purchases alone": [f"multi_task {OURS}"],
}


def shop() -> tuple[Interactions, ...]:
    """Read the acts, and return the parts for training, validation and test."""
    parts = []
    for kind, name in FILES.items():
        data = (SHARED / "retailrocket-caserec" / name).read_bytes()
        frame = pl.read_csv(gzip.decompress(data) if name.endswith(".gz") else data, separator="\t")
        parts.append(frame.select(user_id="visitorid", item_id="itemid", interaction_type=pl.lit(kind)))
    acts = Interactions.from_frame(pl.concat(parts))
    pairs, place = np.unique(acts.users.astype(np.int64) * len(acts.catalogue) + acts.items, return_inverse=True)
    fate = random(0).random(len(pairs))[place]
    return tuple(acts.take((fate >= low) & (fate < high)) for low, high in ((0, 0.8), (0.8, 0.9), (0.9, 1)))


def bought(part: Interactions) -> Interactions:
    """Return the purchases."""
    return part.take(part.kinds == KIND_CODES["purchase"])


def asked(exam: Exam, model: Any) -> Doubles:
    """Return NDCG@10 of each person."""
    lists = model.recommend(exam.queries, 10)
    hits = find_hits(lists.items, exam.indptr, exam.answers)
    return np.asarray(rank_metrics(hits, np.diff(exam.indptr), [10], ["ndcg"])["ndcg@10"])


def fitted(kind: str, words: str, train: Interactions, validation: Interactions) -> Any:
    """Fit a model; of purchases alone both parts are cut, and all of what was done is known when it is asked."""
    alone = kind.endswith("alone")
    return model_of(words).fit(
        bought(train) if alone else train, validation=bought(validation) if alone else validation
    )


def truth(model: MultiTask, train: Interactions, test: Interactions) -> dict[str, Any]:
    """Compare how many events chances foretell, and how many came, over all pairs that were not had before.

    All that was done in the last tenth is asked, and 200 items drawn for each person, which stand for the rest; then
    the same for the hundredth of the pairs with the highest chances.
    """
    size, persons = len(train.catalogue), np.unique(train.users).astype(np.int64)
    had, then = (np.unique(part.users.astype(np.int64) * size + part.items) for part in (train, test))
    done = np.setdiff1d(then[np.isin(then // size, persons)], had)
    drawn = (persons[:, None] * size + random(1).integers(0, size, (len(persons), 200))).ravel()
    drawn = np.setdiff1d(np.unique(drawn), np.union1d(had, done))
    pairs = np.concatenate([done, drawn])
    stands = (len(persons) * size - len(had) - len(done)) / len(drawn)
    weights = np.concatenate([np.ones(len(done)), np.full(len(drawn), stands)])
    found = {}
    for kind in FILES:
        rows = test.take(test.kinds == KIND_CODES[kind])
        came = np.isin(pairs, rows.users.astype(np.int64) * size + rows.items)
        chances = np.concatenate(
            [
                model.chances(
                    model.histories_.rows((some // size).astype(np.int32)), (some % size).astype(np.int32), kind
                )
                for some in np.array_split(pairs, 40)
            ]
        ).astype(np.float64)
        order = np.argsort(-chances)
        top = order[np.cumsum(weights[order]) <= 0.01 * weights.sum()]
        found[kind] = {
            name: {
                "foretold": round(float(chances[at] @ weights[at]), 1),
                "came": round(float(came[at] @ weights[at]), 1),
            }
            for name, at in (("all", slice(None)), ("top hundredth", top))
        }
    return found


def main() -> int:
    """Choose, ask test, and compare."""
    train, validation, test = shop()
    inner, outer = exam_of(train, bought(validation)), exam_of(train, bought(test))
    if inner is None or outer is None:
        raise SystemExit("nothing was bought")
    tried: list[dict[str, Any]] = []
    values: dict[str, Doubles] = {}
    models: dict[str, Any] = {}
    for kind, lines in KINDS.items():
        best = -1.0
        for words in lines:
            start = time.process_time()
            model = fitted(kind, words, train, validation)
            mean = float(asked(inner, model).mean())
            tried.append({"kind": kind, "model": words, "ndcg@10": round(mean, 5)})
            tried[-1]["processor_seconds"] = round(time.process_time() - start, 1)
            print(tried[-1], flush=True)
            if mean > best:
                best, models[kind] = mean, model
        values[kind] = asked(outer, models[kind])
    differences = {
        kind: dataclasses.asdict(bootstrap_mean(values["multi_task"] - one))
        for kind, one in values.items()
        if kind != "multi_task"
    }
    found = {
        "persons": len(outer.queries),
        "ndcg@10": {kind: round(float(one.mean()), 5) for kind, one in values.items()},
        "multi_task_less": differences,
        "chances": truth(models["multi_task"], train, test),
        "tried": tried,
    }
    print(found)
    write("quality_multi_task", {"benchmark": "multi-task retailrocket", **found, **provenance()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
