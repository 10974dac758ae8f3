"""Do friends and trust help whoever is new, or has little? Last.fm's friends to music, Ciao's trust to products.

    python benchmarks/quality/ties.py lastfm
    python benchmarks/quality/ties.py ciao

Persons are cut into ten parts by a seed. One part chooses settings; then each of the others is held out once. Of
whoever is held out, no act is trained on (half of them, "new") or one to five ("sparse"); their ties are. Asked for
are all their other acts. Each kind of model answers from what was had alone, with the ties, and with ties whose ends
were shuffled, so that everybody has as many as before; its settings are chosen for each of the three. Writes
results/quality_ties_*.json.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from reading import SHARED, compared, provenance, write

from crossrec.core.arrays import Doubles
from crossrec.core.interactions import Interactions
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.preparing.ties import ties_as_domain
from crossrec.data.splitting.order import places
from crossrec.evaluation.transferring.exam import Exam, of_domains
from crossrec.evaluation.transferring.served import served
from crossrec.models.histories import Histories
from crossrec.models.transfer.gated import Gated

K, PARTS, FEWEST = 10, 10, 6
TARGET, TIES = "things", "ties"
SOURCES = {"lastfm": ("lastfm", "hetrec2011-lastfm-2k"), "ciao": ("trust", "ciao"), "filmtrust": ("trust", "filmtrust")}
ARMS = ("no ties", "ties", "shuffled ties")
MODELS = {
    "item_knn": [
        f"item_knn popularity={popularity} activity={activity}"
        for popularity in (0.0, 0.1, 0.3, 0.5)
        for activity in (0.0, 0.5, 1.0)
    ],
    "cmf": [f"cmf factors=64 balance={balance} alpha={alpha}" for balance in (0.0, 0.5) for alpha in (3.0, 10.0)],
    "lightgcn": ["lightgcn epochs=20"],
}
GROUPS = {"new": (0, 0), "sparse": (1, 5)}


def read(name: str) -> Interactions:
    """Import the data and make a domain of its ties, with the product's own commands."""
    source, folder = SOURCES[name]
    with tempfile.TemporaryDirectory() as place:
        import_source(source, SHARED / folder, TARGET, place, shared_users=True)
        ties_as_domain(open_dataset(place), TARGET, TIES)
        return open_dataset(place).interactions()


def shuffled(data: Interactions, seed: int = 0) -> Interactions:
    """Exchange the ends of ties: everybody has as many, to and from, and stays tied to themselves."""
    ends = data.item_ids.decode(data.items)
    users = data.user_ids.decode(data.users)
    tied = data.domains == data.catalogue.domain_ids.code(TIES)
    itself = np.array([str(end).split(":", 1)[-1] == str(user) for end, user in zip(ends, users, strict=True)])
    move = np.flatnonzero(tied & ~itself)
    items = data.items.copy()
    items[move] = np.random.default_rng(seed).permutation(items[move])
    return replace(data, items=items)


def exam_of_part(data: Interactions, part: int, seed: int = 0) -> Exam:
    """Hold one part of the persons out, but for 0 to 5 acts of each, and ask for the rest."""
    target = data.catalogue.domain_ids.code(TARGET)
    mine = data.domains == target
    counts = np.bincount(data.users[mine], minlength=len(data.user_ids))
    chance = np.random.default_rng(seed)
    asked = (chance.permutation(len(counts)) % PARTS == part) & (counts >= FEWEST)
    kept = np.where(chance.random(len(counts)) < 0.5, 0, chance.integers(1, 6, len(counts)))
    order = np.lexsort((chance.random(len(data)), data.users, ~mine))
    place = np.zeros(len(data), dtype=np.int64)
    own = order[: int(mine.sum())]
    place[own], _ = places(data.users[own])
    held = mine & asked[data.users] & (place >= kept[data.users])
    train, rest = data.take(~held), data.take(held)
    trained = np.bincount(train.items, minlength=len(data.catalogue)) > 0
    width = np.int64(len(data.catalogue))
    right = np.unique((rest.users * width + rest.items)[trained[rest.items]])
    users = np.unique(right // width).astype(np.int32)
    indptr = np.append(np.searchsorted(right // width, users), len(right)).astype(np.int64)
    domains = np.full(len(users), target, dtype=np.int16)
    told = {"name": "persons held out", "part": part, "seed": seed}
    answers = (right % width).astype(np.int32)
    return Exam(train, users, domains, indptr, answers, Histories.of(train).rows(users), int(asked.sum()), told)


def asked_of(exam: Exam, words: str, arm: str) -> Doubles:
    """Fit a model on one kind of data, with popularity behind it, and ask."""
    things, every = exam.train.catalogue.domain_ids.code(TARGET), np.ones(len(exam), dtype=np.bool_)
    data = of_domains(exam.train, [things]) if arm == "no ties" else exam.train
    return exam.ndcg(served(words, "popularity", data), every, K)


def run(name: str, kinds: list[str], parts: int) -> dict[str, Any]:
    """Choose settings on the first part, and ask each of some others once."""
    true = read(name)
    data = {"no ties": true, "ties": true, "shuffled ties": shuffled(true)}
    chosen: dict[tuple[str, str], str] = {}
    tried = []
    for kind in kinds:
        for arm in ARMS:
            exam = exam_of_part(data[arm], 0)
            options = MODELS[kind]
            if len(options) == 1:
                chosen[kind, arm] = options[0]
                continue
            means = {words: float(asked_of(exam, words, arm).mean()) for words in options}
            chosen[kind, arm] = max(means, key=lambda words: means[words])
            tried += [{"arm": arm, "model": words, "ndcg@10": round(mean, 5)} for words, mean in means.items()]
            print(f"validation {kind}, {arm}: {chosen[kind, arm]} {means[chosen[kind, arm]]:.5f}", flush=True)
    reached = {words["model"] + words["arm"]: words["ndcg@10"] for words in tried}
    best = {arm: max(kinds, key=lambda kind: reached.get(chosen[kind, arm] + arm, 0.0)) for arm in ARMS}
    found = _over_parts(data, chosen, best, parts)
    return {
        "chosen": [{"kind": kind, "arm": arm, "model": words} for (kind, arm), words in chosen.items()],
        **found,
        "tried": tried,
    }


def _over_parts(
    data: dict[str, Interactions], chosen: dict[tuple[str, str], str], best: dict[str, str], parts: int
) -> dict[str, Any]:
    """Ask every chosen model, popularity and, where there was a choice, the gate in each part; compare over all."""
    values: dict[str, list[Doubles]] = {}
    users, had, tied, opened, gate = [], [], [], [], []
    for part in range(1, parts + 1):
        exam = exam_of_part(data["ties"], part)
        things, ties = (exam.train.catalogue.domain_ids.code(domain) for domain in (TARGET, TIES))
        users.append(exam.users)
        had.append(exam.counts[:, things])
        tied.append(exam.counts[:, ties] > 0)
        for (kind, arm), words in chosen.items():
            values.setdefault(f"{kind}, {arm}", []).append(asked_of(exam_of_part(data[arm], part), words, arm))
        values.setdefault("popularity", []).append(asked_of(exam, "popularity", "no ties"))
        if "item_knn" in best.values():
            pair = chosen[best["no ties"], "no ties"], chosen[best["ties"], "ties"]
            gated = Gated(control=pair[0], transfer=pair[1]).fit(exam.train)
            values.setdefault("gated", []).append(exam.ndcg(gated, np.ones(len(exam), dtype=np.bool_), K))
            opened.append(gated.is_open(exam.queries(np.arange(len(exam)), TARGET)))
            gate = gate or [str(choice) for choice in gated.choices if choice.domain == TARGET]
        print(f"part {part}:", {name: round(float(one[-1].mean()), 5) for name, one in values.items()}, flush=True)
    every = {name: np.concatenate(one) for name, one in values.items()}
    counts, groups = np.concatenate(had), {}
    for group, (low, high) in GROUPS.items():
        rows = (counts >= low) & (counts <= high)
        groups[group] = {
            "lists": int(rows.sum()),
            "with_ties": int(np.concatenate(tied)[rows].sum()),
            "gate_open": round(float(np.concatenate(opened)[rows].mean()), 4) if opened else None,
            **_compared_all(every, best, np.concatenate(users), rows),
        }
        print(group, groups[group], flush=True)
    return {"best": best, "groups": groups, "gate": gate}


def _compared_all(
    values: dict[str, Doubles], best: dict[str, str], persons: np.ndarray, rows: np.ndarray
) -> dict[str, Any]:
    """Compare the best with ties, each kind of model, and the gate, with their controls."""
    control, ties = f"{best['no ties']}, no ties", f"{best['ties']}, ties"
    pairs = [(ties, control), (ties, f"{best['shuffled ties']}, shuffled ties")]
    kinds = [name.removesuffix(", ties") for name in values if name.endswith(", ties")]
    pairs += [(f"{kind}, ties", f"{kind}, {arm}") for kind in kinds for arm in ("no ties", "shuffled ties")]
    pairs += [("gated", other) for other in (control, "popularity") if "gated" in values]
    chosen = {name: one[rows] for name, one in values.items()}
    return {
        "means": {name: round(float(one.mean()), 5) for name, one in chosen.items()},
        "differences": [compared(chosen, name, other, persons[rows]) for name, other in dict.fromkeys(pairs)],
    }


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("data", choices=SOURCES, nargs="?", help="all where it is left out")
    told.add_argument("--models", default="item_knn,cmf", help="kinds of model, with commas")
    told.add_argument("--parts", type=int, default=PARTS - 1, help="how many parts are asked")
    given = told.parse_args()
    for data in [given.data] if given.data else SOURCES:
        name = f"quality_ties_{data}" + ("_lightgcn" if given.models == "lightgcn" else "")
        write(name, {**run(data, given.models.split(","), given.parts), **provenance()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
