"""What is carried over and what survives: levels of two catalogues on one scale, retention, and forgetting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossrec.core.arrays import Codes, Doubles
from crossrec.metrics.significance import bootstrap_draws

__all__ = ["Answers", "Kept", "Retention", "Share", "kept_of", "level", "retention_of", "share_of"]


@dataclass(frozen=True)
class Answers:
    """NDCG@k of N questions about one domain.

    Args:
        model: Float64[N] of the model that is judged.
        floor: Float64[N] of the floor, the domain's popularity.
        users: Int32[N] whose question it is.
    """

    model: Doubles
    floor: Doubles
    users: Codes


@dataclass(frozen=True)
class Share:
    """One mean as a share of another.

    Args:
        value: None where what it is a share of is not above 0: that is an answer, and nothing is divided.
        low: Lower end of its 95 % interval; None where that cannot be told, since in the draws of persons what it is a
            share of is not above 0 in more than one of forty.
        high: Upper end, likewise.
    """

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.value is None:
            return "nothing to be a share of"
        if self.low is None or self.high is None:
            return f"{self.value:.0%} [cannot be told]"
        return f"{self.value:.0%} [{self.low:.0%}, {self.high:.0%}]"


@dataclass(frozen=True)
class Retention:
    """How much of what is reached in the source is reached in the target with transfer.

    Args:
        source: A domain.
        target: Another.
        source_level: Of the source's own model on the source's questions, see `level`.
        target_level: Of transfer on the target's questions.
        retained: The second as a share of the first.
    """

    source: str
    target: str
    source_level: float
    target_level: float
    retained: Share

    def __str__(self) -> str:
        return (
            f"{self.source} -> {self.target}: level {self.source_level:.3f} in {self.source}, "
            f"{self.target_level:.3f} in {self.target} with transfer; retained {self.retained}"
        )


@dataclass(frozen=True)
class Kept:
    """What survives in a domain when a model learns others too.

    Args:
        domain: The domain, on whose own questions both are judged.
        beside: The domain that was learned too, "all others", or "the gate".
        own_level: Of the model of this domain alone, see `level`.
        level: Of the model that learned the other too.
        kept: The second as a share of the first.
    """

    domain: str
    beside: str
    own_level: float
    level: float
    kept: Share

    @property
    def verdict(self) -> str:
        """Forgets, gains, or cannot tell."""
        if self.kept.low is None or self.kept.high is None:
            return "cannot tell"
        return "gains" if self.kept.low > 1 else "forgets" if self.kept.high < 1 else "cannot tell"

    def __str__(self) -> str:
        return (
            f"{self.domain} beside {self.beside}: level {self.own_level:.3f} alone, {self.level:.3f} together; "
            f"kept {self.kept}: {self.verdict}"
        )


def level(model: float, floor: float) -> float:
    """Return where a mean stands between the floor, 0, and an oracle, 1; below the floor it is negative.

    Each question has an answer among the trained items, so the oracle's NDCG is 1. 0 where the floor is the oracle.

    >>> level(0.2, 0.1)
    0.11111111111111112
    """
    return 0.0 if floor >= 1 else (model - floor) / (1 - floor)


def share_of(part: float, whole: float, parts: Doubles, wholes: Doubles) -> Share:
    """Return a share with its percentile interval; nothing is divided by what is not above 0.

    Args:
        part: Mean.
        whole: Mean that it is a share of.
        parts: Float64[R] of it in draws of persons.
        wholes: Float64[R] of the other in the same draws.

    Source: a share whose denominator may be 0 has no bounded interval, Fieller 1954; so none is given there.
    """
    if not whole > 0:
        return Share(None, None, None)
    known = ~np.isnan(parts) & ~np.isnan(wholes)
    above = known & (wholes > 0)
    if above.sum() < 0.975 * max(1, known.sum()):
        return Share(part / whole, None, None)
    low, high = np.quantile(parts[above] / wholes[above], [0.025, 0.975])
    return Share(part / whole, float(low), float(high))


def retention_of(names: tuple[str, str], source: Answers, target: Answers, *, seed: int = 0) -> Retention:
    """Compare transfer's level in the target with the source's own model's in the source.

    Args:
        names: Source and target.
        source: The source's own model on the source's questions.
        target: Transfer on the target's questions; who is asked in both is drawn in both.
        seed: Of the draws.
    """
    columns = np.full((len(source.model) + len(target.model), 4), np.nan)
    columns[: len(source.model), :2] = np.stack([source.model, source.floor], axis=1)
    columns[len(source.model) :, 2:] = np.stack([target.model, target.floor], axis=1)
    draws = bootstrap_draws(columns, persons=np.concatenate([source.users, target.users]), seed=seed)
    own, carried = (level(float(one.model.mean()), float(one.floor.mean())) for one in (source, target))
    wholes, parts = _levels(draws[:, 0], draws[:, 1]), _levels(draws[:, 2], draws[:, 3])
    return Retention(*names, own, carried, share_of(carried, own, parts, wholes))


def kept_of(names: tuple[str, str], alone: Answers, together: Doubles, *, seed: int = 0) -> Kept:
    """Compare a model that learned another domain too with the domain's own, on the domain's own questions.

    Args:
        names: The domain, and what was learned beside it.
        alone: The domain's own model.
        together: Float64[N] of the other model on the same questions.
        seed: Of the draws.
    """
    columns = np.stack([alone.model, alone.floor, together], axis=1)
    draws = bootstrap_draws(columns, persons=alone.users, seed=seed)
    own, joint = (level(float(values.mean()), float(alone.floor.mean())) for values in (alone.model, together))
    wholes, parts = _levels(draws[:, 0], draws[:, 1]), _levels(draws[:, 2], draws[:, 1])
    return Kept(*names, own, joint, share_of(joint, own, parts, wholes))


def _levels(models: Doubles, floors: Doubles) -> Doubles:
    """Return the levels of draws, Float64[R]."""
    return np.asarray(np.divide(models - floors, 1 - floors, out=np.zeros_like(models), where=~(floors >= 1)))
