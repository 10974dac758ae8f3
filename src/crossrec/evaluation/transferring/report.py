"""The transfer report: for every pair of domains and for all to one, control, transfer, difference and verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crossrec.core.arrays import Bools, Doubles
from crossrec.core.errors import InvalidInput
from crossrec.evaluation.report import without_nan
from crossrec.evaluation.transferring.carried import Kept, Retention
from crossrec.evaluation.transferring.effects import ALL_OTHERS, GATED, Effect
from crossrec.evaluation.transferring.exam import Exam, of_domains
from crossrec.evaluation.transferring.findings import Findings
from crossrec.evaluation.transferring.served import served
from crossrec.models.progress import tracked
from crossrec.models.recommender import model_of
from crossrec.models.transfer.gated import Gated, like_parts

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
        retentions: Of each source in each target.
        kept: What survives in each domain beside each other, beside all others where there are more than two, and
            with the gate.
        choices: What the gate decided, in words.
        open_share: Target -> share of lists for which the gate was open.
        open_persons: Target -> share of persons with such a list.
    """

    data_hash: str
    protocol: Mapping[str, Any]
    asked: int
    models: Mapping[str, str]
    domains: Sequence[DomainFacts]
    effects: Sequence[Effect]
    retentions: Sequence[Retention]
    kept: Sequence[Kept]
    choices: Sequence[str]
    open_share: Mapping[str, float]
    open_persons: Mapping[str, float]

    def of(self, source: str, target: str, by: str = "all", value: str = "") -> Effect | None:
        """Return one effect, or None where nothing was asked."""
        wanted = (source, target, by, value)
        return next((one for one in self.effects if (one.source, one.target, one.by, one.value) == wanted), None)

    def parts(self) -> list[Effect]:
        """Return the effects of all other domains together by part of the questions: for whom transfer is."""
        wide = ALL_OTHERS if len(self.domains) > 2 else None
        return [one for one in self.effects if one.by != "all" and one.source == (wide or one.source) != GATED]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values; what is not known is None."""
        effects = [{**asdict(one), "verdict": one.verdict} for one in self.effects]
        kept = [{**asdict(one), "verdict": one.verdict} for one in self.kept]
        plain = {**asdict(self), "effects": effects, "kept": kept, "metric": f"ndcg@{_K}", "schema": 2}
        found: dict[str, Any] = without_nan(plain)
        return found

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
            *([f"warning: {self.protocol['warning']}"] if self.protocol.get("warning") else []),
            "",
        ]
        lines += [str(one) for one in self.effects if one.by == "all"]
        lines += ["", *(str(one) for one in self.parts())]
        lines += ["", "level: 0 is the domain's popularity, 1 an oracle", *map(str, self.retentions)]
        lines += ["", *map(str, self.kept)]
        lines += ["", *self.choices, ""]
        lines += [
            f"gate open for {share:.1%} of the lists and {self.open_persons[name]:.1%} of the persons in {name}"
            for name, share in self.open_share.items()
        ]
        return "\n".join(lines)


def transfer_report(
    exam: Exam, *, control: str = "", transfer: str = "", floor: str = "popularity", seed: int = 0
) -> TransferReport:
    """Fit controls, pairs, all to one and the gate on the training part, and compare them on the same questions.

    Control and transfer have the floor behind them: it answers whom they have no opinion on.

    Args:
        exam: The questions.
        control: A model and its settings, `als factors=32`; empty takes `ease`, or `item_knn` for many items.
        transfer: Likewise, and empty takes `domain_ease` or `item_knn`.
        floor: A model that needs no history.
        seed: Of the gate and of the draws.

    Raises:
        InvalidInput: There is one domain.
    """
    codes = np.unique(exam.train.catalogue.domains).tolist()
    if len(codes) < 2:
        raise InvalidInput("transfer report: expected two domains or more, got one; import another one beside it")
    usual = like_parts(exam.train.catalogue)
    models = {"control": control or usual[0], "transfer": transfer or usual[1], "floor": floor}
    everyone = np.ones(len(exam), dtype=np.bool_)
    popularity = exam.ndcg(model_of(floor).fit(exam.train), everyone, _K)
    found = Findings(exam, _controls(exam, codes, models), popularity, seed)
    pairs = [(one, other) for one in codes for other in codes if one < other]
    for pair in tracked("pairs", pairs):
        both = served(models["transfer"], floor, of_domains(exam.train, list(pair)))
        found.of_pair(exam.ndcg(both, np.isin(exam.domains, pair), _K), pair)
    if len(codes) > 2:
        found.of_all(exam.ndcg(served(models["transfer"], floor, exam.train), everyone, _K), codes)
    gated = Gated(models["control"], models["transfer"], floor, seed=seed).fit(exam.train)
    found.of_all(exam.ndcg(gated, everyone, _K), codes, gate=True)
    lists, persons = _open_share(exam, _opened(exam, gated))
    return TransferReport(
        data_hash=exam.train.fingerprint,
        protocol=exam.told,
        asked=exam.asked,
        models=models,
        domains=[_facts(exam, code, codes) for code in codes],
        effects=found.effects,
        retentions=found.retentions,
        kept=found.kept,
        choices=[str(choice) for choice in gated.choices],
        open_share=lists,
        open_persons=persons,
    )


def _controls(exam: Exam, codes: list[int], models: Mapping[str, str]) -> Doubles:
    """Return Float64[N], what each target's own model reaches from the history there."""
    values = np.full(len(exam), np.nan)
    for code in codes:
        rows, own = exam.domains == code, of_domains(exam.train, [code])
        if rows.any() and len(own):
            values[rows] = exam.ndcg(served(models["control"], models["floor"], own), rows, _K)[rows]
    return values


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


def _opened(exam: Exam, gated: Gated) -> Bools:
    """Return Bool[N], the questions for which the gate was open."""
    found = np.zeros(len(exam), dtype=np.bool_)
    for place, domain in exam.batches(np.ones(len(exam), dtype=np.bool_)):
        found[place] = gated.is_open(exam.queries(place, domain))
    return found


def _open_share(exam: Exam, opened: Bools) -> tuple[dict[str, float], dict[str, float]]:
    """Return target -> the share of lists for which the gate was open, and of persons with such a list."""
    lists, persons = {}, {}
    for code in np.unique(exam.domains).tolist():
        rows = exam.domains == code
        lists[exam.names[code]] = float(opened[rows].mean())
        persons[exam.names[code]] = len(np.unique(exam.users[rows & opened])) / len(np.unique(exam.users[rows]))
    return lists, persons
