"""Settings: one frozen tree from a TOML file and the environment; unknown keys are errors."""

from __future__ import annotations

import dataclasses
import math
import os
import tomllib
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossrec.core.errors import InvalidInput, NotFound, nearest, suggestion

__all__ = ["SECRETS", "ServerSettings", "Settings", "from_text", "load_settings"]

PREFIX = "CROSSREC_"
_SERVER, _THREADS = f"{PREFIX}SERVER_", f"{PREFIX}THREADS"
SECRETS = ("api_key",)
"""Settings that come from the environment only and are never printed."""


@dataclass(frozen=True)
class ServerSettings:
    """How the server listens and what it remembers.

    Args:
        host: Address to listen on; another than loopback needs an API key.
        port: Port, 0 for any free one.
        api_key: Callers send it as `X-API-Key`; from `CROSSREC_SERVER_API_KEY` only.
        events: URL of the event log: `sqlite:///path` or `memory://`.
        max_batch: Most events in one request.
        max_history: Most acts of one person that a query carries, the newest.
        max_waiting: Most questions that the model is asked at a time, all but one waiting; further ones get 503.
        fold_in: Lay events over the bundle's histories, so that they change the next answer.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str | None = field(default=None, repr=False)
    events: str = "sqlite:///crossrec-events.db"
    max_batch: int = 1_000
    max_history: int = 1_000
    max_waiting: int = 32
    fold_in: bool = True


@dataclass(frozen=True)
class Settings:
    """All settings.

    Args:
        threads: Threads for numeric work, 0 for all cores.
        server: The server's.
    """

    threads: int = 0
    server: ServerSettings = field(default_factory=ServerSettings)


def load_settings(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read settings: defaults < file < environment (`CROSSREC_SERVER_PORT=9000`).

    Args:
        file: A TOML file, or None.
        environment: Variables; None reads the process's.

    Raises:
        NotFound: The file is not there.
        InvalidInput: An unknown key or variable, a value of the wrong type, or a secret in the file.
    """
    tree = _read(file) if file else {}
    if not isinstance(tree.get("server", {}), dict):
        raise InvalidInput(f"server: expected a table of settings, got {tree['server']!r}")
    if secret := next((name for name in SECRETS if name in tree.get("server", {})), None):
        raise InvalidInput(f"{file}: server.{secret} is a secret; set {PREFIX}SERVER_{secret.upper()} instead")
    variables = os.environ if environment is None else environment
    merged = _overlay(tree, variables)
    server = _build(ServerSettings, merged.pop("server", {}), "server.")
    settings: Settings = _build(Settings, {**merged, "server": server}, "")
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"settings file {file} does not exist") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: expected TOML; {error}") from error


def _overlay(tree: dict[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Lay the environment over the file; a variable that looks like a setting and is none is an error."""
    merged: dict[str, Any] = {**tree, "server": dict(tree.get("server", {}))}
    known = {f"{_SERVER}{one.name.upper()}": one.name for one in dataclasses.fields(ServerSettings)}
    for name, value in variables.items():
        if name == _THREADS:
            merged["threads"] = value
        elif name in known:
            merged["server"][known[name]] = value
        elif name.startswith(PREFIX):
            _refuse_typo(name, [_THREADS, *known])
    return merged


def _refuse_typo(name: str, known: list[str]) -> None:
    """Refuse a variable near to a setting's; others of the prefix belong to other parts (`CROSSREC_DATA`)."""
    near = nearest(name.removeprefix(PREFIX).lower(), [one.removeprefix(PREFIX).lower() for one in known])
    if name.startswith(_SERVER) or near:
        hint = f"; did you mean {PREFIX}{near.upper()}?" if near else f"; there are {', '.join(known)}"
        raise InvalidInput(f"the environment's {name} is no setting{hint}")


def _build(kind: type[Any], values: Mapping[str, Any], path: str) -> Any:
    """Make a settings object, checking names and types."""
    known = typing.get_type_hints(kind)
    for name in values:
        if name not in known:
            raise InvalidInput(f"setting '{path}{name}' does not exist{suggestion(name, known, prefix=path)}")
    return kind(**{name: _typed(path + name, known[name], value) for name, value in values.items()})


def _typed(name: str, kind: Any, value: Any) -> Any:
    """Turn a value from a file or variable into the type of its setting."""
    kinds = typing.get_args(kind) or (kind,)
    if isinstance(value, str) and str not in kinds:
        value = from_text(name, value, kind)
    wrong = not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)
    if wrong or (int in kinds and value < 0):
        raise InvalidInput(f"{name}: expected {' or '.join(one.__name__ for one in kinds)}, got {value!r}")
    return value


def from_text(name: str, text: str, kind: Any) -> Any:
    """Read text as a type: how every option, flag and variable gets its value.

    Args:
        name: What it is for, for the message.
        text: As it was written.
        kind: bool, int, float, str, or a union with None.

    Raises:
        InvalidInput: The text is not of the type, or the type has no form as text.

    >>> from_text("l2", "0.5", float | None), from_text("repeats", "yes", bool)
    (0.5, True)
    """
    kinds = typing.get_args(kind) or (kind,)
    if type(None) in kinds and text.lower() == "none":
        return None
    one = next((one for one in _READERS if one in kinds), None)
    if one is None:
        raise InvalidInput(f"{name}: cannot be given as text")
    read, expected = _READERS[one]
    try:
        return read(text)
    except (KeyError, ValueError) as error:
        raise InvalidInput(f"{name}: expected {expected}, got '{text}'") from error


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("not finite")
    return number


_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_READERS: dict[type, tuple[Callable[[str], Any], str]] = {
    bool: (lambda text: _BOOLEANS[text.lower()], "true or false"),
    float: (_finite, "a number"),
    int: (int, "an integer"),
    str: (str, "text"),
}
"""Type -> how its text is read, and what a message calls it."""
