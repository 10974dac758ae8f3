"""The transfer report: for every pair of domains and for all to one, control, transfer, difference and verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crossrec.core.arrays import Doubles
from crossrec.core.errors import InvalidInput
from crossrec.evaluation.transferring.effects import ALL_OTHERS, GATED, Effect, effect_of, slices_of
from crossrec.evaluation.transferring.exam import Exam, of_domains
from crossrec.evaluation.transferring.served import served
from crossrec.models.progress import tracked
from crossrec.models.recommender import Recommender
from crossrec.models.transfer.gated import Gated, usual_parts

__all__ = ["DomainFacts", "TransferReport", "transfer_report"]

_K = 10


@dataclass(frozen=True)
class DomainFacts:
    """What a domain is: rows, persons and items in training, and questions that were asked.

    Args:
        name: The domain.
        rows: Training rows.
        persons: Persons with a training row.
        items: Items with a training row.
        lists: Questions in it.
        shared: Other domain -> persons with training rows in both.
    """

    name: str
    rows: int
    persons: int
    items: int
    lists: int
    shared: Mapping[str, int]


@dataclass(frozen=True)
class TransferReport:
    """Does another domain help?

    Args:
        data_hash: Fingerprint of the training part.
        protocol: How it was asked, with the hash of the split.
        asked: Questions there were; those without a trained answer cannot be answered and were left out.
        models: What the control, the transfer model and the floor were.
        domains: The domains.
        effects: Of each source, or all, on each target; for the gate, its difference to the control.
        choices: What the gate decided, in words.
        open_share: Target -> share of lists for which the gate was open.
    """

    data_hash: str
    protocol: Mapping[str, Any]
    asked: int
    models: Mapping[str, str]
    domains: Sequence[DomainFacts]
    effects: Sequence[Effect]
    choices: Sequence[str]
    open_share: Mapping[str, float]

    def of(self, source: str, target: str, by: str = "all", value: str = "") -> Effect | None:
        """Return one effect, or None where nothing was asked."""
        wanted = (source, target, by, value)
        return next((one for one in self.effects if (one.source, one.target, one.by, one.value) == wanted), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values; what is not known is None."""
        effects = [{**asdict(one), "verdict": one.verdict, "effectiveness": one.effectiveness} for one in self.effects]
        for effect in effects:
            effect |= {key: None for key, value in effect.items() if isinstance(value, float) and math.isnan(value)}
        return {**asdict(self), "effects": effects, "metric": f"ndcg@{_K}", "schema": 1}

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def table(self) -> str:
        """Return the verdicts as plain text, one line a pair."""
        lists = sum(one.lists for one in self.domains)
        said = ", ".join(f"{name} {model}" for name, model in self.models.items())
        lines = [
            f"protocol {self.protocol['name']}, split {self.protocol['split_hash']}, NDCG@{_K}; {said}",
            f"{lists:,} of {self.asked:,} questions have an answer among the trained items",
            "",
        ]
        lines += [str(one) for one in self.effects if one.by == "all"]
        lines += ["", *self.choices, ""]
        lines += [f"gate open for {share:.1%} of the lists in {name}" for name, share in self.open_share.items()]
        return "\n".join(lines)


def transfer_report(
    exam: Exam, *, control: str = "", transfer: str = "", floor: str = "popularity", seed: int = 0
) -> TransferReport:
    """Fit controls, pairs, all to one and the gate on the training part, and compare them on the same questions.

    Control and transfer have the floor behind them: it answers whom they have no opinion on.

    Args:
        exam: The questions.
        control: A model and its settings, `als factors=32`; empty takes what `Gated` takes.
        transfer: Likewise.
        floor: A model that needs no history.
        seed: Of the gate and of the draws.

    Raises:
        InvalidInput: There is one domain.
    """
    codes = np.unique(exam.train.catalogue.domains).tolist()
    if len(codes) < 2:
        raise InvalidInput("transfer report: expected two domains or more, got one; import another one beside it")
    usual = usual_parts(len(exam.train.catalogue))
    models = {"control": control or usual[0], "transfer": transfer or usual[1], "floor": floor}
    values = _controls(exam, codes, models)
    effects: list[Effect] = []
    pairs = [(one, other) for one in codes for other in codes if one < other] if len(codes) > 2 else []
    for pair in tracked("pairs", pairs):
        both = served(models["transfer"], floor, of_domains(exam.train, list(pair)))
        for source, target in (pair, pair[::-1]):
            effects += _compared(exam, both, values, (source, target), exam.names[source], seed=seed)
    everything = served(models["transfer"], floor, exam.train)
    gated = Gated(models["control"], models["transfer"], floor, seed=seed).fit(exam.train)
    for target in codes:
        other = next(code for code in codes if code != target)
        source = exam.names[other] if len(codes) == 2 else ALL_OTHERS
        effects += _compared(exam, everything, values, (other if len(codes) == 2 else None, target), source, seed=seed)
        effects += _compared(exam, gated, values, (None, target), GATED, seed=seed)
    return TransferReport(
        data_hash=exam.train.fingerprint,
        protocol=exam.told,
        asked=exam.asked,
        models=models,
        domains=[_facts(exam, code, codes) for code in codes],
        effects=effects,
        choices=[str(choice) for choice in gated.choices],
        open_share=_open_share(exam, gated),
    )


def _controls(exam: Exam, codes: list[int], models: Mapping[str, str]) -> Doubles:
    """Return Float64[N], what each target's own model reaches from the history there."""
    values = np.full(len(exam), np.nan)
    for code in codes:
        rows, own = exam.domains == code, of_domains(exam.train, [code])
        if rows.any() and len(own):
            values[rows] = exam.ndcg(served(models["control"], models["floor"], own), rows, _K)[rows]
    return values


def _compared(
    exam: Exam, model: Recommender, control: Doubles, pair: tuple[int | None, int], source: str, *, seed: int
) -> list[Effect]:
    """Compare a model with the controls on a target's questions, all and by part."""
    code, target = pair
    rows = (exam.domains == target) & ~np.isnan(control)
    if not rows.any():
        return []
    values, counts, users = exam.ndcg(model, rows, _K)[rows], exam.counts[rows], exam.users[rows]
    alone, elsewhere = control[rows], counts.sum(axis=1) - counts[:, target]
    acts = elsewhere if code is None else counts[:, code]
    names = (source, exam.names[target])
    return [
        effect_of(names, part, alone[chosen], values[chosen], users[chosen], seed=seed)
        for part, chosen in slices_of(counts[:, target], acts)
        if chosen.any()
    ]


def _facts(exam: Exam, code: int, codes: list[int]) -> DomainFacts:
    """Count what a domain has."""
    train = exam.train
    domains = train.catalogue.domains[train.items]
    persons = {one: np.unique(train.users[domains == one]) for one in codes}
    return DomainFacts(
        name=exam.names[code],
        rows=int((domains == code).sum()),
        persons=len(persons[code]),
        items=len(np.unique(train.items[domains == code])),
        lists=int((exam.domains == code).sum()),
        shared={
            exam.names[one]: len(np.intersect1d(persons[code], persons[one], assume_unique=True))
            for one in codes
            if one != code
        },
    )


def _open_share(exam: Exam, gated: Gated) -> dict[str, float]:
    """Return the share of lists of each target for which the gate was open."""
    found: dict[str, list[float]] = {}
    for place, domain in exam.batches(np.ones(len(exam), dtype=np.bool_)):
        found.setdefault(domain, []).extend(gated.is_open(exam.queries(place, domain)).tolist())
    return {domain: float(np.mean(flags)) for domain, flags in found.items()}
