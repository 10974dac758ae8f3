"""A world from TOML: unknown keys are errors with the nearest name, every value is checked, its place told."""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crossrec.core.errors import InvalidInput, NotFound, suggestion
from crossrec.data.worlds.world import World

__all__ = ["parse_world", "read_world", "world_of"]


def read_world(path: Path | str) -> World:
    """Read a world from a file.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no TOML, a key is unknown or missing, or a value breaks a rule.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound(f"no file '{file}': expected a world in TOML") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file}: expected TOML in UTF-8, got other bytes") from error
    return parse_world(text, str(file))


def parse_world(text: str, place: str = "world") -> World:
    """Read a world from TOML text.

    Args:
        text: The TOML.
        place: What to call it in messages.

    Raises:
        InvalidInput: As `read_world`.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{place}: expected TOML, got {error}") from error
    return world_of(table, place)


def world_of(table: Mapping[str, Any], place: str = "world") -> World:
    """Build a world from a table as TOML or JSON gives it; days may be text.

    Raises:
        InvalidInput: As `read_world`.
    """
    try:
        world = _value(World, table, "")
    except InvalidInput as error:
        raise InvalidInput(f"{place}: {error}") from error
    assert isinstance(world, World)  # noqa: S101 - for the type checker
    return world


def _object(kind: type, table: Any, place: str) -> Any:
    """Build a dataclass from a table."""
    if not isinstance(table, Mapping):
        raise InvalidInput(f"{place or 'world'}: expected a table, got {_told(table)}")
    types_of = typing.get_type_hints(kind)
    parts = {part.name: part for part in fields(kind)}
    for key in table:
        if key not in parts:
            raise InvalidInput(f"{_at(place, key)}: unknown key{suggestion(key, parts)}; there are {', '.join(parts)}")
    for name, part in parts.items():
        if name not in table and part.default is MISSING and part.default_factory is MISSING:
            raise InvalidInput(f"{_at(place, name)}: expected a value, got none")
    values = {key: _value(types_of[key], value, _at(place, key)) for key, value in table.items()}
    try:
        return kind(**values)
    except InvalidInput as error:
        raise InvalidInput(f"{place}.{error}" if place else str(error)) from error


def _value(kind: Any, value: Any, place: str) -> Any:
    """Check one value against its type; whole numbers may stand for others, nothing else is converted."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return _value(next(one for one in inside if one is not type(None)), value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise InvalidInput(f"{place}: expected a list, got {_told(value)}")
        return tuple(_value(inside[0], one, f"{place}.{i}") for i, one in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise InvalidInput(f"{place}: expected a table, got {_told(value)}")
        return {key: _value(inside[1], one, f"{place}.{key}") for key, one in value.items()}
    if is_dataclass(kind):
        return _object(typing.cast("type", kind), value, place)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is date and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise InvalidInput(f"{place}: expected a day 2024-01-31, got {_told(value)}") from error
    right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not right or (kind is date and isinstance(value, datetime)):
        words = {int: "a whole number", float: "a number", str: "text", bool: "true or false", date: "a day 2024-01-31"}
        raise InvalidInput(f"{place}: expected {words[kind]}, got {_told(value)}")
    return value


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _told(value: Any) -> str:
    return repr(value)[:80]
