"""What every event log must do: one check a promise, public, so that outside logs can prove themselves.

A check gets a function that opens a log, new and empty the first time, the same one when called again.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
from collections.abc import Callable
from typing import TypeAlias

from crossrec.core.event import Event
from crossrec.events.log import EventLog

__all__ = ["CHECKS", "Check", "Opens"]

Opens: TypeAlias = Callable[[], EventLog]
Check: TypeAlias = Callable[[Opens], None]


def _event(number: int, *, user: str = "ann", at: int | None = None) -> Event:
    return Event(f"e{number}", user, f"item {number}", "view", 1_000 + number if at is None else at)


def check_keeps_all_of_an_event(opens: Opens) -> None:
    """What went in comes out, field for field, any text included."""
    event = Event("é1", "ann; DROP TABLE events", "books:42", "rate", 5, "books", 4.5, "r1")
    bare = Event("2", "ann; DROP TABLE events", "片", "view", 6)
    log = opens()
    log.append([event, bare])
    assert log.of_user(event.user, 10) == [event, bare]


def check_same_id_is_the_same_event(opens: Opens) -> None:
    """An id again changes nothing, in one batch or in two, and is not counted."""
    log = opens()
    assert log.append([_event(1), _event(1)]) == 1
    assert log.append([dataclasses.replace(_event(1), item="other"), _event(2)]) == 1
    assert [event.item for event in log.of_user("ann", 10)] == ["item 1", "item 2"]
    assert log.append([]) == 0


def check_order_is_by_time_then_arrival(opens: Opens) -> None:
    """Late arrivals find their place; equal times keep the order of arrival."""
    log = opens()
    log.append([_event(3, at=30), _event(1, at=10), _event(2, at=30)])
    assert [event.id for event in log.of_user("ann", 10)] == ["e1", "e3", "e2"]
    assert [event.id for event in log.replay(0, 100)] == ["e1", "e3", "e2"]


def check_limit_keeps_the_newest(opens: Opens) -> None:
    """A limit cuts the oldest off; 0 is nothing."""
    log = opens()
    log.append([_event(number) for number in range(5)])
    assert [event.id for event in log.of_user("ann", 2)] == ["e3", "e4"]
    assert log.of_user("ann", 0) == []


def check_users_are_apart(opens: Opens) -> None:
    """A user sees their own events only; a stranger has none."""
    log = opens()
    log.append([_event(1), _event(2, user="bob")])
    assert [event.id for event in log.of_user("bob", 10)] == ["e2"]
    assert log.of_user("nobody", 10) == []


def check_replay_takes_start_not_end(opens: Opens) -> None:
    """The start is in, the end is not; longer than a page too."""
    log = opens()
    log.append([_event(number, at=number) for number in range(2_500)])
    assert [event.at for event in log.replay(10, 2_400)] == list(range(10, 2_400))


def check_forget_removes_one_user(opens: Opens) -> None:
    """All events of the user go and are counted; the others' stay; the id may come anew."""
    log = opens()
    log.append([_event(1), _event(2), _event(3, user="bob")])
    assert log.forget("ann") == 2 and log.forget("ann") == 0
    assert log.of_user("ann", 10) == [] and len(log.of_user("bob", 10)) == 1
    assert log.append([_event(1)]) == 1


def check_threads_lose_nothing(opens: Opens) -> None:
    """Several threads append and read at once, and every event is kept once."""
    log = opens()

    def work(thread: int) -> None:
        for number in range(20):
            log.append([_event(thread * 10 + number), _event(1_000 + thread * 100 + number)])
            log.of_user("ann", 5)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [event.id for event in log.of_user("ann", 1_000)]
    assert len(ids) == len(set(ids)) == 50 + 80


def check_signatures_match_the_port(opens: Opens) -> None:
    """Parameters and their names are the port's, so that one log can stand in for another."""
    log = opens()
    for name in ("append", "of_user", "replay", "forget", "close"):
        expected = list(inspect.signature(getattr(EventLog, name)).parameters)[1:]
        assert list(inspect.signature(getattr(log, name)).parameters) == expected, name


def check_closing_twice_is_no_error(opens: Opens) -> None:
    """A log may be closed again."""
    log = opens()
    log.close()
    log.close()


CHECKS: dict[str, Check] = {
    name.removeprefix("check_"): value for name, value in list(globals().items()) if name.startswith("check_")
}
"""Name of the promise -> its check."""
