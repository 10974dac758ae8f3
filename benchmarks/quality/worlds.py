"""Two hundred small worlds with known truth: do intervals cover it, is a gate harmless, what does an open one win?

Persons have one of four tastes in films; with the chance of the dial their taste in books is the same, else any. Models
learn from 500 of them; 200 new ones, who have films alone, are asked about books, which gives the interval; 100,000
more give the truth about the same fitted models. The oracle knows each one's taste in films and the dial. Transfer is
the gate's own part, with popularity behind it. 20,000 persons who have half of their books already say whether the
gate harms whoever has a history there.

    python benchmarks/quality/worlds.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from reading import provenance, write

from crossrec.core.interactions import Interactions
from crossrec.evaluation.transferring.served import served
from crossrec.metrics.ranking import find_hits, rank_metrics
from crossrec.metrics.significance import bootstrap_mean
from crossrec.models.histories import Histories
from crossrec.models.recommender import Recommender
from crossrec.models.transfer.gated import Gated, usual_parts

TASTES, OF_TASTE, LEARNED, ASKED, TRUTH, K = 4, 10, 500, 200, 100_000, 10
KNOWN = 20_000
TIES = 0.001
"""NDCG that is no harm to who has a history: a shut gate orders by popularity what its control holds equal."""
ITEMS = TASTES * OF_TASTE
DIALS = (0.0, 0.2, 0.5, 0.8, 1.0)
Table = NDArray[np.bool_]


def persons(count: int, dial: float, chance: np.random.Generator) -> tuple[NDArray[np.int64], Table, Table]:
    """Draw tastes in films, and what was had of films and of books, Bool[count, 40] each."""
    films = chance.integers(0, TASTES, count)
    books = np.where(chance.random(count) < dial, films, chance.integers(0, TASTES, count))
    return films, taken(films, 8, chance), taken(books, 6, chance)


def taken(tastes: NDArray[np.int64], most: int, chance: np.random.Generator) -> Table:
    """Take two to `most` items of one's taste, and one of any."""
    count = len(tastes)
    order = chance.random((count, OF_TASTE)).argsort(axis=1)
    own = order < chance.integers(2, most + 1, count)[:, None]
    had = np.zeros((count, ITEMS), dtype=np.bool_)
    rows = np.arange(count)
    for place in range(OF_TASTE):
        had[rows, tastes * OF_TASTE + place] = own[:, place]
    had[rows, chance.integers(0, ITEMS, count)] = True
    return had


def data_of(films: Table, books: Table) -> Interactions:
    """Write both as interactions."""
    parts = []
    for name, had in (("films", films), ("books", books)):
        user, item = np.nonzero(had)
        parts.append(pl.DataFrame({"user_id": user, "item_id": item}).with_columns(domain=pl.lit(name)))
    return Interactions.from_frame(pl.concat(parts))


def ndcg(model: Recommender, histories: Histories, books: Table) -> NDArray[np.float64]:
    """Ask for books of everybody who has films alone."""
    asked = histories.acts.on(model.catalogue_).to("books")
    lists = model.recommend(asked, K)
    numbers = np.array([int(str(one).split(":")[1]) for one in model.catalogue_.ids.series] + [-1])
    return values_of(np.where(lists.items >= 0, numbers[lists.items], -1), books)


def values_of(items: NDArray[np.integer], books: Table) -> NDArray[np.float64]:
    """Judge lists of book numbers."""
    counts = books.sum(axis=1)
    pointers = np.concatenate([[0], np.cumsum(counts)])
    hits = find_hits(items.astype(np.int32), pointers, np.nonzero(books)[1].astype(np.int32))
    return rank_metrics(hits, counts, (K,), ("ndcg",))[f"ndcg@{K}"]


def world(dial: float, seed: int) -> dict[str, float | bool]:
    """Learn in one world and look at the truth."""
    chance = np.random.default_rng(seed)
    _, films, books = persons(LEARNED, dial, chance)
    data = data_of(films, books)
    alone, across = usual_parts(data.catalogue)
    control, transfer = served(alone, "popularity", data.domain("books")), served(across, "popularity", data)
    gated = Gated(seed=seed).fit(data)
    tastes, films, books = persons(ASKED + TRUTH, dial, chance)
    fresh = data_of(films, books)
    histories = Histories.of(
        fresh.take(fresh.catalogue.domains[fresh.items] == fresh.catalogue.domain_ids.code("films"))
    )
    values = {
        name: ndcg(model, histories, books)
        for name, model in (("control", control), ("transfer", transfer), ("gated", gated))
    }
    oracle = values_of(tastes[:, None] * OF_TASTE + np.arange(K), books)
    told = bootstrap_mean(values["transfer"][:ASKED] - values["control"][:ASKED], seed=seed)
    truth = {name: float((value[ASKED:] - values["control"][ASKED:]).mean()) for name, value in values.items()}
    part = slice(ASKED, ASKED + KNOWN)
    early = books[part] & (chance.random((KNOWN, ITEMS)) < 0.5)
    known, later = Histories.of(data_of(films[part], early)), books[part] & ~early
    gain = ndcg(gated, known, later) - ndcg(control, known, later)
    gain = gain[early.any(axis=1) & later.any(axis=1)]
    return {
        "known": float(gain.mean()),
        "covered": bool(told.low <= truth["transfer"] <= told.high),
        "transfer": truth["transfer"],
        "gated": truth["gated"],
        "oracle": float((oracle[ASKED:] - values["control"][ASKED:]).mean()),
        "open": any(one.is_open for one in gated.choices if (one.domain, one.history) == ("books", "0")),
    }


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--worlds", type=int, default=40, help="of each dial")
    chosen = told.parse_args()
    found: dict[str, Any] = {}
    covered = 0
    for place, dial in enumerate(DIALS):
        worlds = [world(dial, 1_000 * place + number) for number in range(chosen.worlds)]
        covered += sum(bool(one["covered"]) for one in worlds)
        means = {
            name: float(np.mean([one[name] for one in worlds]))
            for name in ("transfer", "gated", "known", "oracle", "open")
        }
        harmless = sum(float(one["gated"]) >= 0 for one in worlds)
        found[str(dial)] = {
            **{name: round(value, 4) for name, value in means.items()},
            "covered": sum(bool(one["covered"]) for one in worlds),
            "harmless": harmless,
            "harmless_known": sum(float(one["known"]) >= -TIES for one in worlds),
            "harmless_p": round(float(binomtest(harmless, chosen.worlds, 0.95, alternative="less").pvalue), 4),
            "recovered": round(means["gated"] / means["oracle"], 3) if means["oracle"] > 0 else None,
        }
        print(dial, found[str(dial)], flush=True)
    size = len(DIALS) * chosen.worlds
    p = float(binomtest(covered, size, 0.95).pvalue)
    print(f"intervals cover the truth in {covered} of {size} worlds, exact binomial p {p:.3f}", flush=True)
    coverage = {"covered": covered, "worlds": size, "p": round(p, 4)}
    write("quality_transfer_worlds", {"coverage": coverage, "dials": found, **provenance()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
