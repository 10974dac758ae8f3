"""What to try next: Optuna's tree-structured Parzen estimator, told of all that was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from crossrec.models.space import Choice, Range, Space

__all__ = ["suggest"]

optuna.logging.set_verbosity(optuna.logging.WARNING)


def suggest(
    space: Space, tried: Sequence[tuple[Mapping[str, Any], float]], number: int, *, larger: bool, seed: int
) -> dict[str, Any]:
    """Return settings to try.

    The answer depends on the arguments alone, so a search that was interrupted goes on as if it had not been.

    Args:
        space: Where to look.
        tried: Settings and what they reached, in the order they were tried.
        number: Of the trial; fixes with the seed what is left to chance.
        larger: Is more better?
        seed: Of the search.

    Source: Bergstra et al. 2011, "Algorithms for hyper-parameter optimization", section 4, as Optuna has it.
    """
    sampler = optuna.samplers.TPESampler(seed=(seed * 100_003 + number) % 2**32)
    study = optuna.create_study(sampler=sampler, direction="maximize" if larger else "minimize")
    where = {name: _distribution(values) for name, values in space.items()}
    study.add_trials(
        [
            optuna.trial.create_trial(params=dict(settings), distributions=where, value=value)
            for settings, value in tried
        ]
    )
    found: dict[str, Any] = study.ask(where).params
    return found


def _distribution(values: Range | Choice) -> BaseDistribution:
    if isinstance(values, Choice):
        return CategoricalDistribution(list(values.options))
    if values.whole:
        return IntDistribution(int(values.low), int(values.high), log=values.log)
    return FloatDistribution(float(values.low), float(values.high), log=values.log)
