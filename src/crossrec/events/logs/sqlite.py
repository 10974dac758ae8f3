"""An event log in one SQLite file: the default, for one server process."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from crossrec.core.errors import CorruptBundle, InvalidInput, Unavailable
from crossrec.core.event import Event

__all__ = ["SqliteLog"]

_SCHEMA = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    arrival INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL,
    item TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    domain TEXT NOT NULL,
    value REAL,
    recommendation_id TEXT
);
CREATE INDEX IF NOT EXISTS events_by_user ON events (user, at, arrival);
CREATE INDEX IF NOT EXISTS events_by_time ON events (at, arrival);
"""
_FIELDS = "id, user, item, kind, at, domain, value, recommendation_id"
_INSERT = f"INSERT OR IGNORE INTO events ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants only
_OF_USER = f"SELECT {_FIELDS} FROM events WHERE user = ? ORDER BY at DESC, arrival DESC LIMIT ?"  # noqa: S608 - as above
_REPLAY = f"SELECT {_FIELDS} FROM events WHERE at >= ? AND at < ? ORDER BY at, arrival LIMIT ? OFFSET ?"  # noqa: S608
_PAGE = 1_000


class SqliteLog:
    """Keeps events in a file with a write-ahead log; a batch is on disk before `append` returns.

    Args:
        location: What stands behind `sqlite://`: `/events.db` is in this folder, `//var/events.db` is not.

    Raises:
        Unavailable: The file cannot be opened or is another program's.
    """

    def __init__(self, location: str) -> None:
        if len(location) < 2 or not location.startswith("/"):
            raise InvalidInput(
                f"sqlite: expected sqlite:///file.db or sqlite:////folder/file.db, got 'sqlite://{location}'"
            )
        self.path = Path(location[1:])
        self._lock = threading.Lock()
        with self._errors():
            self._database = sqlite3.connect(self.path, timeout=10, check_same_thread=False, isolation_level=None)
            self._prepare()

    def append(self, events: Sequence[Event]) -> int:
        """Keep a batch in one transaction; see `EventLog`."""
        rows = [
            (event.id, event.user, event.item, event.kind, event.at, event.domain, event.value, event.recommendation_id)
            for event in events
        ]
        with self._lock, self._errors():
            before = self._database.total_changes
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(_INSERT, rows)
                self._database.execute("COMMIT")
            except sqlite3.Error:
                self._database.execute("ROLLBACK")
                raise
            return self._database.total_changes - before

    def of_user(self, user: str, limit: int) -> list[Event]:
        """Return the newest events of a user; see `EventLog`."""
        with self._lock, self._errors():
            rows = self._database.execute(_OF_USER, (user, max(limit, 0))).fetchall()
        return [Event(*row) for row in reversed(rows)]

    def replay(self, start: int, end: int) -> Iterator[Event]:
        """Yield the events of a time, page by page; see `EventLog`."""
        offset = 0
        while True:
            with self._lock, self._errors():
                rows = self._database.execute(_REPLAY, (start, end, _PAGE, offset)).fetchall()
            yield from (Event(*row) for row in rows)
            if len(rows) < _PAGE:
                return
            offset += _PAGE

    def forget(self, user: str) -> int:
        """Remove a user's events and overwrite their bytes, also in the write-ahead log; see `EventLog`."""
        with self._lock, self._errors():
            gone = self._database.execute("DELETE FROM events WHERE user = ?", (user,)).rowcount
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return gone

    def close(self) -> None:
        """Close the file; see `EventLog`."""
        with self._lock:
            self._database.close()

    def _prepare(self) -> None:
        """Set the file up, or refuse one that a newer version wrote."""
        found = self._database.execute("PRAGMA user_version").fetchone()[0]
        if found > _SCHEMA:
            raise CorruptBundle(f"{self.path}: has schema {found}, this version reads up to {_SCHEMA}; update crossrec")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")  # an answer of 202 survives a power cut
        self._database.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
        self._database.executescript(_TABLES)
        self._database.execute(f"PRAGMA user_version = {_SCHEMA}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Unavailable(f"event log {self.path}: {error}") from error
