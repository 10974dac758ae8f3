"""Every event log on the shelf × every promise of events/contract.py; and the suite, broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from crossrec.core.event import Event
from crossrec.events.contract import CHECKS
from crossrec.events.log import LOGS, EventLog, open_log
from crossrec.events.logs.memory import MemoryLog

URLS = {"memory": lambda folder: "memory://", "sqlite": lambda folder: f"sqlite:///{folder / 'events.db'}"}


@pytest.fixture(params=LOGS.paths())
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], EventLog]]:
    made: list[EventLog] = []

    def opening() -> EventLog:
        made.append(open_log(URLS[request.param](tmp_path)))
        return made[-1]

    yield opening
    for log in made:
        log.close()


@pytest.mark.parametrize("check", CHECKS)
def test_log_keeps_its_promise(check: str, opens: Callable[[], EventLog]) -> None:
    CHECKS[check](opens)


class KeepsRepeats(MemoryLog):
    def append(self, events: Sequence[Event]) -> int:
        for event in events:
            self._events[f"{event.id} {len(self._events)}"] = event
        return len(events)


class OrdersByArrival(MemoryLog):
    def of_user(self, user: str, limit: int) -> list[Event]:
        return [event for event in self._all() if event.user == user][-limit:]


class KeepsTheOldest(MemoryLog):
    def of_user(self, user: str, limit: int) -> list[Event]:
        return super().of_user(user, 10**6)[:limit]


class ForgetsNothing(MemoryLog):
    def forget(self, user: str) -> int:
        return len(self.of_user(user, 10**6))


class EndIsIn(MemoryLog):
    def replay(self, start: int, end: int) -> Iterator[Event]:
        return super().replay(start, end + 1)


BROKEN = {
    KeepsRepeats: "same_id_is_the_same_event",
    OrdersByArrival: "order_is_by_time_then_arrival",
    KeepsTheOldest: "limit_keeps_the_newest",
    ForgetsNothing: "forget_removes_one_user",
    EndIsIn: "replay_takes_start_not_end",
}


@pytest.mark.parametrize(("kind", "check"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", value))
def test_a_broken_log_turns_its_check_red(kind: type[MemoryLog], check: str) -> None:
    CHECKS[check](MemoryLog)
    with pytest.raises(AssertionError):
        CHECKS[check](kind)
