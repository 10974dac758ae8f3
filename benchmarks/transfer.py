"""What a gate over many domains costs: fit against the sum of its controls, and an answer against one domain's.

Worlds of 2, 5, 10 and 20 domains of 400, 3,000 and, of two, 6,000 items, 2,000 persons in each, everybody in two
domains. The control of a domain is the one that the gate takes, on that domain's rows, served with popularity behind
it; an answer is a list of ten for a person by name, in a domain that they have acts in. Fits are in seconds of the
processor, which depend less on what else the machine does, the middle of several in turn; the gate of the same world
with times holds later days out instead of persons, and all its parts are fitted twice.

    python benchmarks/transfer.py
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
import polars as pl

from crossrec.core.interactions import Interactions
from crossrec.models.fallback import Fallback
from crossrec.models.recommender import Recommender, create, model_of
from crossrec.models.transfer.gated import Gated, usual_parts
from synthetic import machine, write

PERSONS, TASTES, EACH, START = 1_000, 20, 8, 1_600_000_000_000
WORLDS = "2x400,5x400,10x400,20x400,2x3000,5x3000,10x3000,20x3000,2x6000"
NEAR = "item_knn popularity=0.1 activity=0.5"
Fitted = TypeVar("Fitted")


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


def served(data: Interactions, words: str) -> Recommender:
    """Fit the control of one domain as it is served."""
    return Fallback((model_of(words), create("popularity")), (words, "popularity")).fit(data)


def answer_ms(gated: Gated, controls: list[Recommender], rounds: int) -> dict[str, float]:
    """Return the middle time of an answer to one history by each in turn, and of a page of all domains."""
    histories, names, domains = gated.histories_, gated.catalogue_.domain_names, gated.catalogue_.domains
    times: dict[str, list[float]] = {"control": [], "gated": [], "page": []}
    for row, user in enumerate(histories.user_ids.series.head(rounds).to_list()):
        code = int(domains[histories.acts.items[histories.acts.indptr[row]]])
        asked: dict[str, Callable[[], object]] = {
            "control": partial(controls[code].recommend, user, k=10),
            "gated": partial(gated.recommend, user, k=10, domain=names[code]),
            "page": partial(gated.recommend, user, k=10),
        }
        for name, answer in asked.items():
            begin = time.perf_counter()
            answer()
            times[name].append(time.perf_counter() - begin)
    return {name: round(statistics.median(found) * 1e3, 3) for name, found in times.items()}


def seconds(fit: Callable[[], Fitted]) -> tuple[float, Fitted]:
    """Return the processor time of a fit, and what came of it."""
    begin = time.process_time()
    found = fit()
    return time.process_time() - begin, found


def measured(domains: int, items: int, rounds: int, fits: int) -> dict[str, Any]:
    """Fit and ask both."""
    data, later = world(domains, items), world(domains, items, timed=True)
    names, words = data.catalogue.domain_names, usual_parts(data.catalogue)[0]
    alone, whole, timed = [], [], []
    for _ in range(fits):
        took, controls = seconds(lambda: [served(data.domain(name), words) for name in names])
        alone.append(took)
        took, gated = seconds(lambda: Gated().fit(data))
        whole.append(took)
        timed.append(seconds(lambda: Gated().fit(later))[0])
    control = statistics.median(alone)
    return {
        "domains": domains,
        "items": items,
        "rows": len(data),
        "control": words.split()[0],
        "controls_fit_seconds": round(control, 3),
        "gated_fit_seconds": round(statistics.median(whole), 3),
        "fit_ratio": round(statistics.median(whole) / control, 2),
        "timed_fit_ratio": round(statistics.median(timed) / control, 2),
        **{f"{name}_answer_ms": middle for name, middle in answer_ms(gated, controls, rounds).items()},
        "open": sum(choice.is_open for choice in gated.choices),
        "groups": len(gated.choices),
    }


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--worlds", default=WORLDS, help="domains x items of each")
    told.add_argument("--rounds", type=int, default=300)
    told.add_argument("--fits", type=int, default=5)
    chosen = told.parse_args()
    for timed in (False, True):
        Gated(control=NEAR).fit(world(2, 100, timed=timed))  # compiles outside the clock
    measured(2, 100, 20, 1)
    found = []
    for one in chosen.worlds.split(","):
        domains, items = map(int, one.split("x"))
        found.append(measured(domains, items, chosen.rounds, chosen.fits))
        print(found[-1], flush=True)
    write("transfer", {"machine": machine("numpy"), "runs": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
