"""Models tuned with one budget each, and compared on persons they never saw: MovieLens-1M by `new_users.py`.

Every model gets the same minutes of search on the validation persons; the searches are kept in `results`, and one that
is there is not made again. The leaderboard is of the test persons of the same split.

    python benchmarks/quality/one_budget.py --models item_knn,ease,als --minutes 4
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from new_users import CHOSEN_ON, PERSONS, read
from reading import RESULTS, SHARED, provenance, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.comparing.compare import compare
from crossrec.evaluation.comparing.leaderboard import Leaderboard
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.tuning.tune import tune
from crossrec.evaluation.tuning.tuned import Tuned, read_tuned, write_tuned
from crossrec.models.recommender import create

ASKED = Protocol("new-users", k=100, cutoffs=(20, 50), settings=PERSONS)
SHOWN = ("recall_min@20", "recall_min@50", "ndcg@100")


def searched(name: str, data: Interactions, minutes: float) -> Tuned:
    """Search one model's settings, or read what was found before."""
    path = RESULTS / f"tuned_new_users_{name}.json"
    if path.exists():
        return read_tuned(path)
    found = tune(name, data, ASKED, metric=CHOSEN_ON, minutes=minutes, keep=partial(write_tuned, path=path))
    print(f"{name}\n{found}", flush=True)
    return found


def rows(board: Leaderboard, searches: dict[str, Tuned]) -> list[dict[str, Any]]:
    """Return what is kept of a leaderboard."""
    found: list[dict[str, Any]] = []
    for entry in board.entries:
        if entry.report is None:
            found.append({"model": entry.name, "failure": entry.failure})
            continue
        numbers = {one: entry.report.metrics[one] for one in SHOWN}
        told = {
            one: {"value": round(n.value, 5), "low": round(n.low, 5), "high": round(n.high, 5)}
            for one, n in numbers.items()
        }
        row = {"model": entry.name, "settings": entry.report.settings, "metrics": told}
        row["to_best"] = None if entry.to_best is None else vars(entry.to_best)
        row["trials"] = len(searches[entry.name].trials)
        found.append({**row, "fit_seconds": round(entry.report.fit_seconds, 2)})
    return found


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--data", type=Path, default=SHARED / "ml-1m/ratings.csv.gz")
    told.add_argument("--models", default="item_knn,ease,als")
    told.add_argument("--minutes", type=float, default=4.0)
    chosen = told.parse_args()
    data = read(chosen.data)
    searches = {name: searched(name, data, chosen.minutes) for name in chosen.models.split(",")}
    models = {name: create(name, **found.settings) for name, found in searches.items()}
    board = compare(models, data, ASKED, metric="ndcg", baselines=False)
    print(board)
    told_protocol = board.report.protocol
    hashes = {"protocol": told_protocol["hash"], "split": told_protocol["split_hash"]}
    found = {"minutes": chosen.minutes, **hashes, "models": rows(board, searches), **provenance()}
    write("quality_one_budget", found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
