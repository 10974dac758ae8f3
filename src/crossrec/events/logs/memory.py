"""Memory: events in a dictionary, gone with the process; the fake of all tests."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator

from crossrec.core.clock import now
from crossrec.core.event import Event
from crossrec.events.log import check_events, new_secret, person_digest, person_key

__all__ = ["MemoryLog"]


class MemoryLog:
    """An event log without a file; see `EventLog`.

    Args:
        place: Nothing; a URL of this scheme has no place.
        clock: Gives the moment, milliseconds UTC.
    """

    def __init__(self, place: str = "", clock: Callable[[], int] = now) -> None:
        self.place = place
        self.identity = secrets.token_hex(8)
        self._clock = clock
        self._lock = threading.Lock()
        self._events: dict[str, Event] = {}
        self._arrivals: dict[str, int] = {}
        self._arrived = 0
        self._erased: dict[str, int] = {}
        self._secret = new_secret()

    def append(self, events: Iterable[Event]) -> int:
        """Keep the new events of a batch."""
        batch = check_events(events)
        with self._lock:
            before = len(self._events)
            for event in batch:
                known = event.id in self._events
                if not known and event.at > self._erased.get(self.person(event.user), event.at - 1):
                    self._arrived += 1
                    self._events[event.id], self._arrivals[event.id] = event, self._arrived
            return len(self._events) - before

    def of_user(self, user: str, limit: int) -> list[Event]:
        """Return a person's newest acts, oldest first."""
        with self._lock:
            own = [event for event in self._events.values() if event.user == user and event.kind != "shown"]
        own.sort(key=lambda event: event.at)
        return own[-limit:] if limit > 0 else []

    def replay(self, start: int, end: int) -> Iterator[Event]:
        """Give the events of a span of time."""
        with self._lock:
            chosen = [event for event in self._events.values() if start <= event.at < end]
        yield from sorted(chosen, key=lambda event: event.at)

    def forget(self, user: str) -> int:
        """Remove a person's events and remember when."""
        with self._lock:
            own = [event for event in self._events.values() if event.user == user]
            for event in own:
                del self._events[event.id], self._arrivals[event.id]
            last = max((event.at for event in own), default=0)  # a client's clock may be ahead
            self._erased[self.person(user)] = max(self._clock(), last)
            return len(own)

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def erased(self, user: str) -> int | None:
        """Return when a person was forgotten."""
        with self._lock:
            return self._erased.get(self.person(user))

    def since(self, cursor: int, limit: int) -> list[tuple[int, Event]]:
        """Give what arrived after a cursor."""
        with self._lock:
            later = [(at, self._events[name]) for name, at in self._arrivals.items() if at > cursor]
        return later[: max(0, limit)]

    def forgotten(self, moment: int) -> dict[str, int]:
        """Return who was forgotten since a moment."""
        with self._lock:
            return {person: at for person, at in self._erased.items() if at >= moment}

    def person(self, user: str) -> str:
        """Return the key of a person's erasure."""
        return person_key(person_digest(user), self._secret)
