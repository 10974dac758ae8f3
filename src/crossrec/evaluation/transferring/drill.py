"""The cold-start drill: persons, or items, lose all acts in a domain, get them back one by one, and all are asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossrec.core.arrays import Doubles
from crossrec.core.clock import random
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.query import Queries
from crossrec.data.split import joined
from crossrec.data.splitting.order import places
from crossrec.evaluation.transferring.effort import Effort, effort_of
from crossrec.evaluation.transferring.exam import Exam, of_domains
from crossrec.evaluation.transferring.served import served
from crossrec.metrics.significance import bootstrap_mean
from crossrec.models.histories import Histories
from crossrec.models.progress import tracked
from crossrec.models.recommender import Recommender, model_of
from crossrec.models.transfer.gated import Gated, like_parts

__all__ = ["HELD", "STEPS", "Drill", "Step", "drill"]

STEPS = (0, 1, 2, 3, 5, 10)
"""Acts in the target after which a list is asked for."""
_K = 10
HELD = ("persons", "items")
"""What may be held out."""
_SHARE = {"persons": 0.5, "items": 0.2}
"""Share of those with enough acts that are drilled, …"""
_FEWEST = {"persons": 20, "items": 8}
"""… and fewest of them."""
_Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Step:
    """What strategies give after some acts in the target.

    Args:
        acts: How many.
        ndcg: Strategy -> mean NDCG@10.
        difference: Strategy -> its mean less that of the control, with the ends of the 95 % interval.
    """

    acts: int
    ndcg: Mapping[str, float]
    difference: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Drill:
    """The result of a drill.

    Args:
        target: The domain that was held out.
        held: "persons" or "items".
        drilled: How many of them.
        persons: How many persons were asked.
        models: What the strategies were.
        steps: By number of acts.
        effort_saved: Strategy -> acts that the control needs to be as good as that strategy without any; of persons.
    """

    target: str
    held: str
    drilled: int
    persons: int
    models: Mapping[str, str]
    steps: Sequence[Step]
    effort_saved: Mapping[str, Effort]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {**asdict(self), "metric": f"ndcg@{_K}", "schema": 3}

    def to_json(self) -> str:
        """Return the result as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def table(self) -> str:
        """Return the result as plain text, one line a step."""
        names = list(self.steps[0].ndcg)
        said = f"{self.persons:,} persons, NDCG@{_K} after so many acts there"
        if self.held == "items":
            said = (
                f"{self.drilled:,} items and {self.persons:,} persons who took them later, NDCG@{_K} after so many acts"
            )
        lines = [f"{self.target}: {said}", ""]
        lines.append("acts  " + "  ".join(f"{name:>10}" for name in names) + "  transfer - control")
        for step in self.steps:
            value, low, high = step.difference["transfer"]
            cells = "  ".join(f"{step.ndcg[name]:10.4f}" for name in names)
            lines.append(f"{step.acts:4d}  {cells}  {value:+.4f} [{low:+.4f}, {high:+.4f}]")
        lines += [""] * bool(self.effort_saved)
        lines += [
            f"{name} without an act in {self.target} is as good as the control with {saved}"
            for name, saved in self.effort_saved.items()
        ]
        return "\n".join(lines)


def drill(
    data: Interactions,
    target: str,
    *,
    hold: str = "persons",
    control: str = "",
    transfer: str = "",
    floor: str = "popularity",
    seed: int = 0,
) -> Drill:
    """Hold out all acts in a domain of some persons, or on some items, and give them back one by one.

    All strategies learn without these acts. Everybody is asked for the same answers at each step: what comes after
    the last act that is ever given back. Persons get acts back as history, and only those with acts in another domain
    are drilled. Items get acts back as training data, for which all strategies are fitted anew; asked are the persons
    who took them later, for these items alone, with all that they had of others.

    Args:
        data: Several domains.
        target: The domain that is held out.
        hold: "persons" or "items".
        control: A model of the target alone and its settings; empty takes `ease`, or `item_knn` for many items.
        transfer: A model of all domains, likewise; empty takes `domain_ease` or `item_knn`.
        floor: A model that needs no history, behind both.
        seed: Fixes who or what is drilled, and the order of acts without a time.

    Raises:
        NotFound: No such domain.
        InvalidInput: Too few persons or items have acts enough, or `hold` is neither.
    """
    if hold not in HELD:
        raise InvalidInput(f"drill: expected to hold out persons or items, got '{hold}'")
    liked = data.liked
    code = int(liked.catalogue.domain_ids.code(target)) if liked.catalogue.in_domain(target).any() else -1
    usual = like_parts(liked.catalogue)
    models = {"control": control or usual[0], "transfer": transfer or usual[1], "floor": floor}
    drilled, steps = _drilled(liked, (code, target), hold, seed)
    ask = _of_persons if hold == "persons" else _of_items
    values, persons = ask(liked, drilled, code, steps, (models, seed))
    reached = ("transfer", "gated") if hold == "persons" else ()
    return Drill(
        target=target,
        held=hold,
        drilled=len(drilled),
        persons=len(persons),
        models=models,
        steps=[
            _step({name: column[:, place] for name, column in values.items()}, persons, acts)
            for place, acts in enumerate(steps)
        ],
        effort_saved={name: effort_of(values[name][:, 0], values["control"], steps, persons) for name in reached},
    )


def _drilled(data: Interactions, target: tuple[int, str], hold: str, seed: int) -> tuple[_Codes, tuple[int, ...]]:
    """Choose who or what is drilled, and how many acts can be given back."""
    inside = data.catalogue.domains[data.items] == target[0]
    if hold == "persons":
        acts = np.bincount(data.users[inside], minlength=len(data.user_ids))
        acts[np.bincount(data.users[~inside], minlength=len(data.user_ids)) == 0] = 0
    else:
        acts = np.bincount(data.items[inside], minlength=len(data.catalogue))
    for last in range(len(STEPS), 0, -1):
        enough = np.flatnonzero(acts > STEPS[last - 1]).astype(np.int32)
        chosen = random(seed).permutation(enough)[: int(_SHARE[hold] * len(enough))]
        if len(chosen) >= _FEWEST[hold]:
            return np.sort(chosen), STEPS[:last]
    also = " and elsewhere" if hold == "persons" else ""
    raise InvalidInput(
        f"drill: expected {int(_FEWEST[hold] / _SHARE[hold])} {hold} with acts in '{target[1]}'{also}, got "
        f"{len(enough)}; take another domain{', or link accounts first' if also else ''}"
    )


def _fitted(train: Interactions, code: int, models: Mapping[str, str], seed: int) -> dict[str, Recommender]:
    floor = models["floor"]
    return {
        "popularity": model_of(floor).fit(train),
        "control": served(models["control"], floor, of_domains(train, [code])),
        "transfer": served(models["transfer"], floor, train),
        "gated": Gated(models["control"], models["transfer"], floor, seed=seed).fit(train),
    }


def _of_persons(
    data: Interactions, persons: _Codes, code: int, steps: Sequence[int], told: tuple[Mapping[str, str], int]
) -> tuple[dict[str, Doubles], _Codes]:
    """Return Float64[N, S] of each strategy, NDCG of persons after each step, and who they are."""
    out = np.isin(data.users, persons) & (data.catalogue.domains[data.items] == code)
    train, rows = data.take(~out), data.take(out).ordered()
    place, _ = places(rows.users)
    strategies = _fitted(train, code, *told)
    wanted = rows.take(place >= steps[-1])
    exams = [_exam(train, wanted, code, joined((train, rows.take(place < acts)))) for acts in steps]
    everyone = np.ones(len(exams[0]), dtype=np.bool_)
    values = {
        name: np.stack([exam.ndcg(model, everyone, _K) for exam in exams], axis=1) for name, model in strategies.items()
    }
    return values, exams[0].users


def _of_items(
    data: Interactions, items: _Codes, code: int, steps: Sequence[int], told: tuple[Mapping[str, str], int]
) -> tuple[dict[str, Doubles], _Codes]:
    """Return the same of those who took items later, all strategies fitted anew after each step."""
    out = np.isin(data.items, items)
    train, rows = data.take(~out), data.take(out)
    rows = rows.take(np.lexsort((random(told[1]).permutation(len(rows)), rows.times, rows.items)))
    place, _ = places(rows.items)
    early, known = rows.take(place < steps[-1]), np.bincount(train.users, minlength=len(train.user_ids)) > 0
    width = np.int64(len(data.catalogue))
    again = np.isin(rows.users * width + rows.items, early.users * width + early.items)
    wanted = rows.take((place >= steps[-1]) & ~again & known[rows.users])
    values: dict[str, list[Doubles]] = {}
    for acts in tracked("acts given back", steps):
        exam = _exam(joined((train, rows.take(place < acts))), wanted, code, train)
        for name, model in _fitted(exam.train, code, *told).items():
            values.setdefault(name, []).append(exam.ndcg(model, np.ones(len(exam), dtype=np.bool_), _K))
    return {name: np.stack(columns, axis=1) for name, columns in values.items()}, exam.users


def _exam(train: Interactions, wanted: Interactions, code: int, known: Interactions) -> Exam:
    """Ask everybody for all that they took of some rows, with what is known of them."""
    width = np.int64(len(train.catalogue))
    keys = np.unique(wanted.users * width + wanted.items)
    persons, counts = np.unique((keys // width).astype(np.int32), return_counts=True)
    histories: Queries = Histories.of(known).rows(persons)
    return Exam(
        train=train,
        users=persons,
        domains=np.full(len(persons), code, dtype=np.int16),
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
        answers=(keys % width).astype(np.int32),
        histories=replace(histories, users=None),
        asked=len(persons),
        told={"name": "drill"},
    )


def _step(values: Mapping[str, Doubles], persons: _Codes, acts: int) -> Step:
    """Compare every strategy with the control after so many acts."""
    differences = {}
    for name in values:
        one = bootstrap_mean(values[name] - values["control"], persons=persons)
        differences[name] = (one.value, one.low, one.high)
    return Step(acts, {name: float(column.mean()) for name, column in values.items()}, differences)
