"""Every event log on the shelf × every promise of the port, and the suite itself against broken logs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from crossrec.core.event import Event
from crossrec.events.contract import CHECKS
from crossrec.events.log import LOGS, EventLog, LiveLog, open_log
from crossrec.events.logs.memory import MemoryLog

PLACES: dict[str, Callable[[Path], str]] = {
    "memory": lambda folder: "memory://",
    "sqlite": lambda folder: f"sqlite:///{folder / 'events.db'}",
}


def test_every_log_says_where_it_is_tested() -> None:
    assert set(PLACES) == set(LOGS.paths())


@pytest.mark.parametrize("name", sorted(LOGS.paths()))
@pytest.mark.parametrize("check", sorted(CHECKS))
def test_log_keeps_its_promise(name: str, check: str, tmp_path: Path) -> None:
    log = open_log(PLACES[name](tmp_path), clock=lambda: 5_000)
    try:
        CHECKS[check](log)
    finally:
        log.close()


@pytest.mark.parametrize("name", sorted(LOGS.paths()))
def test_signatures_have_not_drifted(name: str) -> None:
    kind = LOGS.load(name)
    promised = [name for name in dir(LiveLog) if not name.startswith("_")]
    assert len([name for name in dir(EventLog) if not name.startswith("_")]) == 5
    for method in promised:
        assert inspect.signature(getattr(kind, method)) == inspect.signature(getattr(LiveLog, method)), method


class Repeats(MemoryLog):
    """Keeps an event twice."""

    def append(self, events: Iterable[Event]) -> int:
        batch = [Event(f"{event.id}.{len(self._events)}", *_rest(event)) for event in events]
        return super().append(batch)


class Halves(MemoryLog):
    """Keeps the first half of a bad batch."""

    def append(self, events: Iterable[Event]) -> int:
        return sum(super(Halves, self).append([event]) for event in events)


class Backwards(MemoryLog):
    """Gives the newest act first."""

    def of_user(self, user: str, limit: int) -> list[Event]:
        return super().of_user(user, limit)[::-1]


class Oldest(MemoryLog):
    """Keeps the oldest acts where the newest are asked for."""

    def of_user(self, user: str, limit: int) -> list[Event]:
        return super().of_user(user, 10**6)[:limit]


class Unforgetting(MemoryLog):
    """Says it forgot."""

    def forget(self, user: str) -> int:
        return len(self.of_user(user, 10**6))


class Markless(MemoryLog):
    """Forgets that it forgot."""

    def erased(self, user: str) -> int | None:
        return None


def _rest(event: Event) -> tuple[str, str, str, int]:
    return event.user, event.item, event.kind, event.at


@pytest.mark.parametrize("kind", [Repeats, Halves, Backwards, Oldest, Unforgetting, Markless])
def test_a_broken_log_turns_a_check_red(kind: type[MemoryLog]) -> None:
    red = []
    for name, check in CHECKS.items():
        try:
            check(kind(clock=lambda: 5_000))
        except AssertionError:
            red.append(name)
    assert red, f"no check noticed that {kind.__name__} {kind.__doc__}"
