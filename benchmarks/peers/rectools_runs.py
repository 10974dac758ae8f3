"""Time RecTools on interactions handed over as CSV; runs in RecTools' environment, prints one JSON line at the end.

Arguments: "evaluate" or "sasrec", a folder with train.csv and held.csv (user_id, item_id, in their order), settings
as JSON. "sasrec" trains an epoch at a time, looks at NDCG@10 of the held acts after each, and stops at `goal` or after
`minutes` of training; looking does not count.
"""

from __future__ import annotations

import json
import platform
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import rectools
from rectools import Columns
from rectools.dataset import Dataset
from rectools.metrics import MRR, NDCG, HitRate, Precision, Recall, calc_metrics
from timing import clock_of

K = 10


def read(path: Path) -> pd.DataFrame:
    """Read acts; the order of the lines is their time."""
    table = pd.read_csv(path, dtype={"user_id": str, "item_id": str})
    table[Columns.Weight] = 1.0
    table[Columns.Datetime] = pd.to_datetime(range(len(table)), unit="s")
    return table


def ndcg(model: Any, dataset: Dataset, held: pd.DataFrame) -> float:
    lists = model.recommend(held[Columns.User].unique(), dataset, K, filter_viewed=True)
    return float(calc_metrics({"ndcg": NDCG(k=K, divide_by_achievable=True)}, lists, interactions=held)["ndcg"])


def sasrec(train: pd.DataFrame, held: pd.DataFrame, settings: dict[str, Any]) -> dict[str, Any]:
    """Return seconds of training and NDCG@10 after each epoch."""
    from rectools.models import SASRecModel

    goal, minutes, look = (settings.pop(name) for name in ("goal", "minutes", "look"))
    dataset = Dataset.construct(train)
    model = SASRecModel(**settings, epochs=1, verbose=0)
    seconds, curve = 0.0, []
    while seconds < 60 * minutes:
        start = time.perf_counter()
        model.fit_partial(dataset, min_epochs=1, max_epochs=1)
        seconds += time.perf_counter() - start
        curve.append({"seconds": seconds, "ndcg@10": ndcg(model, dataset, held) if look else None})
        print(curve[-1], file=sys.stderr, flush=True)
        if look and curve[-1]["ndcg@10"] >= goal:
            break
    return {"curve": curve, "persons": int(train[Columns.User].nunique()), "acts": len(train)}


def evaluate(train: pd.DataFrame, held: pd.DataFrame, settings: dict[str, Any]) -> dict[str, Any]:
    """Time lists and metrics of a fitted ALS, all users."""
    from implicit.als import AlternatingLeastSquares
    from rectools.models import ImplicitALSWrapperModel

    dataset = Dataset.construct(train)
    model = ImplicitALSWrapperModel(AlternatingLeastSquares(factors=settings["factors"], iterations=1, random_state=0))
    model.fit(dataset)
    metrics = {
        "recall": Recall(k=K),
        "ndcg": NDCG(k=K, divide_by_achievable=True),
        "mrr": MRR(k=K),
        "hit": HitRate(k=K),
        "precision": Precision(k=K),
    }
    seconds, clock = [], clock_of()
    for _ in range(settings["repeats"] + 1):
        start = clock()
        lists = model.recommend(held[Columns.User].unique(), dataset, K, filter_viewed=True)
        values = calc_metrics(metrics, lists, interactions=held, prev_interactions=train)
        seconds.append(clock() - start)
    return {"seconds": seconds[1:], "values": {name: float(value) for name, value in values.items()}}


def main(what: str, folder: str, settings: str) -> None:
    warnings.simplefilter("ignore")
    parts = [read(Path(folder) / f"{part}.csv") for part in ("train", "held")]
    answer = {"evaluate": evaluate, "sasrec": sasrec}[what](*parts, json.loads(settings))
    print(json.dumps(answer | {"versions": {"rectools": rectools.__version__, "python": platform.python_version()}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
