"""SQLite: events in one file that survives a killed process; the default."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crossrec.core.clock import now
from crossrec.core.errors import CorruptBundle, InvalidInput, Unavailable
from crossrec.core.event import Event
from crossrec.events.log import check_events, new_secret, person_digest, person_key

__all__ = ["SqliteLog"]

SCHEMA = 3
"""1 remembered erasures by a plain digest of the id; 2 keys the digest with a secret in `meta`; 3 keeps contexts."""
_KEYED = 2
_BUSY_SECONDS = 10.0
_PAGE = 1_000
_COLUMNS = 'id, "user", item, kind, "at", domain, value, recommendation_id, context'
_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    (
        "CREATE TABLE IF NOT EXISTS events (arrival INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
        ' "user" TEXT NOT NULL, item TEXT NOT NULL, kind TEXT NOT NULL, "at" INTEGER NOT NULL, domain TEXT NOT NULL,'
        " value REAL, recommendation_id TEXT, context TEXT)"
    ),
    'CREATE INDEX IF NOT EXISTS by_person ON events ("user", "at", arrival)',
    'CREATE INDEX IF NOT EXISTS by_time ON events ("at", arrival)',
    'CREATE TABLE IF NOT EXISTS erased (person TEXT PRIMARY KEY, "at" INTEGER NOT NULL)',
)


class SqliteLog:
    """An event log in one SQLite file in WAL mode; see `EventLog`.

    One connection serves all threads in turn: a look-up takes some ten microseconds, and writers would wait
    for each other in any case. Every commit reaches the disk (`synchronous=FULL`).

    Args:
        place: `/` and the path, as a URL has it: `/events.db` lies here, `//tmp/events.db` in `/tmp`.
        clock: Gives the moment, milliseconds UTC.

    Raises:
        InvalidInput: The URL has no path.
        Unavailable: The file cannot be opened, or is no database.
        CorruptBundle: A newer version wrote it.
    """

    def __init__(self, place: str, clock: Callable[[], int] = now) -> None:
        if not place.startswith("/") or place == "/":
            raise InvalidInput(f"event log: expected sqlite:///path, got 'sqlite://{place}'")
        self.path = Path(place[1:])
        self._clock = clock
        self._lock = threading.RLock()
        self._closed = False
        with self._spoken():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    def append(self, events: Iterable[Event]) -> int:
        """Keep the new events of a batch in one transaction."""
        batch = check_events(events)
        statement = f"INSERT OR IGNORE INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
        with self._writing() as base:
            marks = self._marks({event.user for event in batch})
            before = base.total_changes
            base.executemany(
                statement, [_row(event) for event in batch if event.at > marks.get(event.user, event.at - 1)]
            )
            return base.total_changes - before

    def of_user(self, user: str, limit: int) -> list[Event]:
        """Return a person's newest acts, oldest first."""
        query = (
            f"SELECT {_COLUMNS} FROM events WHERE \"user\" = ? AND kind != 'shown' "  # noqa: S608 - constants
            'ORDER BY "at" DESC, arrival DESC LIMIT ?'
        )
        with self._spoken() as base:
            rows = base.execute(query, (user, max(0, limit))).fetchall()
        return [Event(*row) for row in reversed(rows)]

    def replay(self, start: int, end: int) -> Iterator[Event]:
        """Give the events of a span of time, a page at a time, so that writers are not held up."""
        query = (
            f'SELECT "at", arrival, {_COLUMNS} FROM events WHERE ("at", arrival) > (?, ?) AND "at" < ? '  # noqa: S608
            'ORDER BY "at", arrival LIMIT ?'
        )
        last = (start, -1)
        while True:
            with self._spoken() as base:
                rows = base.execute(query, (*last, end, _PAGE)).fetchall()
            yield from (Event(*row[2:]) for row in rows)
            if len(rows) < _PAGE:
                return
            last = (rows[-1][0], rows[-1][1])

    def forget(self, user: str) -> int:
        """Remove a person's events from the file and its WAL, and remember when."""
        with self._writing() as base:
            last = base.execute('SELECT MAX("at") FROM events WHERE "user" = ?', (user,)).fetchone()[0]
            removed = base.execute('DELETE FROM events WHERE "user" = ?', (user,)).rowcount
            moment = max(self._clock(), last or 0)  # a client's clock may be ahead
            base.execute("INSERT OR REPLACE INTO erased VALUES (?, ?)", (self.person(user), moment))
        with self._spoken() as base:
            busy = base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise Unavailable(f"{self.path}: another process reads it, so the WAL still holds erased rows; try again")
        return int(removed)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._closed = True
            self._base.close()

    def erased(self, user: str) -> int | None:
        """Return when a person was forgotten."""
        with self._spoken():
            return self._marks({user}).get(user)

    def since(self, cursor: int, limit: int) -> list[tuple[int, Event]]:
        """Give what arrived after a cursor; arrivals are numbered by AUTOINCREMENT, so none comes twice."""
        query = f"SELECT arrival, {_COLUMNS} FROM events WHERE arrival > ? ORDER BY arrival LIMIT ?"  # noqa: S608 - constants
        with self._spoken() as base:
            rows = base.execute(query, (cursor, max(0, limit))).fetchall()
        return [(row[0], Event(*row[1:])) for row in rows]

    def forgotten(self, moment: int) -> dict[str, int]:
        """Return who was forgotten since a moment."""
        with self._spoken() as base:
            return dict(base.execute('SELECT person, "at" FROM erased WHERE "at" >= ?', (moment,)).fetchall())

    def person(self, user: str) -> str:
        """Return the key of a person's erasure, made with the secret of this file."""
        return person_key(person_digest(user), self._secret)

    def _prepare(self) -> None:
        """Set the pragmas, make the tables, and read the schema's version."""
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
            self._base.execute(f"PRAGMA {pragma}").fetchall()
        with self._writing() as base:
            for table in _TABLES:
                base.execute(table)
            told = dict(base.execute("SELECT name, value FROM meta").fetchall())
            found = int(told.get("schema", 0))
            if found > SCHEMA:
                raise CorruptBundle(
                    f"{self.path}: has schema {found}, this version reads up to {SCHEMA}; update crossrec"
                )
            if "context" not in {row[1] for row in base.execute("PRAGMA table_info(events)")}:
                base.execute("ALTER TABLE events ADD COLUMN context TEXT")
            if found < _KEYED:
                self._secret = new_secret()
                _give_keys(base, self._secret)
            elif not (secret := told.get("secret")):
                raise CorruptBundle(f"{self.path}: has lost its secret, so nobody erased can be told; restore a backup")
            else:
                self._secret = secret
            base.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
            base.execute("INSERT OR IGNORE INTO meta VALUES ('identity', ?)", (secrets.token_hex(8),))
            self.identity = str(base.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()[0])
        if found < _KEYED:
            self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # what was overwritten leaves the WAL too

    def _marks(self, users: set[str]) -> dict[str, int]:
        """Return person -> moment of erasure of those who were erased."""
        found = {}
        for user in users:
            row = self._base.execute('SELECT "at" FROM erased WHERE person = ?', (self.person(user),)).fetchone()
            if row:
                found[user] = int(row[0])
        return found

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock and a transaction; all is kept, or nothing."""
        with self._spoken() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
                base.execute("COMMIT")
            except BaseException:
                if base.in_transaction:
                    base.execute("ROLLBACK")
                raise

    @contextmanager
    def _spoken(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock, and say what SQLite or the disk says in our own words."""
        with self._lock:
            if self._closed:
                raise Unavailable(f"{self.path}: the event log is closed")
            try:
                yield getattr(self, "_base", None)  # type: ignore[misc]  # None only while it is being opened
            except (sqlite3.Error, OSError) as error:
                if isinstance(error, Unavailable):
                    raise
                raise Unavailable(f"{self.path}: the event log does not answer ({error})") from error


def _give_keys(base: sqlite3.Connection, secret: str) -> None:
    """Make a file's secret, and put the plain digests of schema 1 under it; a new file has none."""
    plain = base.execute('SELECT person, "at" FROM erased').fetchall()
    base.execute("DELETE FROM erased")
    base.executemany("INSERT INTO erased VALUES (?, ?)", [(person_key(digest, secret), at) for digest, at in plain])
    base.execute("INSERT OR REPLACE INTO meta VALUES ('secret', ?)", (secret,))


def _row(event: Event) -> tuple[str | float | None, ...]:
    return (
        event.id,
        event.user,
        event.item,
        event.kind,
        event.at,
        event.domain,
        event.value,
        event.recommendation_id,
        event.context,
    )
