"""The error family: one root, and one class for each thing a caller can do about it.

```
CrossrecError                       exit  HTTP   when you see it
├── InvalidInput (ValueError)         2   422    a value, file or setting breaks a rule
├── NotFound (LookupError)            3   404    a name, id or path does not exist
├── NotFitted (RuntimeError)          4   409    a model is asked before it was fitted
├── MissingExtra (ImportError)        5   501    an optional package is not installed
├── Unavailable (ConnectionError)     6   503    a store, server or disk does not answer
├── Refused (PermissionError)         7   403    allowed by no one: key, consent, protocol
├── CorruptBundle (ValueError)        8   500    a saved model or data set was damaged
└── OutOfBudget (MemoryError)         9   507    the work would not fit the memory there is
```

A message says the rule, what came, and what to do:
``k: expected k >= 1, got 0``. The command line maps a class to its ``exit_code`` and the
server to its ``http_status``, each in one place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "CorruptBundle",
    "CrossrecError",
    "InvalidInput",
    "MissingExtra",
    "NotFitted",
    "NotFound",
    "OutOfBudget",
    "Refused",
    "Unavailable",
    "nearest",
    "suggestion",
    "unknown_name",
]


class CrossrecError(Exception):
    """The root of every error this package raises on purpose."""

    exit_code: int = 1
    http_status: int = 500


class InvalidInput(CrossrecError, ValueError):
    """A value, file or setting breaks a rule; the message names it, its place and the rule."""

    exit_code = 2
    http_status = 422


class NotFound(CrossrecError, LookupError):
    """A name, id or path does not exist; the message lists the near ones."""

    exit_code = 3
    http_status = 404


class NotFitted(CrossrecError, RuntimeError):
    """A model is asked for something before `fit` or `load`."""

    exit_code = 4
    http_status = 409


class MissingExtra(CrossrecError, ImportError):
    """An optional package is not installed; the message names the extra."""

    exit_code = 5
    http_status = 501


class Unavailable(CrossrecError, ConnectionError):
    """A store, server or disk does not answer now."""

    exit_code = 6
    http_status = 503


class Refused(CrossrecError, PermissionError):
    """The request is understood and not allowed: a missing key, or a protocol the data cannot bear."""

    exit_code = 7
    http_status = 403


class CorruptBundle(CrossrecError, ValueError):
    """A saved model or data set is damaged, or was written by a newer version."""

    exit_code = 8
    http_status = 500


class OutOfBudget(CrossrecError, MemoryError):
    """The work would not fit into the memory there is; the message has both sizes."""

    exit_code = 9
    http_status = 507


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like `name`, or None where none is near.

    >>> nearest("eaze", ["als", "ease"])
    'ease'
    """
    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def suggestion(name: str, known: Iterable[str], *, prefix: str = "", listing: str = "") -> str:
    """Build the end of a message about a name that is not known: the nearest, and where wanted all of them.

    Args:
        name: What was written.
        known: What there is.
        prefix: Stands before the nearest name: "server." for `server.port`.
        listing: Begins the list of all, "There are" for example; empty leaves the list out.

    >>> suggestion("eaze", ["als", "ease"])
    "; did you mean 'ease'?"
    >>> suggestion("zzz", ["als", "ease"], listing="There are")
    '; There are: als, ease'
    """
    names = list(known)
    near = nearest(name, names)
    hint = f"; did you mean '{prefix}{near}'?" if near else ""
    return f"{hint or ';'} {listing}: {', '.join(names) or 'none'}" if listing else hint


def unknown_name(kind: str, name: str, known: Iterable[str]) -> NotFound:
    """Build the error for a name that is not on a list.

    >>> str(unknown_name("model", "eaze", ["als", "ease"]))
    "no model called 'eaze'; did you mean 'ease'? There are: als, ease"
    """
    return NotFound(f"no {kind} called '{name}'{suggestion(name, sorted(known), listing='There are')}")
