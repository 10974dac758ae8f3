"""What a gate over many domains costs: fit against the sum of its controls, and an answer against one domain's.

Worlds of 2, 5, 10 and 20 domains of 400 and of 3,000 items, 2,000 persons in each, everybody in two domains. The
control of a domain is `ease` on its rows, served with popularity behind it; an answer is a list of ten for one history.
Fits are in seconds of the processor, which do not depend on what else the machine does; the gate of the same world
with times holds later days out instead of persons, and all its parts are fitted twice.

    python benchmarks/transfer.py
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.models.fallback import Fallback
from crossrec.models.recommender import Recommender, create
from crossrec.models.transfer.gated import Gated
from synthetic import machine, write

PERSONS, TASTES, EACH, START = 1_000, 20, 8, 1_600_000_000_000


def world(domains: int, items: int, *, timed: bool = False, seed: int = 0) -> Interactions:
    """Make persons of twenty tastes, each in two domains, with eight acts in each, in one year if timed."""
    chance = np.random.default_rng(seed)
    persons = PERSONS * domains
    taste = chance.integers(0, TASTES, persons)
    where = np.stack([chance.permutation(domains)[:2] for _ in range(persons)])
    user = np.repeat(np.arange(persons), 2 * EACH)
    domain = np.repeat(where.ravel(), EACH)
    own = chance.random(len(user)) < 0.8
    of_taste = taste[user] * (items // TASTES) + chance.integers(0, items // TASTES, len(user))
    item = np.where(own, of_taste, chance.integers(0, items, len(user)))
    frame = pl.DataFrame({"user_id": user, "item_id": item, "domain": [f"d{code:02d}" for code in domain]})
    if timed:
        frame = frame.with_columns(timestamp=pl.Series(START + chance.integers(0, 365 * 86_400_000, len(frame))))
    return Interactions.from_frame(frame.unique(maintain_order=True))


def served(data: Interactions) -> Recommender:
    """Fit the control of one domain as it is served."""
    return Fallback((create("ease"), create("popularity")), ("ease", "popularity")).fit(data)


def answer_ms(asked: Queries, models: Mapping[str, tuple[Recommender, str | None]], rounds: int) -> dict[str, float]:
    """Return the middle time of an answer to one history by each model in turn."""
    times: dict[str, list[float]] = {name: [] for name in models}
    for row in range(rounds):
        for name, (model, domain) in models.items():
            one = asked[row : row + 1].on(model.catalogue_).to(domain)
            begin = time.perf_counter()
            model.recommend(one, k=10)
            times[name].append(time.perf_counter() - begin)
    return {name: round(statistics.median(found) * 1e3, 3) for name, found in times.items()}


def measured(domains: int, items: int, rounds: int) -> dict[str, Any]:
    """Fit and ask both."""
    data, later = world(domains, items), world(domains, items, timed=True)
    names = data.catalogue.domain_names
    begin = time.process_time()
    controls = [served(data.domain(name)) for name in names]
    alone = time.process_time() - begin
    begin = time.process_time()
    gated = Gated().fit(data)
    seconds = time.process_time() - begin
    begin = time.process_time()
    Gated().fit(later)
    timed = time.process_time() - begin
    asked = gated.histories_.acts
    models = {"control": (controls[0], None), "gated": (gated, names[0]), "page": (gated, None)}
    answers = answer_ms(asked, models, rounds)
    return {
        "domains": domains,
        "items": items,
        "rows": len(data),
        "controls_fit_seconds": round(alone, 2),
        "gated_fit_seconds": round(seconds, 2),
        "fit_ratio": round(seconds / alone, 2),
        "timed_fit_ratio": round(timed / alone, 2),
        **{f"{name}_answer_ms": middle for name, middle in answers.items()},
        "open": sum(choice.is_open for choice in gated.choices),
    }


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--domains", default="2,5,10,20")
    told.add_argument("--items", default="400,3000", help="of each domain")
    told.add_argument("--rounds", type=int, default=300)
    chosen = told.parse_args()
    measured(2, 100, 20)  # compiles outside the clock
    found = []
    for items in map(int, chosen.items.split(",")):
        for domains in map(int, chosen.domains.split(",")):
            found.append(measured(domains, items, chosen.rounds))
            print(found[-1], flush=True)
    write("transfer", {"machine": machine("numpy"), "runs": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
