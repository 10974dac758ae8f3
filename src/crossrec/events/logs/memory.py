"""An event log in memory: the fake of all tests, and a server that forgets when it stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from crossrec.core.errors import InvalidInput
from crossrec.core.event import Event

__all__ = ["MemoryLog"]


class MemoryLog:
    """Keeps events in a dictionary by id, in order of arrival.

    Args:
        location: Nothing; `memory://` has no place.
    """

    def __init__(self, location: str = "") -> None:
        if location:
            raise InvalidInput(f"memory://: expected nothing behind it, got '{location}'")
        self._events: dict[str, Event] = {}
        self._lock = threading.Lock()

    def append(self, events: Sequence[Event]) -> int:
        """Keep a batch; see `EventLog`."""
        with self._lock:
            before = len(self._events)
            for event in events:
                self._events.setdefault(event.id, event)
            return len(self._events) - before

    def of_user(self, user: str, limit: int) -> list[Event]:
        """Return the newest events of a user; see `EventLog`."""
        mine = sorted((event for event in self._all() if event.user == user), key=lambda event: event.at)
        return mine[-limit:] if limit > 0 else []

    def replay(self, start: int, end: int) -> Iterator[Event]:
        """Yield the events of a time; see `EventLog`."""
        yield from sorted((event for event in self._all() if start <= event.at < end), key=lambda event: event.at)

    def forget(self, user: str) -> int:
        """Remove a user's events; see `EventLog`."""
        with self._lock:
            mine = [event.id for event in self._events.values() if event.user == user]
            for event_id in mine:
                del self._events[event_id]
            return len(mine)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _all(self) -> list[Event]:
        with self._lock:
            return list(self._events.values())
