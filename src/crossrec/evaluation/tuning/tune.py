"""tune(model, data, protocol) -> Tuned: search a model's settings on the validation part, within a budget."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossrec import __version__
from crossrec.core.clock import check_seed, stopwatch
from crossrec.core.errors import CrossrecError, InvalidInput, MissingExtra, Refused
from crossrec.core.interactions import Interactions
from crossrec.evaluation.examination import settings_of
from crossrec.evaluation.goal import Goal
from crossrec.evaluation.protocol import Protocol
from crossrec.evaluation.tuning.objective import Objective, validation_of
from crossrec.evaluation.tuning.tuned import Trial, Tuned
from crossrec.models.progress import Progress, watching
from crossrec.models.recommender import Recommender, create
from crossrec.models.space import Space

__all__ = ["tune"]

_REPEATS = 20
"""Suggestions in a row that were tried before, after which there is nothing new to expect."""
_SAME = ("model", "metric", "space", "seed", "protocol", "split_hash", "data_hash")
"""What must be equal for a search to go on from an earlier one."""


def tune(
    model: Recommender | str,
    data: Interactions,
    protocol: Protocol | str,
    *,
    name: str | None = None,
    space: Space | None = None,
    metric: str = "ndcg@10",
    minutes: float = 10.0,
    trials: int | None = None,
    seed: int = 0,
    earlier: Tuned | None = None,
    keep: Callable[[Tuned], None] | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Search for the settings with which a model is best on the validation part.

    The first trial is the model as it comes, so nothing worse than that is found. The search is handed the training
    and the validation part and no test row. The same arguments give the same trials, but how many fit into the
    minutes depends on the machine. Every trial is fitted to its end.

    Args:
        model: Unfitted, or its name on the shelf; settings that are not searched for stay.
        data: All interactions.
        protocol: How models will be tested, or its name for the defaults; settings are chosen on its validation part.
        name: What to call the model; None is its name on the shelf, or its class.
        space: Settings to search, and where; None is the model's own `space`.
        metric: A ranking metric, with or without its length; or "rmse" and "mae", for a model that predicts ratings.
        minutes: No trial starts later; one that has begun is finished.
        trials: At most so many, earlier ones among them; None is as many as the minutes allow.
        seed: Fixes the search.
        earlier: What an earlier search found, to go on from.
        keep: Called after every trial with all that was found so far.
        progress: Told of trials, and of epochs while a model learns.

    Raises:
        NotFound: No such protocol, metric or model.
        Refused: The data cannot bear the protocol, or `earlier` is of another search.
        InvalidInput: There is nothing to search, no validation part, or no trial succeeded.
        MissingExtra: The extra "tune" is not installed.
    """
    named = name or (model if isinstance(model, str) else type(model).__name__)
    first = create(model) if isinstance(model, str) else model
    where = getattr(first, "space", {}) if space is None else space
    _check(named, where, first, minutes, trials)
    goal, chosen = Goal.of(metric, Protocol(protocol) if isinstance(protocol, str) else protocol, ratings=True)
    split = chosen.split(data.liked)
    begun = Tuned(
        model=named,
        metric=goal.label,
        settings=settings_of(first),
        space={setting: dict(vars(values)) for setting, values in where.items()},
        seed=check_seed(seed),
        trials=(),
        protocol=validation_of(chosen).to_json(),
        split_hash=split.fingerprint[:16],
        data_hash=data.fingerprint,
        crossrec=__version__,
    )
    if earlier is not None:
        _check_same(begun, earlier)
        begun = dataclasses.replace(begun, trials=tuple(earlier.trials))
    search = _Search(named, first, where, Objective.of(split, chosen, goal), begun)
    return search.run(60 * minutes, trials, keep=keep, progress=progress)


@dataclass
class _Search:
    """A search that goes on until its budget is spent, or there is nothing new to try."""

    name: str
    model: Recommender
    space: Space
    objective: Objective
    found: Tuned

    def run(
        self,
        seconds: float,
        trials: int | None,
        *,
        keep: Callable[[Tuned], None] | None,
        progress: Progress | None,
    ) -> Tuned:
        passed = stopwatch()
        while (not self.found.trials or passed() < seconds) and len(self.found.trials) < (trials or math.inf):
            settings = self._next()
            if settings is None:
                break
            self._try(settings, progress)
            if keep is not None and self.found.ranked:
                keep(self.found)
            if progress is not None:
                progress(f"trials{self._standing()}", len(self.found.trials), trials or 0)
        self.found.best  # noqa: B018 - raises where nothing was found
        return self.found

    def _next(self) -> dict[str, Any] | None:
        """Return settings that were not tried yet, or None where none are expected."""
        from crossrec.evaluation.tuning.suggesting import suggest

        done = self.found.trials
        if not done:
            return {setting: getattr(self.model, setting) for setting in self.space}
        tried = [(trial.settings, trial.value) for trial in done if trial.value is not None and self._inside(trial)]
        for again in range(_REPEATS):
            number = len(done) * _REPEATS + again
            settings = suggest(self.space, tried, number, larger=self.found.larger, seed=self.found.seed)
            if not any(settings == trial.settings for trial in done):
                return settings
        return None

    def _try(self, settings: Mapping[str, Any], progress: Progress | None) -> None:
        """Judge one model; whatever goes wrong with it is said, and the search goes on."""
        number, taken = len(self.found.trials), stopwatch()
        value, failure = None, ""
        try:
            model = dataclasses.replace(self.model, **settings)  # type: ignore[type-var]  # models are dataclasses
            with watching(progress):
                value = self.objective.value(self.name, model)
        except CrossrecError as error:
            failure = str(error)
        except Exception as error:  # a broken corner of the space does not end the search
            failure = f"{type(error).__name__}: {error}"
        trial = Trial(number, dict(settings), value, taken(), failure)
        self.found = dataclasses.replace(self.found, trials=(*self.found.trials, trial))
        if self.found.ranked:
            best = dataclasses.replace(self.model, **self.found.best.settings)  # type: ignore[type-var]
            self.found = dataclasses.replace(self.found, settings=settings_of(best))

    def _inside(self, trial: Trial) -> bool:
        """Is it in the space? The model may have come with something else."""
        return all(trial.settings[setting] in values for setting, values in self.space.items())

    def _standing(self) -> str:
        return f" (best {self.found.best.value:.4f})" if self.found.ranked else ""


def _check(name: str, space: Space, model: Recommender, minutes: float, trials: int | None) -> None:
    """Refuse a search that cannot begin."""
    if not space:
        raise InvalidInput(f"{name}: expected settings to search for, and it has none that are not fixed")
    known = settings_of(model)
    for setting in space:
        if setting not in known:
            raise InvalidInput(f"{name}: no setting called '{setting}'; there are: {', '.join(known) or 'none'}")
    if not minutes >= 0 or (trials is not None and trials < 1):
        raise InvalidInput(f"tune: expected minutes >= 0 and trials >= 1, got {minutes} and {trials}")
    try:
        import optuna  # noqa: F401 - is it there?
    except ModuleNotFoundError as error:
        raise MissingExtra(f"tune needs {error.name}: pip install 'crossrec[tune]'") from error


def _check_same(begun: Tuned, earlier: Tuned) -> None:
    """Refuse to go on from another search."""
    for field in _SAME:
        mine, theirs = getattr(begun, field), getattr(earlier, field)
        if _plain(mine) != _plain(theirs):
            raise Refused(f"the earlier search is another one: its {field} is {theirs}, and here it is {mine}")
    searched = set(begun.space)
    for setting, value in begun.settings.items():
        if setting not in searched and earlier.settings.get(setting) != value:
            raise Refused(
                f"the earlier search is another one: its {setting} is {earlier.settings.get(setting)!r}, and here it "
                f"is {value!r}"
            )


def _plain(value: Any) -> Any:
    """Return a value as it comes out of a file."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value
