"""Findings: what the models of a transfer report reached on each question, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from crossrec.core.arrays import Bools, Doubles
from crossrec.evaluation.transferring.carried import Answers, Kept, Retention, kept_of, retention_of
from crossrec.evaluation.transferring.effects import ALL_OTHERS, GATED, Effect, effect_of, slices_of
from crossrec.evaluation.transferring.exam import Exam

__all__ = ["Findings"]


@dataclass
class Findings:
    """What is known of each question without transfer, and what was found with it.

    Args:
        exam: N questions.
        control: Float64[N] of each target's own model; NaN where it has none.
        floor: Float64[N] of the floor.
        seed: Of the draws.
        effects: Grows with each model that is told.
        retentions: Likewise, by pairs of domains.
        kept: Likewise.
    """

    exam: Exam
    control: Doubles
    floor: Doubles
    seed: int = 0
    effects: list[Effect] = field(default_factory=list)
    retentions: list[Retention] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    def of_pair(self, values: Doubles, pair: tuple[int, int]) -> None:
        """Tell of a model of two domains, both ways.

        Args:
            values: Float64[N] of it; NaN on questions about others.
            pair: Codes of the domains.
        """
        for source, target in (pair, pair[::-1]):
            self._compare(values, (source, target), self.exam.names[source])
            own, asked = self._rows(source), self._rows(target)
            if own.any() and asked.any():
                names = (self.exam.names[source], self.exam.names[target])
                carried = Answers(values[asked], self.floor[asked], self.exam.users[asked])
                self.retentions.append(retention_of(names, self._alone(own), carried, seed=self.seed))
            self._keep(values, source, self.exam.names[target])

    def of_all(self, values: Doubles, codes: list[int], *, gate: bool = False) -> None:
        """Tell of a model of all domains, for each target.

        Args:
            values: Float64[N] of it.
            codes: Codes of all domains.
            gate: Is it the gated model?
        """
        for code in codes:
            self._compare(values, (None, code), GATED if gate else ALL_OTHERS)
            self._keep(values, code, GATED if gate else ALL_OTHERS)

    def _rows(self, code: int) -> Bools:
        """Return Bool[N], the questions about a domain that it has a model of its own for."""
        return np.asarray((self.exam.domains == code) & ~np.isnan(self.control))

    def _alone(self, rows: Bools) -> Answers:
        return Answers(self.control[rows], self.floor[rows], self.exam.users[rows])

    def _keep(self, values: Doubles, code: int, beside: str) -> None:
        """Say what survives in a domain."""
        rows = self._rows(code)
        if rows.any():
            names = (self.exam.names[code], beside)
            self.kept.append(kept_of(names, self._alone(rows), values[rows], seed=self.seed))

    def _compare(self, values: Doubles, pair: tuple[int | None, int], source: str) -> None:
        """Compare a model with the controls on a target's questions, all and by part."""
        code, target = pair
        rows = self._rows(target)
        if not rows.any():
            return
        counts, users = self.exam.counts[rows], self.exam.users[rows]
        alone, across = self.control[rows], values[rows]
        acts = counts.sum(axis=1) - counts[:, target] if code is None else counts[:, code]
        names = (source, self.exam.names[target])
        self.effects += [
            effect_of(names, part, alone[chosen], across[chosen], users[chosen], seed=self.seed)
            for part, chosen in slices_of(counts[:, target], acts)
            if chosen.any()
        ]
