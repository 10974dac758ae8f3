"""The cold-start drill: persons lose all they had in a domain, get it back act by act, and each strategy is asked."""

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
from crossrec.evaluation.transferring.effort import Effort, effort_of
from crossrec.evaluation.transferring.exam import Exam, of_domains
from crossrec.evaluation.transferring.served import served
from crossrec.metrics.significance import bootstrap_mean
from crossrec.models.histories import Histories
from crossrec.models.recommender import Recommender, model_of
from crossrec.models.transfer.gated import Gated, usual_parts

__all__ = ["STEPS", "Drill", "Step", "drill"]

STEPS = (0, 1, 2, 3, 5, 10)
"""Acts in the target after which a list is asked for."""
_K = 10
_SHARE, _FEWEST = 0.5, 20
"""Share of the persons with enough acts that are drilled, and fewest of them."""


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
        persons: How many were drilled.
        models: What the strategies were.
        steps: By number of acts.
        effort_saved: Strategy -> acts that the control needs to be as good as that strategy without any.
    """

    target: str
    persons: int
    models: Mapping[str, str]
    steps: Sequence[Step]
    effort_saved: Mapping[str, Effort]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {**asdict(self), "metric": f"ndcg@{_K}", "schema": 2}

    def to_json(self) -> str:
        """Return the result as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def table(self) -> str:
        """Return the result as plain text, one line a step."""
        names = list(self.steps[0].ndcg)
        lines = [f"{self.target}: {self.persons:,} persons, NDCG@{_K} after so many acts there", ""]
        lines.append("acts  " + "  ".join(f"{name:>10}" for name in names) + "  transfer - control")
        for step in self.steps:
            value, low, high = step.difference["transfer"]
            cells = "  ".join(f"{step.ndcg[name]:10.4f}" for name in names)
            lines.append(f"{step.acts:4d}  {cells}  {value:+.4f} [{low:+.4f}, {high:+.4f}]")
        lines.append("")
        lines += [
            f"{name} without an act in {self.target} is as good as the control with {saved}"
            for name, saved in self.effort_saved.items()
        ]
        return "\n".join(lines)


def drill(
    data: Interactions,
    target: str,
    *,
    control: str = "",
    transfer: str = "",
    floor: str = "popularity",
    seed: int = 0,
) -> Drill:
    """Hold out all that some persons did in a domain, and give it back act by act.

    All strategies learn without these acts. Everybody is asked for the same answers at each step: what comes after
    the last act that is ever given back. Those with acts in another domain are drilled.

    Args:
        data: Several domains.
        target: The domain that is held out.
        control: A model of the target alone and its settings; empty takes what `Gated` takes.
        transfer: A model of all domains, likewise.
        floor: A model that needs no history, behind both.
        seed: Fixes who is drilled.

    Raises:
        NotFound: No such domain.
        InvalidInput: Too few persons have acts enough.
    """
    liked = data.liked
    code = int(liked.catalogue.domain_ids.code(target)) if liked.catalogue.in_domain(target).any() else -1
    persons, steps = _drilled(liked, code, target, seed)
    out = np.isin(liked.users, persons) & (liked.catalogue.domains[liked.items] == code)
    train = liked.take(~out)
    usual = usual_parts(len(train.catalogue))
    models = {"control": control or usual[0], "transfer": transfer or usual[1], "floor": floor}
    strategies: dict[str, Recommender] = {
        "popularity": model_of(floor).fit(train),
        "control": served(models["control"], floor, of_domains(train, [code])),
        "transfer": served(models["transfer"], floor, train),
        "gated": Gated(models["control"], models["transfer"], floor, seed=seed).fit(train),
    }
    asked = [_asked(train, liked.take(out), persons, code, (acts, steps[-1])) for acts in steps]
    everyone = np.ones(len(persons), dtype=np.bool_)
    values = {
        name: np.stack([exam.ndcg(model, everyone, _K) for exam in asked], axis=1) for name, model in strategies.items()
    }
    return Drill(
        target=target,
        persons=len(persons),
        models=models,
        steps=[
            _step({name: column[:, place] for name, column in values.items()}, persons, acts)
            for place, acts in enumerate(steps)
        ],
        effort_saved={
            name: effort_of(values[name][:, 0], values["control"], steps, persons) for name in ("transfer", "gated")
        },
    )


def _drilled(data: Interactions, code: int, target: str, seed: int) -> tuple[NDArray[np.int32], tuple[int, ...]]:
    """Choose who is drilled, and how many acts can be given back."""
    domains = data.catalogue.domains[data.items]
    inside = np.bincount(data.users[domains == code], minlength=len(data.user_ids))
    outside = np.bincount(data.users[domains != code], minlength=len(data.user_ids))
    for last in range(len(STEPS), 0, -1):
        enough = np.flatnonzero((inside > STEPS[last - 1]) & (outside > 0)).astype(np.int32)
        chosen = random(seed).permutation(enough)[: int(_SHARE * len(enough))]
        if len(chosen) >= _FEWEST:
            return np.sort(chosen), STEPS[:last]
    raise InvalidInput(
        f"drill: expected {int(_FEWEST / _SHARE)} persons with acts in '{target}' and elsewhere, got {len(enough)}; "
        "take another domain, or link accounts first"
    )


def _asked(
    train: Interactions, held: Interactions, persons: NDArray[np.int32], code: int, acts: tuple[int, int]
) -> Exam:
    """Give each person their first acts back, and ask for those after the last that is ever given."""
    rows, (given_back, last) = held.ordered(), acts
    first = np.concatenate([[0], np.cumsum(np.bincount(rows.users, minlength=len(rows.user_ids)))])
    place = np.arange(len(rows)) - first[rows.users]
    given, wanted = rows.take(place < given_back), rows.take(place >= last)
    width = np.int64(len(train.catalogue))
    keys = np.unique(wanted.users * width + wanted.items)
    users = (keys // width).astype(np.int32)
    indptr = np.searchsorted(users, np.append(persons, np.iinfo(np.int32).max))
    histories: Queries = Histories.of(joined((train, given))).rows(persons)
    return Exam(
        train=train,
        users=persons,
        domains=np.full(len(persons), code, dtype=np.int16),
        indptr=indptr.astype(np.int64),
        answers=(keys % width).astype(np.int32),
        histories=replace(histories, users=None),
        asked=len(persons),
        told={"name": "drill"},
    )


def _step(values: Mapping[str, Doubles], persons: NDArray[np.int32], acts: int) -> Step:
    """Compare every strategy with the control after so many acts."""
    differences = {}
    for name in values:
        one = bootstrap_mean(values[name] - values["control"], persons=persons)
        differences[name] = (one.value, one.low, one.high)
    return Step(acts, {name: float(column.mean()) for name, column in values.items()}, differences)
