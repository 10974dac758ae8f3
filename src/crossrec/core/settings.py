"""Settings: one frozen tree from a TOML file and the environment; unknown keys are errors."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossrec.core.errors import InvalidInput, NotFound, nearest

__all__ = ["SECRETS", "ServerSettings", "Settings", "load_settings"]

PREFIX = "CROSSREC_"
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
        fold_in: Lay events over the bundle's histories, so that they change the next answer.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str | None = field(default=None, repr=False)
    events: str = "sqlite:///crossrec-events.db"
    max_batch: int = 1_000
    max_history: int = 1_000
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
        InvalidInput: An unknown key, a value of the wrong type, or a secret in the file.
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
    """Lay the environment over the file: only names that a setting has are read."""
    merged: dict[str, Any] = {**tree, "server": dict(tree.get("server", {}))}
    for setting in dataclasses.fields(ServerSettings):
        if (value := variables.get(f"{PREFIX}SERVER_{setting.name.upper()}")) is not None:
            merged["server"][setting.name] = value
    if (value := variables.get(f"{PREFIX}THREADS")) is not None:
        merged["threads"] = value
    return merged


def _build(kind: type[Any], values: Mapping[str, Any], path: str) -> Any:
    """Make a settings object, checking names and types."""
    known = {setting.name: setting for setting in dataclasses.fields(kind)}
    for name in values:
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean '{path}{near}'?" if near else ""
            raise InvalidInput(f"setting '{path}{name}' does not exist{hint}")
    return kind(**{name: _typed(path + name, str(known[name].type), value) for name, value in values.items()})


def _typed(name: str, kind: str, value: Any) -> Any:
    """Turn a value from a file or variable into the type of its setting."""
    if kind == "bool" and isinstance(value, str):
        if value.lower() not in ("1", "0", "true", "false"):
            raise InvalidInput(f"{name}: expected true or false, got '{value}'")
        return value.lower() in ("1", "true")
    if kind == "int" and isinstance(value, str):
        try:
            value = int(value)
        except ValueError as error:
            raise InvalidInput(f"{name}: expected an integer, got '{value}'") from error
    allowed: tuple[type, ...] = {"int": (int,), "bool": (bool,), "str": (str,), "str | None": (str,)}.get(
        kind, (object,)
    )
    if not isinstance(value, allowed) or (
        isinstance(value, int) and kind == "int" and (isinstance(value, bool) or value < 0)
    ):
        raise InvalidInput(f"{name}: expected {kind}, got {value!r}")
    return value
