"""The port EventLog, the ability to know erasures, and `open_log`, which picks a log by URL."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, cast, runtime_checkable

from crossrec.core.clock import now
from crossrec.core.errors import InvalidInput, unknown_name
from crossrec.core.event import MAX_CONTEXT_BYTES, NO_TIME, Event, check_id, check_kind
from crossrec.core.shelf import Shelf

__all__ = [
    "LOGS",
    "EventLog",
    "KnowsErasures",
    "LiveLog",
    "Tails",
    "check_events",
    "new_secret",
    "open_log",
    "person_digest",
    "person_key",
]

_END_OF_TIME = 2**63 - 1


@runtime_checkable
class EventLog(Protocol):
    """Keeps events; every sentence below is a promise with a check in `events/contract.py`.

    Threads may share one log. Times are milliseconds UTC.
    """

    def append(self, events: Iterable[Event]) -> int:
        """Keep events and return how many were new.

        An event whose id is known already is passed over, also within the batch: the first one stands.
        A batch is kept whole or not at all. What is kept when this returns outlives the process, where
        the log has a file. Acts from before a person's erasure are passed over.

        Raises:
            InvalidInput: An event breaks a rule; the message has its place in the batch.
            Unavailable: The storage does not answer.
        """
        ...

    def of_user(self, user: str, limit: int) -> list[Event]:
        """Return the newest `limit` acts of a person, oldest first, by time of the act, then arrival.

        Events of kind `shown` are left out: they tell what the server did. A person unknown has none.
        """
        ...

    def replay(self, start: int, end: int) -> Iterator[Event]:
        """Give every event with start <= at < end, by time of the act, then arrival."""
        ...

    def forget(self, user: str) -> int:
        """Remove every event of a person and return how many there were.

        It is physically gone when this returns. What the person does later starts anew.
        """
        ...

    def close(self) -> None:
        """Free the storage; a second time does nothing."""
        ...


@runtime_checkable
class KnowsErasures(Protocol):
    """Remembers that someone was erased without keeping who, so that older copies stay hidden."""

    def erased(self, user: str) -> int | None:
        """Return when a person was last forgotten, milliseconds UTC, or None."""
        ...


@runtime_checkable
class Tails(Protocol):
    """Can be read on from where a reader stopped: what arrived, and who was forgotten, since."""

    identity: str
    """Drawn when the log was made, so that a cursor of one log is never used on another."""

    def since(self, cursor: int, limit: int) -> list[tuple[int, Event]]:
        """Give at most `limit` events in order of arrival, each with its cursor, that arrived after a cursor.

        Cursors are > 0, grow with arrival and are never used again; 0 stands before the first. Every kind is given.
        """
        ...

    def forgotten(self, moment: int) -> dict[str, int]:
        """Return `person` -> when, milliseconds UTC, of the persons forgotten at a moment or later."""
        ...

    def person(self, user: str) -> str:
        """Return the key under which this log remembers the erasure of a person; another log has another."""
        ...


class LiveLog(EventLog, KnowsErasures, Tails, Protocol):
    """What the server and its readers need: a log that knows erasures and can be read on."""


LOGS: Shelf[LiveLog] = Shelf("event log", "crossrec.events.logs")


def open_log(url: str, clock: Callable[[], int] = now) -> LiveLog:
    """Open an event log by the scheme of its URL: `sqlite:///events.db`, `memory://`.

    Args:
        url: Scheme, `://` and the place; three slashes before a path, four where it is absolute.
        clock: Gives the moment, milliseconds UTC.

    Raises:
        InvalidInput: It is no URL, or has no place where one is needed.
        NotFound: No log has this scheme; the message has the nearest.
        Unavailable: The storage does not answer.
    """
    scheme, separator, place = url.partition("://")
    if not separator:
        raise InvalidInput(f"event log: expected a URL like sqlite:///events.db or memory://, got '{url}'")
    if scheme not in LOGS.paths():
        raise unknown_name("event log", scheme, LOGS.paths())
    kind = cast("Callable[[str, Callable[[], int]], LiveLog]", LOGS.load(scheme))
    return kind(place, clock)


def new_secret() -> str:
    """Make the secret of a log, 64 hexadecimal digits; it lies in the log and nowhere else."""
    return secrets.token_hex(32)


def person_digest(user: str) -> str:
    """Return the digest of a person's id; who has it can try ids out, so it is kept under a key only."""
    return hashlib.sha256(b"crossrec erased\0" + user.encode("utf-8")).hexdigest()


def person_key(digest: str, secret: str) -> str:
    """Return the key under which an erasure is remembered; without the log's secret it does not say who it was.

    Args:
        digest: The person's, see `person_digest`; also what logs of schema 1 remembered.
        secret: The log's, see `new_secret`.
    """
    return hmac.new(bytes.fromhex(secret), digest.encode("ascii"), hashlib.sha256).hexdigest()


def check_events(events: Iterable[Event]) -> list[Event]:
    """Return a batch as a list, or refuse it whole.

    Raises:
        InvalidInput: An id, kind, time or value breaks a rule; the message has the place in the batch.
    """
    batch = list(events)
    for place, event in enumerate(batch):
        try:
            _check(event)
        except InvalidInput as error:
            raise InvalidInput(f"events[{place}]: {error}") from error
    return batch


def _check(event: Event) -> None:
    for name, value in (("id", event.id), ("user", event.user), ("item", event.item)):
        check_id(name, value)
    for name, text in (("domain", event.domain), ("recommendation_id", event.recommendation_id)):
        if text:
            check_id(name, text)
    for value in (event.id, event.user, event.item, event.domain, event.recommendation_id or ""):
        if not _is_text(value):
            raise InvalidInput(f"expected text that UTF-8 can write, got {value[:40]!r}")
    check_kind(event.kind)
    _check_context(event.context)
    if not NO_TIME < event.at <= _END_OF_TIME:
        raise InvalidInput(f"at: expected milliseconds within 64 bits, got {event.at}")
    if event.value is not None and not abs(event.value) <= 3.0e38:
        raise InvalidInput(f"value: expected a finite number, got {event.value}")


def _check_context(text: str | None) -> None:
    """Refuse a context that is no small JSON object, or has a name that the event itself goes by."""
    if text is None:
        return
    if not _is_text(text) or len(text.encode("utf-8")) > MAX_CONTEXT_BYTES:
        raise InvalidInput(f"context: expected at most {MAX_CONTEXT_BYTES} bytes of UTF-8, got more, or no UTF-8")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(f"context: expected a JSON object, got {text[:40]!r}")
    if taken := {"recommendation_id", "value"} & set(found):
        raise InvalidInput(f"context: '{min(taken)}' is a field of the event itself; send it there")


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
