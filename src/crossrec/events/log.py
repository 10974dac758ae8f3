"""The port EventLog, and how one is opened by its URL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from crossrec.core.errors import InvalidInput
from crossrec.core.event import Event
from crossrec.core.shelf import Shelf

__all__ = ["LOGS", "EventLog", "open_log"]


@runtime_checkable
class EventLog(Protocol):
    """Keeps events in order, each once; safe to call from several threads.

    Time is milliseconds UTC. Order is by the time of the act, then by arrival.
    """

    def append(self, events: Sequence[Event]) -> int:
        """Keep all of a batch or nothing, and return how many were new.

        An id that was kept before is the same event again and changes nothing. What was appended is on
        disk when this returns, where the log has a disk.

        Raises:
            Unavailable: The log does not answer; nothing was kept.
        """
        ...

    def of_user(self, user: str, limit: int) -> list[Event]:
        """Return the newest `limit` events of a user, oldest of them first."""
        ...

    def replay(self, start: int, end: int) -> Iterator[Event]:
        """Yield all events with start <= at < end, in order."""
        ...

    def forget(self, user: str) -> int:
        """Remove all events of a user for good, and return how many there were."""
        ...

    def close(self) -> None:
        """Let go of files and connections; closing twice is no error."""
        ...


class _Opens(Protocol):
    def __call__(self, location: str) -> EventLog: ...


LOGS: Shelf[EventLog] = Shelf("event log", "crossrec.events.logs")


def open_log(url: str) -> EventLog:
    """Open the log that a URL names: `sqlite:///events.db`, `sqlite:////var/lib/events.db`, `memory://`.

    Raises:
        InvalidInput: It is no URL.
        NotFound: There is no log for its scheme; the message has the nearest.
        Unavailable: The log cannot be opened.
    """
    scheme, separator, location = url.partition("://")
    if not separator:
        raise InvalidInput(f"event log: expected a URL such as sqlite:///events.db, got '{url}'")
    opens: _Opens = LOGS.load(scheme)
    return opens(location)
