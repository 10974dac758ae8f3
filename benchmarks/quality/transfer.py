"""Does another domain help? Ciao at first touch, Douban's books and music, and CDRIB's cold persons.

    python benchmarks/quality/transfer.py ciao
    python benchmarks/quality/transfer.py douban
    python benchmarks/quality/transfer.py cdrib

Settings are chosen on rows before the cut (Ciao) or on a part carved from train (Douban), with the same grid for the
control and for transfer; CDRIB runs with defaults. Test is asked once. Writes results/quality_transfer_*.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent))
from reading import SHARED, provenance, write

from crossrec.core.arrays import Bools, Doubles
from crossrec.core.interactions import Interactions
from crossrec.evaluation.transferring.effects import effect_of
from crossrec.evaluation.transferring.exam import Exam, exam_of
from crossrec.evaluation.transferring.report import transfer_report
from crossrec.evaluation.transferring.served import served
from crossrec.models.recommender import Recommender, create
from crossrec.models.transfer.gated import Gated

K, LARGEST = 10, 8
NEIGHBOURS = [
    f"item_knn popularity={popularity} activity={activity}"
    for popularity in (0.0, 0.1, 0.3)
    for activity in (0.0, 0.5, 1.0)
]
FLOORS = ["popularity", *(f"popularity half_life_days={days}" for days in (60, 180, 365, 730))]


def ciao() -> Interactions:
    """Read the ratings of the categories with most rows, each a domain."""
    with gzip.open(SHARED / "ciao" / "ratings.csv.gz") as rows:
        frame = pl.read_csv(rows.read())
    largest = frame["category"].value_counts(sort=True).head(LARGEST)["category"]
    frame = frame.filter(pl.col("category").is_in(largest.implode()))
    return Interactions.from_frame(
        frame.select(
            user_id="user",
            item_id="product",
            domain=pl.format("category{}", "category"),
            timestamp=pl.col("time").cast(pl.Int64) * 1000,
        )
    )


def douban() -> Interactions:
    """Read books and music, whose persons are the same where their ids are."""
    parts = []
    for domain in ("book", "music"):
        with gzip.open(SHARED / "douban-cdr" / f"douban_{domain}" / "ratings.dat.gz") as rows:
            frame = pl.read_csv(rows.read(), separator="\t", has_header=False, new_columns=["user", "item", "rating"])
        parts.append(frame.select(user_id="user", item_id="item", domain=pl.lit(domain)))
    return Interactions.from_frame(pl.concat(parts))


def cdrib() -> Interactions:
    """Read games and videos; ids below 2,179 are the same persons, larger ones are not."""
    parts = []
    for domain, folder in (("game", "game_video"), ("video", "video_game")):
        for split, name in (("train", "train.txt.gz"), ("valid", "valid.txt"), ("test", "test.txt")):
            path = SHARED / "cdrib-game-video" / folder / name
            text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            rows = [line.split()[:2] for line in text.decode().splitlines() if line.strip()]
            frame = pl.DataFrame(rows, schema=["user", "item_id"], orient="row")
            own = pl.when(pl.col("user").cast(pl.Int64) < 2_179).then(pl.lit("both")).otherwise(pl.lit(domain))
            parts.append(
                frame.select(
                    pl.format("{}-{}", own, "user").alias("user_id"),
                    "item_id",
                    domain=pl.lit(domain),
                    split=pl.lit(split),
                )
            )
    return Interactions.from_frame(pl.concat(parts))


def values_of(exam: Exam, models: Mapping[str, Recommender]) -> dict[str, Doubles]:
    """Ask every model every question."""
    everything = np.ones(len(exam), dtype=np.bool_)
    return {name: exam.ndcg(model, everything, K) for name, model in models.items()}


def best(exam: Exam, options: Iterable[str], floor: str, rows: Bools) -> tuple[str, list[dict[str, Any]]]:
    """Choose words of a model by its mean on some questions."""
    tried = []
    for words in options:
        found = exam.ndcg(served(words, floor, exam.train), rows, K)[rows].mean()
        tried.append({"model": words, "ndcg@10": round(float(found), 5)})
        print(f"  validation {tried[-1]}", flush=True)
    return max(tried, key=lambda one: one["ndcg@10"])["model"], tried


def judged(exam: Exam, name: str, control: str, values: Mapping[str, Doubles], rows: Bools) -> dict[str, Any]:
    """Compare with one control on some questions."""
    found = effect_of((control, name), ("all", ""), values[control][rows], values[name][rows], exam.users[rows])
    told = {
        key: round(value, 5) if isinstance(value, float) else value for key, value in dataclasses.asdict(found).items()
    }
    return {**told, "verdict": found.verdict, "low_of_control": round(found.low / max(found.control, 1e-12), 4)}


def run_ciao() -> dict[str, Any]:
    """First touch: the gate against popularity, trending and neighbours over everything."""
    data = ciao()
    exam = exam_of(data, "first-touch", quantile=0.5)
    inner = exam_of(exam.train, "first-touch", quantile=0.7)
    new = inner.counts[np.arange(len(inner)), inner.domains] == 0
    floor, floors = best(inner, FLOORS, "popularity", new)
    near, tried = best(inner, NEIGHBOURS, floor, new)
    start = time.perf_counter()
    gated = Gated(control=near, transfer=near, floor=floor).fit(exam.train)
    seconds = time.perf_counter() - start
    models: dict[str, Recommender] = {
        "gated": gated,
        "popularity": create("popularity").fit(exam.train),
        "trending": served(floor, "popularity", exam.train),
        "item_knn": served(near, floor, exam.train),
    }
    values = values_of(exam, models)
    new = exam.counts[np.arange(len(exam)), exam.domains] == 0
    found: dict[str, Any] = {
        "floor": floor,
        "neighbours": near,
        "tried": [*floors, *tried],
        "gated_fit_seconds": round(seconds, 1),
    }
    found["rankable"] = {"new": int(new.sum()), "known": int((~new).sum()), "asked": exam.asked}
    for group, rows in (("new", new), ("known", ~new)):
        means = {name: float(values[name][rows].mean()) for name in models}
        strongest = max((name for name in models if name != "gated"), key=lambda name: means[name])
        print(group, means, flush=True)
        found[group] = {
            "means": {name: round(value, 5) for name, value in means.items()},
            "against_each": {name: judged(exam, "gated", name, values, rows) for name in models if name != "gated"},
            "best_control": strongest,
            "domains": {
                name: judged(exam, "gated", strongest, values, rows & (exam.domains == code))
                for code, name in enumerate(exam.names)
            },
        }
    return {**found, "choices": [str(choice) for choice in gated.choices], "protocol": exam.told}


def run_douban() -> dict[str, Any]:
    """Both directions against the best linear model of the target alone."""
    exam = exam_of(douban(), "random", seed=0)
    inner = exam_of(exam.train, "random", seed=1)
    everything = np.ones(len(inner), dtype=np.bool_)
    strengths = (150, 400)
    control, tried = best(inner, [f"domain_ease weight=0 l2={l2}" for l2 in strengths], "popularity", everything)
    transfer, more = best(inner, [f"domain_ease l2={l2}" for l2 in strengths], "popularity", everything)
    alone = control.replace("domain_ease weight=0", "ease")
    report = transfer_report(exam, control=alone, transfer=transfer)
    print(report.table(), flush=True)
    return {"control": alone, "transfer": transfer, "tried": [*tried, *more], "report": report.to_dict()}


def run_cdrib() -> dict[str, Any]:
    """Persons without any act in the target."""
    exam = exam_of(cdrib(), "given")
    gated = Gated().fit(exam.train)
    models: dict[str, Recommender] = {"gated": gated, "popularity": create("popularity").fit(exam.train)}
    models |= {name: served(name, "popularity", exam.train) for name in ("item_knn", "emcdr", "cmf")}
    values = values_of(exam, models)
    found: dict[str, Any] = {"choices": [str(choice) for choice in gated.choices], "protocol": exam.told}
    for code, domain in enumerate(exam.names):
        rows = exam.domains == code
        means = {name: round(float(values[name][rows].mean()), 5) for name in models}
        print(domain, int(rows.sum()), means, flush=True)
        against = {name: judged(exam, "gated", name, values, rows) for name in models if name != "gated"}
        found[domain] = {"persons": int(rows.sum()), "means": means, "gated_against": against}
    return found


RUNS = {"ciao": run_ciao, "douban": run_douban, "cdrib": run_cdrib}


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("data", choices=RUNS)
    chosen = told.parse_args().data
    write(f"quality_transfer_{chosen}", {**RUNS[chosen](), **provenance()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
