"""Does another domain help? Ciao at first touch, Douban, Amazon's sport and phone, and CDRIB's cold persons.

    python benchmarks/quality/transfer.py ciao
    python benchmarks/quality/transfer.py douban
    python benchmarks/quality/transfer.py sport_phone
    python benchmarks/quality/transfer.py cdrib

Settings are chosen on rows before the cut (Ciao), on a part carved from train (Douban, sport and phone) or on the
given validation part (CDRIB), with like grids for the control and for transfer. Test is asked once. Writes
results/quality_transfer_*.json. `--as-chosen` takes the settings that this file says were chosen, and asks test alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from domains import cdrib, ciao, douban, sport_phone
from drawn import drawn_among
from reading import RESULTS, provenance, write

from crossrec.core.arrays import Bools, Doubles
from crossrec.evaluation.transferring.effects import effect_of
from crossrec.evaluation.transferring.exam import Exam, exam_of, of_domains
from crossrec.evaluation.transferring.report import transfer_report
from crossrec.evaluation.transferring.served import served
from crossrec.models.recommender import Recommender, create
from crossrec.models.transfer.gated import Gated

K = 10
NEIGHBOURS = [
    f"item_knn popularity={popularity} activity={activity}"
    for popularity in (0.0, 0.1, 0.3)
    for activity in (0.0, 0.5, 1.0)
]
FLOORS = ["popularity", *(f"popularity half_life_days={days}" for days in (60, 180, 365, 730))]


COLD = {
    "item_knn": [
        "item_knn",
        "item_knn popularity=0.1",
        "item_knn activity=0.5",
        "item_knn popularity=0.1 activity=0.5",
    ],
    "emcdr": [f"emcdr factors={factors} ridge={ridge}" for factors in (64, 128) for ridge in (0.1, 1.0)],
    "emcdr mlp": [
        f"emcdr mapping=mlp factors={factors} ridge={ridge}" for factors in (64, 128) for ridge in (0.1, 0.3)
    ],
    "ptupcdr": [f"ptupcdr factors={factors} ridge={ridge}" for factors in (64, 128) for ridge in (0.1, 1.0)],
    "cmf": [f"cmf factors={factors} balance={balance}" for factors in (64, 128) for balance in (0.0, 0.5)],
    "ease": ["domain_ease l2=100", "domain_ease l2=500"],
}
ALONE = {
    "als": [f"als factors=64 l2={l2} alpha={alpha}" for l2 in (1.0, 10.0, 30.0) for alpha in (3.0, 10.0)],
    "ease": ["ease l2=100", "ease l2=400"],
    "lightgcn": ["lightgcn", "lightgcn dropout=0.2"],
}
TOGETHER = {
    "als over both": [f"als factors=64 l2={l2} alpha={alpha}" for l2 in (1.0, 10.0, 30.0) for alpha in (3.0, 10.0)],
    "cmf": [f"cmf factors=64 l2={l2} alpha={alpha}" for l2 in (1.0, 10.0, 30.0) for alpha in (3.0, 10.0)],
    "item_knn over both": ["item_knn", "item_knn activity=0.5"],
    "lightgcn over both": ["lightgcn", "lightgcn dropout=0.2"],
}


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


def alone(exam: Exam, words: str) -> Doubles:
    """Ask a model of each target alone, which knows nothing of the other domain."""
    values = np.full(len(exam), np.nan)
    for code in range(len(exam.names)):
        rows = exam.domains == code
        model = served(words, "popularity", of_domains(exam.train, [code]))
        values[rows] = exam.ndcg(model, rows, K)[rows]
    return values


def chosen(
    exam: Exam, options: Mapping[str, list[str]], *, apart: bool = False
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Choose the settings of each kind of model on validation, by the mean over all questions of the domains' means.

    Args:
        exam: Of the validation part.
        options: Kind -> words of models.
        apart: Models of each target alone.
    """
    found, tried = {}, []
    everything = np.ones(len(exam), dtype=np.bool_)
    for kind, lines in options.items():
        means = []
        for words in lines:
            start = time.perf_counter()
            values = alone(exam, words) if apart else exam.ndcg(served(words, "popularity", exam.train), everything, K)
            parts = [float(values[exam.domains == code].mean()) for code in range(len(exam.names))]
            means.append(float(np.mean(parts)))
            rounded = {name: round(part, 5) for name, part in zip(exam.names, parts, strict=True)}
            seconds = round(time.perf_counter() - start, 1)
            tried.append({"model": words, "alone": apart, "ndcg@10": rounded, "seconds": seconds})
            print(f"  validation {tried[-1]}", flush=True)
        found[kind] = lines[int(np.argmax(means))]
    return found, tried


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
    """Both directions against the best of ALS, EASE and LightGCN on the target alone."""
    exam = exam_of(douban(), "random", seed=0)
    inner = exam_of(exam.train, "random", seed=1)
    everything = np.ones(len(inner), dtype=np.bool_)
    options = {**ALONE, "ease": ["ease l2=150", "ease l2=400"]}
    controls, tried = chosen(inner, options, apart=True)
    transfer, more = best(inner, [f"domain_ease l2={l2}" for l2 in (150, 400)], "popularity", everything)
    values = {kind: alone(exam, words) for kind, words in controls.items()}
    reached = {
        kind: {name: round(float(part[exam.domains == code].mean()), 5) for code, name in enumerate(exam.names)}
        for kind, part in values.items()
    }
    print(reached, flush=True)
    strongest = max(tried, key=lambda one: sum(one["ndcg@10"].values()))["model"]
    report = transfer_report(exam, control=strongest, transfer=transfer)
    print(report.table(), flush=True)
    gates = {"usual parts": ("", ""), "als, als": ("als", "als"), "als, as chosen": (controls["als"], controls["als"])}
    return {
        "control": strongest,
        "controls": controls,
        "controls_on_test": reached,
        "gates": {
            name: gate_of(exam, parts, values[strongest.split()[0]] if name == "usual parts" else None)
            for name, parts in gates.items()
        },
        "transfer": transfer,
        "tried": [*tried, *more],
        "report": report.to_dict(),
    }


def gate_of(exam: Exam, parts: tuple[str, str], control: Doubles | None) -> dict[str, Any]:
    """Fit a gate of some parts and compare it with a control, or with its own on each target alone."""
    gated = Gated(*parts).fit(exam.train)
    values = {"gated": values_of(exam, {"gated": gated})["gated"]}
    values["control"] = alone(exam, parts[0]) if control is None else control
    domains = {
        name: judged(exam, "gated", "control", values, exam.domains == code) for code, name in enumerate(exam.names)
    }
    print(parts, domains, flush=True)
    return {"parts": parts, "domains": domains, "choices": [str(choice) for choice in gated.choices]}


def run_sport_phone(before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Both directions against ALS, EASE and LightGCN on the target alone, in full and among 999 drawn items."""
    exam = exam_of(sport_phone("test"), "given")
    if before is None:
        inner = exam_of(sport_phone("valid"), "given")
        controls, tried = chosen(inner, ALONE, apart=True)
        together, more = chosen(inner, TOGETHER)
    else:
        controls, together = before["controls"], before["transfer"]
        tried, more = ([one for one in before["tried"] if one["alone"] is apart] for apart in (True, False))
    values: dict[str, Doubles] = {}
    drawn: dict[str, Any] = {}
    for kind, words in controls.items():
        values[kind] = np.full(len(exam), np.nan)
        for code, name in enumerate(exam.names):
            rows = exam.domains == code
            model = served(words, "popularity", of_domains(exam.train, [code]))
            values[kind][rows] = exam.ndcg(model, rows, K)[rows]
            drawn.setdefault(name, {})[kind] = drawn_among(exam, model, rows)
    strongest = max(controls, key=lambda kind: scored(tried, controls[kind]))
    partner = max(together, key=lambda kind: scored(more, together[kind]))
    start = time.perf_counter()
    gated = Gated(control=controls[strongest], transfer=together[partner]).fit(exam.train)
    seconds = time.perf_counter() - start
    models: dict[str, Recommender] = {"gated": gated}
    models |= {kind: served(words, "popularity", exam.train) for kind, words in together.items()}
    models["popularity"] = create("popularity").fit(exam.train)
    values |= values_of(exam, models)
    found: dict[str, Any] = {"controls": controls, "transfer": together, "tried": [*tried, *more]}
    found |= {"gated_of": [controls[strongest], together[partner]], "gated_fit_seconds": round(seconds, 1)}
    found |= {"choices": [str(one) for one in gated.choices], "asked": exam.asked, "protocol": exam.told}
    for code, name in enumerate(exam.names):
        rows = exam.domains == code
        means = {kind: round(float(one[rows].mean()), 5) for kind, one in values.items()}
        top = max(controls, key=lambda kind: means[kind])
        drawn[name] |= {kind: drawn_among(exam, model, rows) for kind, model in models.items()}
        against = {kind: judged(exam, kind, top, values, rows) for kind in models}
        print(name, int(rows.sum()), means, drawn[name], flush=True)
        found[name] = {"lists": int(rows.sum()), "means": means, "best_control": top, "against_it": against}
        found[name]["sampled@999"] = drawn[name]
    return found


def scored(tried: list[dict[str, Any]], words: str) -> float:
    """Return what a model reached on validation, both domains in sum."""
    return max(float(sum(one["ndcg@10"].values())) for one in tried if one["model"] == words)


def run_cdrib(before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Persons without any act in the target, in full and among 999 drawn items."""
    exam = exam_of(cdrib("test"), "given")
    if before is None:
        picked, tried = chosen(exam_of(cdrib("valid"), "given"), COLD)
    else:
        picked, tried = before["chosen"], before["tried"]
    gated = Gated().fit(exam.train)
    models: dict[str, Recommender] = {"gated": gated, "popularity": create("popularity").fit(exam.train)}
    models |= {kind: served(words, "popularity", exam.train) for kind, words in picked.items()}
    values = values_of(exam, models)
    found: dict[str, Any] = {"chosen": picked, "tried": tried, "choices": [str(choice) for choice in gated.choices]}
    found["protocol"] = exam.told
    for code, domain in enumerate(exam.names):
        rows = exam.domains == code
        means = {name: round(float(values[name][rows].mean()), 5) for name in models}
        print(domain, int(rows.sum()), means, flush=True)
        owned = int((exam.counts[rows, code] > 0).sum())
        found[domain] = {"persons": int(rows.sum()), "persons_with_acts_in_the_target": owned, "means": means}
        found[domain]["gated_against"] = {
            name: judged(exam, "gated", name, values, rows) for name in models if name != "gated"
        }
        found[domain]["against_item_knn"] = {
            name: judged(exam, name, "item_knn", values, rows) for name in models if name != "item_knn"
        }
        found[domain]["sampled@999"] = {name: drawn_among(exam, model, rows) for name, model in models.items()}
        print(found[domain]["sampled@999"], flush=True)
    return found


RUNS = {"ciao": run_ciao, "douban": run_douban}
CHOOSING = {"sport_phone": run_sport_phone, "cdrib": run_cdrib}


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("data", choices=[*RUNS, *CHOOSING], nargs="?", help="all where it is left out")
    told.add_argument("--as-chosen", action="store_true", help="of sport_phone and cdrib, see above")
    asked = told.parse_args()
    for which in [asked.data] if asked.data else [*RUNS, *CHOOSING]:
        name = f"quality_transfer_{which}"
        if which in RUNS:
            found = RUNS[which]()
        else:
            known = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) if asked.as_chosen else None
            found = CHOOSING[which](known)
        write(name, {**found, **provenance()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
