"""Tuned: what a search found, all that it tried, and the file that both are kept in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from crossrec.core.errors import InvalidInput, NotFound, Unavailable
from crossrec.evaluation.goal import RATING_ERRORS
from crossrec.evaluation.report import aligned, shown, without_nan

__all__ = ["SCHEMA", "ChosenSettings", "Trial", "Tuned", "read_settings", "read_tuned", "write_tuned"]

SCHEMA = 1
_SHOWN = 5


@dataclass(frozen=True)
class Trial:
    """One try.

    Args:
        number: The first is 0, the settings that the model came with.
        settings: Those that were searched for.
        value: What they reached on validation; None where the model failed.
        seconds: What fitting and asking took.
        failure: Why it failed; empty where it did not.
    """

    number: int
    settings: Mapping[str, Any]
    value: float | None
    seconds: float
    failure: str = ""


@dataclass(frozen=True)
class Tuned:
    """What `tune` found out.

    Args:
        model: Its name.
        metric: What was looked at on validation: "ndcg@10".
        settings: All settings of the model, the best found among them.
        space: Where was looked, as plain values.
        seed: Of the search.
        trials: All tries, in their order.
        protocol: The protocol of the validation questions, with its hash.
        split_hash: Hash of the rows of the whole split; numbers on another split of the same data may rest on rows
            that were seen here.
        data_hash: SHA-256 of the data.
        crossrec: The version that searched.
    """

    model: str
    metric: str
    settings: Mapping[str, Any]
    space: Mapping[str, Any]
    seed: int
    trials: Sequence[Trial]
    protocol: Mapping[str, Any]
    split_hash: str
    data_hash: str
    crossrec: str

    @property
    def larger(self) -> bool:
        """Is more better?"""
        return self.metric not in RATING_ERRORS

    @property
    def ranked(self) -> list[Trial]:
        """The tries that reached a value, the best first; of equal ones the earlier."""
        sign = -1.0 if self.larger else 1.0
        reached = [(sign * trial.value, trial) for trial in self.trials if trial.value is not None]
        return [trial for _, trial in sorted(reached, key=lambda pair: (pair[0], pair[1].number))]

    @property
    def best(self) -> Trial:
        """The best try.

        Raises:
            InvalidInput: None reached a value.
        """
        if not self.ranked:
            reason = self.trials[0].failure if self.trials else "nothing was tried"
            raise InvalidInput(f"{self.model}: none of {len(self.trials)} settings could be tried; the first: {reason}")
        return self.ranked[0]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        best = self.best
        plain = {**vars(self), "schema": SCHEMA, "value": best.value, "best": best.number}
        found: dict[str, Any] = without_nan({**plain, "trials": [vars(trial) for trial in self.trials]})
        return found

    def to_json(self, indent: int | None = 2) -> str:
        """Return everything as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def __str__(self) -> str:
        told, best = self.protocol, self.best
        names = list(self.space)
        rows = [["trial", self.metric, *names, "seconds"]]
        for trial in self.ranked[:_SHOWN]:
            cells = [_short(trial.settings.get(name)) for name in names]
            rows.append([str(trial.number), shown(trial.value or 0.0), *cells, shown(trial.seconds, 1)])
        failed = sum(trial.value is None for trial in self.trials)
        lines = [
            f"protocol {told['name']}, part {told['part']}, fitted on {told['fit_on']}, hash {told['hash']}",
            f"split {self.split_hash}, data {self.data_hash[:16]}, seed {self.seed}",
            f"{len(self.trials)} trials, {failed} failed; the best {len(rows) - 1}:",
            *aligned(rows),
            f"best {self.metric} on validation: {shown(best.value or 0.0)}{self._gain()}",
        ]
        return "\n".join(lines)

    def _gain(self) -> str:
        """Say how much more that is than what the model came with."""
        first = self.trials[0]
        if first.value is None or self.best is first:
            return ""
        return f", {(self.best.value or 0.0) - first.value:+.4f} to the settings it came with"


@dataclass(frozen=True)
class ChosenSettings:
    """Settings of models out of a file.

    Args:
        path: The file.
        of: Model -> setting -> its value as text, as `--set` has it.
        split_hash: The split they were found on; empty where they were written by hand.
    """

    path: Path
    of: Mapping[str, Mapping[str, str]]
    split_hash: str = ""


def write_tuned(tuned: Tuned, path: Path) -> None:
    """Write what was found; the file is replaced once the new one is whole.

    Raises:
        Unavailable: It cannot be written.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(tuned.to_json() + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise Unavailable(f"'{path}': what was found could not be written ({error.strerror or error})") from error


def read_tuned(path: Path) -> Tuned:
    """Read what `write_tuned` wrote.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It holds something else, or is of a newer version.
    """
    plain = _read(path)
    names = [field.name for field in fields(Tuned)]
    if plain.get("schema") != SCHEMA or not all(name in plain for name in names):
        raise InvalidInput(f"'{path}': expected what `crossrec tune --out` writes, in its schema {SCHEMA}")
    try:
        trials = [Trial(**trial) for trial in plain["trials"]]
    except TypeError as error:
        raise InvalidInput(f"'{path}': expected trials as `crossrec tune --out` writes them ({error})") from error
    return Tuned(**{**{name: plain[name] for name in names}, "trials": trials})


def read_settings(path: Path) -> ChosenSettings:
    """Read settings of models: what a search found, or `{"ease": {"l2": 50}, "als": {"factors": 64}}`.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It holds something else.
    """
    plain = _read(path)
    if "schema" in plain:
        found = read_tuned(path)
        return ChosenSettings(path, {found.model: _texts(path, found.settings)}, found.split_hash)
    return ChosenSettings(path, {name: _texts(path, settings) for name, settings in plain.items()})


def _read(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"'{path}': there is no such file") from error
    except OSError as error:
        raise Unavailable(f"'{path}': cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise InvalidInput(f"'{path}': expected JSON ({error})") from error
    if not isinstance(plain, dict):
        raise InvalidInput(f"'{path}': expected a JSON object of models and their settings, got {type(plain).__name__}")
    return plain


def _texts(path: Path, settings: Any) -> dict[str, str]:
    if not isinstance(settings, Mapping) or any(isinstance(value, (dict, list)) for value in settings.values()):
        raise InvalidInput(f'\'{path}\': expected settings as {{"ease": {{"l2": 50}}}}, got {settings!r}')
    return {name: _text(value) for name, value in settings.items()}


def _short(value: Any) -> str:
    """Write a value for a table: four figures of a fraction."""
    return f"{value:.4g}" if isinstance(value, float) else _text(value)


def _text(value: Any) -> str:
    """Write a value as the command line takes it; Python's own form of a number loses nothing."""
    return str(value).lower() if isinstance(value, bool) else str(value)
