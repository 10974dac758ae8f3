"""What every event log must do: one check a promise, public, so that outside logs can prove themselves.

Run a check with an open, empty log whose clock stands at 5,000 ms: `check_repeats_are_kept_once(log)`.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

from crossrec.core.errors import InvalidInput
from crossrec.core.event import Event
from crossrec.events.log import LiveLog

__all__ = ["CHECKS", "Check"]

Check: TypeAlias = Callable[[LiveLog], None]


def _event(name: str, at: int = 1_000, user: str = "ann", kind: str = "view", item: str = "tea") -> Event:
    return Event(name, user, item, kind, at)


def _names(events: Iterator[Event] | list[Event]) -> list[str]:
    return [event.id for event in events]


def check_gives_back_what_was_kept(log: LiveLog) -> None:
    """Every field comes back as it was."""
    context = '{"device": "phone", "referrer": "zoë\'s \\"page\\""}'
    full = Event("e1", "zoë 'x'", "books:4%2", "rate", 1_000, "books", 4.5, "r-1", context)
    bare = Event("e2", "zoë 'x'", "tea", "view", 1_001)
    assert log.append([full, bare]) == 2
    assert log.of_user("zoë 'x'", 10) == [full, bare]
    assert list(log.replay(0, 10_000)) == [full, bare]


def check_repeats_are_kept_once(log: LiveLog) -> None:
    """A known id is passed over, also within the batch; the first one stands."""
    first = _event("e1")
    assert log.append([first, _event("e1", at=2_000), _event("e2")]) == 2
    assert log.append([_event("e1", at=3_000)]) == 0
    assert log.of_user("ann", 10)[0] == first and len(log.of_user("ann", 10)) == 2


def check_a_batch_is_whole_or_nothing(log: LiveLog) -> None:
    """One bad event, and nothing of the batch is kept; the message has its place."""
    bad = [
        dataclasses.replace(_event("e2"), **{name: value})  # type: ignore[arg-type]  # wrong on purpose
        for name, value in (("id", ""), ("user", "a\nb"), ("item", "x" * 600), ("kind", "vew"), ("at", 2**70))
    ]
    bad.append(dataclasses.replace(_event("e2"), value=float("nan")))
    bad.append(dataclasses.replace(_event("e2"), user="\ud800"))
    contexts = ("[]", "phone", '{"value": 1}', '{"a": "' + "x" * 3_000 + '"}', '"\ud800"')
    bad += [dataclasses.replace(_event("e2"), context=context) for context in contexts]
    for event in bad:
        try:
            log.append([_event("e1"), event])
        except InvalidInput as error:
            assert "events[1]" in str(error), error
        else:
            raise AssertionError(f"expected InvalidInput for {event}")
        assert log.of_user("ann", 10) == []


def check_an_empty_batch_is_nothing(log: LiveLog) -> None:
    """No events are no error."""
    assert log.append([]) == 0


def check_acts_come_by_time_then_arrival(log: LiveLog) -> None:
    """Oldest first; of one moment, the one that arrived first."""
    log.append([_event("late", 3_000), _event("early", 1_000), _event("b", 2_000), _event("a", 2_000)])
    assert _names(log.of_user("ann", 10)) == ["early", "b", "a", "late"]
    assert _names(log.replay(0, 10_000)) == ["early", "b", "a", "late"]


def check_the_newest_acts_are_kept(log: LiveLog) -> None:
    """A limit leaves out the oldest."""
    log.append([_event(f"e{at}", at) for at in (3_000, 1_000, 2_000)])
    assert _names(log.of_user("ann", 2)) == ["e2000", "e3000"]
    assert log.of_user("ann", 0) == []


def check_persons_are_apart(log: LiveLog) -> None:
    """A person has their own acts only; one unknown has none."""
    log.append([_event("e1"), _event("e2", user="bob"), _event("e3", user="Ann")])
    assert _names(log.of_user("ann", 10)) == ["e1"]
    assert log.of_user("an", 10) == []


def check_shown_is_no_act(log: LiveLog) -> None:
    """What was shown is replayed, but is none of the person's acts."""
    log.append([_event("e1"), _event("e2", 2_000, kind="shown")])
    assert _names(log.of_user("ann", 1)) == ["e1"]
    assert _names(log.replay(0, 10_000)) == ["e1", "e2"]


def check_replay_takes_the_start_and_leaves_the_end(log: LiveLog) -> None:
    """Start <= at < end, over more events than one page."""
    log.append([_event(f"e{at}", at) for at in range(2_500)])
    assert [event.at for event in log.replay(10, 2_400)] == list(range(10, 2_400))
    assert list(log.replay(10, 10)) == []


def check_forgetting_leaves_others(log: LiveLog) -> None:
    """A forgotten person has no events, the others keep theirs; the count is right, and then zero."""
    log.append([_event("e1"), _event("e2", kind="shown"), _event("e3", user="bob")])
    assert log.forget("ann") == 2
    assert log.forget("ann") == 0
    assert log.of_user("ann", 10) == []
    assert _names(log.replay(0, 10_000)) == ["e3"]


def check_the_forgotten_start_anew(log: LiveLog) -> None:
    """Later acts count; acts from before the erasure, sent late or again, do not."""
    log.append([_event("e1")])
    assert log.erased("ann") is None
    log.forget("ann")
    assert log.erased("ann") == 5_000 and log.erased("bob") is None
    assert log.append([_event("e1"), _event("late", 4_999), _event("new", 5_001), _event("bob", 1, user="bob")]) == 2
    assert _names(log.of_user("ann", 10)) == ["new"]


def check_threads_may_share_it(log: LiveLog) -> None:
    """Many threads append overlapping batches and read; each event is kept once and counted once."""
    counts: list[int] = []
    batches = [
        [_event(f"e{number}", 1_000 + number) for number in range(start, start + 20)] for start in range(0, 80, 10)
    ]

    def work(batch: list[Event]) -> None:
        counts.append(log.append(batch))
        log.of_user("ann", 5)

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 90 == len(log.of_user("ann", 1_000))


def check_closing_twice_is_closing(log: LiveLog) -> None:
    """A second close does nothing."""
    log.close()
    log.close()


def check_is_read_on_in_order_of_arrival(log: LiveLog) -> None:
    """Each event comes once, in order of arrival, whatever its time; cursors grow and every kind is given."""
    log.append([_event("e1", at=3_000), _event("e2", at=1_000, kind="shown"), _event("e3", at=2_000)])
    first = log.since(0, 2)
    rest = log.since(first[-1][0], 10)
    assert _names([event for _, event in [*first, *rest]]) == ["e1", "e2", "e3"]
    cursors = [cursor for cursor, _ in [*first, *rest]]
    assert cursors == sorted(set(cursors)) and cursors[0] > 0
    assert log.append([_event("e2"), _event("e4", at=500)]) == 1
    assert _names([event for _, event in log.since(cursors[-1], 10)]) == ["e4"]


def check_a_cursor_is_never_used_again(log: LiveLog) -> None:
    """What arrives after an erasure lies behind all cursors given out before."""
    log.append([_event("e1"), _event("e2")])
    last = log.since(0, 10)[-1][0]
    log.forget("ann")
    assert log.since(0, 10) == []
    log.append([_event("e3", at=6_000)])
    assert _names([event for _, event in log.since(last, 10)]) == ["e3"]


def check_what_was_erased_stays_so_where_a_clock_is_ahead(log: LiveLog) -> None:
    """An act dated after its erasure does not come back with the batch that is sent again; a later one does."""
    ahead = _event("e1", at=9_000)
    log.append([ahead])
    log.forget("ann")
    assert log.append([ahead]) == 0
    assert log.append([_event("e2", at=9_001)]) == 1


def check_tells_who_was_forgotten_since(log: LiveLog) -> None:
    """The keys and moments of those forgotten at a moment or later, and of no one else."""
    log.append([_event("e1"), _event("e2", user="bob")])
    log.forget("ann")
    assert log.forgotten(5_000) == log.forgotten(0) == {log.person("ann"): 5_000}
    assert log.forgotten(5_001) == {} and log.person("bob") != log.person("ann") == log.person("ann")


CHECKS: dict[str, Check] = {
    name.removeprefix("check_"): value for name, value in list(globals().items()) if name.startswith("check_")
}
"""Name of the promise -> its check."""
