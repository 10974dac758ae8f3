"""How much memory work on tables may take: stated once, asked by each step that could take more.

Polars is told as well: what its streams hold beyond their share (groups, sorted rows, windows) goes to disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import polars as pl

from crossrec.core.errors import InvalidInput, OutOfBudget

__all__ = ["DEFAULT", "LEAST", "fits", "memory_of", "require", "rows_within", "within"]

DEFAULT = 1_500_000_000
"""Bytes that work takes at most where nothing is said."""
LEAST = 800_000_000
"""Fewer bytes are not enough for the libraries and the buffers of a stream."""
_TAKEN = 450_000_000
_POLARS = "POLARS_OOC_MEMORY_BUDGET_MB"
_STATED: ContextVar[int | None] = ContextVar("memory", default=None)
_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def memory_of(text: str) -> int:
    """Read a size such as `2GB` or `800 MB`.

    Raises:
        InvalidInput: It is no size, or below 800 MB.

    >>> memory_of("2GB")
    2000000000
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?b?)\s*", text.lower())
    unit = "" if found is None else found[2] if found[2] in _UNITS else f"{found[2]}b"
    if found is None or unit not in _UNITS:
        raise InvalidInput(f"memory: expected a size like 2GB or 1500MB, got '{text[:40]}'")
    size = int(float(found[1]) * _UNITS[unit])
    if size < LEAST:
        raise InvalidInput(f"memory: expected at least {LEAST // 10**6} MB, got '{text[:40]}'")
    return size


@contextmanager
def within(memory: int | None) -> Iterator[None]:
    """Let all work until the end of the block take so many bytes; None leaves it as it is.

    Polars' share of it holds for the whole process while the block lasts.
    """
    if memory is None:
        yield
        return
    token = _STATED.set(memory)
    held = os.environ.get(_POLARS)
    try:
        _tell_polars(str((memory - _TAKEN) // 2 // 10**6))
        yield
    finally:
        _STATED.reset(token)
        _tell_polars(held)


def _tell_polars(megabytes: str | None) -> None:
    """Set the bytes that Polars' streams hold before they spill; None leaves it to Polars."""
    if megabytes is None:
        os.environ.pop(_POLARS, None)
    else:
        os.environ[_POLARS] = megabytes
    pl.Config.reload_env_vars()


def rows_within(bytes_a_row: float) -> int:
    """Return how many rows of a size may be held at once, beside what the libraries and buffers take."""
    return max(10_000, int(((_STATED.get() or DEFAULT) - _TAKEN) / bytes_a_row))


def fits(rows: int, bytes_a_row: float) -> bool:
    """May so many rows be held at once?"""
    return rows <= rows_within(bytes_a_row)


def require(needed: int, what: str) -> None:
    """Refuse work that cannot be cut, where a budget was stated and it is too small.

    Raises:
        OutOfBudget: More is needed.
    """
    stated = _STATED.get()
    if stated is not None and needed + _TAKEN > stated:
        raise OutOfBudget(
            f"{what}: needs about {(needed + _TAKEN) / 1e9:.1f} GB and {stated / 1e9:.1f} GB were given; give more, or "
            "read it in batches"
        )
