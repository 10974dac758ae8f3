"""Time RecTools' calc_metrics on lists handed over as npz; runs in RecTools' environment, prints JSON.

Arguments: the npz file, k, number of repeats.
"""

from __future__ import annotations

import json
import platform
import sys
import time

import numpy as np
import pandas as pd
import rectools
from rectools import Columns
from rectools.metrics import MAP, MRR, NDCG, CatalogCoverage, HitRate, MeanInvUserFreq, Precision, Recall, calc_metrics


def main(path: str, k: int, repeats: int) -> None:
    arrays = np.load(path, allow_pickle=False)
    row, place = np.nonzero(arrays["items"] >= 0)
    reco = pd.DataFrame(
        {
            Columns.User: arrays["asked"][row],
            Columns.Item: arrays["items"][row, place],
            Columns.Rank: place + 1,
        }
    )
    test = pd.DataFrame({Columns.User: arrays["test_users"], Columns.Item: arrays["test_items"]})
    train = pd.DataFrame({Columns.User: arrays["train_users"], Columns.Item: arrays["train_items"]})
    catalog = np.arange(int(arrays["catalogue_size"]))
    metrics = {
        "recall": Recall(k=k),
        "precision": Precision(k=k),
        "ndcg": NDCG(k=k, divide_by_achievable=True),
        "mrr": MRR(k=k),
        "map": MAP(k=k),
        "hit_rate": HitRate(k=k),
        "coverage": CatalogCoverage(k=k, normalize=True),
        "novelty": MeanInvUserFreq(k=k),
    }
    without = {name: metric for name, metric in metrics.items() if name != "novelty"}
    answer = {
        "versions": {"rectools": rectools.__version__, "pandas": pd.__version__, "python": platform.python_version()}
    }
    for label, chosen in (("all", metrics), ("without_novelty", without)):
        seconds = []
        for _ in range(repeats + 1):  # the first warms up
            start = time.perf_counter()
            values = calc_metrics(chosen, reco, interactions=test, prev_interactions=train, catalog=catalog)
            seconds.append(time.perf_counter() - start)
        answer[label] = {"values": {name: float(value) for name, value in values.items()}, "seconds": seconds[1:]}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
