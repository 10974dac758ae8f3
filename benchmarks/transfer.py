"""What a gate over many domains costs: fit against the sum of its controls, and an answer against one domain's.

Worlds of 2, 5, 10 and 20 domains of 400 items, in which each of 4,000 persons is in two domains. The control of a
domain is `ease` on its rows, served with popularity behind it; an answer is a list of ten for one history.

    python benchmarks/transfer.py
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any

import numpy as np
import polars as pl

from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.models.fallback import Fallback
from crossrec.models.recommender import Recommender, create
from crossrec.models.transfer.gated import Gated
from synthetic import machine, write

PERSONS, ITEMS, TASTES, EACH = 4_000, 400, 20, 8


def world(domains: int, seed: int = 0) -> Interactions:
    """Make persons of twenty tastes, each in two domains, with eight acts in each."""
    chance = np.random.default_rng(seed)
    taste = chance.integers(0, TASTES, PERSONS)
    where = np.stack([chance.permutation(domains)[:2] for _ in range(PERSONS)])
    user = np.repeat(np.arange(PERSONS), 2 * EACH)
    domain = np.repeat(where.ravel(), EACH)
    own = chance.random(len(user)) < 0.8
    of_taste = taste[user] * (ITEMS // TASTES) + chance.integers(0, ITEMS // TASTES, len(user))
    item = np.where(own, of_taste, chance.integers(0, ITEMS, len(user)))
    frame = pl.DataFrame({"user_id": user, "item_id": item, "domain": [f"d{code:02d}" for code in domain]})
    return Interactions.from_frame(frame.unique(maintain_order=True))


def served(data: Interactions) -> Recommender:
    """Fit the control of one domain as it is served."""
    return Fallback((create("ease"), create("popularity")), ("ease", "popularity")).fit(data)


def answer_seconds(model: Recommender, asked: Queries, domain: str | None, rounds: int) -> float:
    """Return the middle time of an answer to one history."""
    times = []
    for row in range(rounds):
        one = asked[row : row + 1].on(model.catalogue_).to(domain)
        begin = time.perf_counter()
        model.recommend(one, k=10)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def measured(domains: int, rounds: int) -> dict[str, Any]:
    """Fit and ask both."""
    data = world(domains)
    names = data.catalogue.domain_names
    begin = time.perf_counter()
    controls = [served(data.domain(name)) for name in names]
    alone = time.perf_counter() - begin
    begin = time.perf_counter()
    gated = Gated().fit(data)
    seconds = time.perf_counter() - begin
    asked = gated.histories_.acts
    control = answer_seconds(controls[0], asked, None, rounds)
    return {
        "domains": domains,
        "rows": len(data),
        "controls_fit_seconds": round(alone, 2),
        "gated_fit_seconds": round(seconds, 2),
        "fit_ratio": round(seconds / alone, 2),
        "control_answer_ms": round(control * 1e3, 3),
        "gated_answer_ms": round(answer_seconds(gated, asked, names[0], rounds) * 1e3, 3),
        "page_answer_ms": round(answer_seconds(gated, asked, None, rounds) * 1e3, 3),
        "open": sum(choice.is_open for choice in gated.choices),
    }


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--domains", default="2,5,10,20")
    told.add_argument("--rounds", type=int, default=300)
    chosen = told.parse_args()
    measured(2, 20)  # compiles outside the clock
    found = []
    for domains in map(int, chosen.domains.split(",")):
        found.append(measured(domains, chosen.rounds))
        print(found[-1], flush=True)
    write("transfer", {"machine": machine("numpy"), "runs": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
