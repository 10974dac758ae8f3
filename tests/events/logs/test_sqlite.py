"""The SQLite log: what only a file can break."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossrec.core.errors import CorruptBundle, Unavailable
from crossrec.core.event import Event
from crossrec.events.logs.memory import MemoryLog
from crossrec.events.logs.sqlite import SqliteLog


def _open(folder: Path) -> SqliteLog:
    return SqliteLog(f"/{folder / 'events.db'}", clock=lambda: 5_000)


def _event(number: int, user: str) -> Event:
    return Event(f"{user}/{number}", user, f"item {number}", "view", number)


def test_events_and_erasures_outlive_the_process(tmp_path: Path) -> None:
    log = _open(tmp_path)
    log.append([_event(1, "ann"), _event(2, "bob")])
    log.forget("bob")
    log.close()
    again = _open(tmp_path)
    assert again.of_user("ann", 5) == [_event(1, "ann")] and again.of_user("bob", 5) == []
    assert again.erased("bob") == 5_000
    again.close()


def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    log = _open(tmp_path)
    settings = {name: log._base.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert settings == {"journal_mode": "wal", "synchronous": 2}
    log.close()


def test_the_forgotten_are_in_no_byte_of_the_files(tmp_path: Path) -> None:
    log = _open(tmp_path)
    users = [f"person-{number:03d}" for number in range(40)]
    events = [_event(number, user) for user in users for number in range(50)]
    random.Random(1).shuffle(events)  # noqa: S311 - an order, not a secret
    for start in range(0, len(events), 100):
        log.append(events[start : start + 100])
    gone = users[::3]
    for user in gone:
        assert log.forget(user) == 50
        raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert user.encode() not in raw
    assert all(len(log.of_user(user, 99)) == 50 for user in users if user not in gone)
    log.close()
    assert sqlite3.connect(tmp_path / "events.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    _open(tmp_path).close()
    with sqlite3.connect(tmp_path / "events.db") as base:
        base.execute("UPDATE meta SET value = '99'")
    base.close()
    with pytest.raises(CorruptBundle, match="schema 99"):
        _open(tmp_path)


def test_a_file_of_the_second_schema_gets_room_for_contexts_and_keeps_all_else(tmp_path: Path) -> None:
    log = _open(tmp_path)
    log.append([_event(1, "ann"), _event(2, "bob")])
    log.forget("bob")
    identity, kept = log.identity, log.of_user("ann", 9)
    log.close()
    with sqlite3.connect(tmp_path / "events.db") as base:
        base.execute("ALTER TABLE events DROP COLUMN context")
        base.execute("UPDATE meta SET value = '2' WHERE name = 'schema'")
    base.close()
    again = _open(tmp_path)
    assert (again.identity, again.of_user("ann", 9), again.erased("bob")) == (identity, kept, 5_000)
    told = dataclasses.replace(_event(6_000, "ann"), context='{"device": "phone"}')
    assert again.append([told]) == 1 and again.of_user("ann", 1) == [told]
    again.close()


def _as_schema_1(folder: Path, erased: dict[str, int]) -> None:
    """Turn a file into what the first version wrote: digests that anyone can make from an id."""
    base = sqlite3.connect(folder / "events.db")
    base.execute("DELETE FROM meta")
    base.execute("INSERT INTO meta VALUES ('schema', '1')")
    base.execute("DELETE FROM erased")
    base.executemany("INSERT INTO erased VALUES (?, ?)", [(_plain_digest(user), at) for user, at in erased.items()])
    base.commit()
    base.close()


def _plain_digest(user: str) -> str:
    return hashlib.sha256(b"crossrec erased\0" + user.encode()).hexdigest()


def test_no_byte_of_the_files_lets_an_id_be_tried_out_by_its_digest(tmp_path: Path) -> None:
    log = _open(tmp_path)
    log.append([_event(1, "1004")])
    log.forget("1004")
    log.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert _plain_digest("1004").encode() not in raw


def test_erasures_of_the_first_schema_stay_known_under_a_key(tmp_path: Path) -> None:
    _open(tmp_path).close()
    _as_schema_1(tmp_path, {"ann": 4_000, "1004": 4_500})
    log = _open(tmp_path)
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(_plain_digest(user).encode() in raw for user in ("ann", "1004"))
    assert (log.erased("ann"), log.erased("1004"), log.erased("bob")) == (4_000, 4_500, None)
    assert log.append([_event(4_000, "ann"), _event(4_001, "ann")]) == 1
    assert log.forgotten(4_100) == {log.person("1004"): 4_500}
    assert log.forget("ann") == 1 and len(log.forgotten(0)) == 2, "under the same key again"
    log.close()
    again = _open(tmp_path)
    assert again.erased("ann") == 5_000 and again.erased("1004") == 4_500, "upgraded once"
    again.close()


def test_a_file_without_its_secret_is_damaged(tmp_path: Path) -> None:
    _open(tmp_path).close()
    with sqlite3.connect(tmp_path / "events.db") as base:
        base.execute("DELETE FROM meta WHERE name = 'secret'")
    base.close()
    with pytest.raises(CorruptBundle, match="secret"):
        _open(tmp_path)


def test_what_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"this is no database, not at all" * 100)
    with pytest.raises(Unavailable, match=r"events\.db"):
        _open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable):
        SqliteLog(f"/{tmp_path / 'file' / 'events.db'}")


def test_a_locked_file_is_unavailable_and_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossrec.events.logs.sqlite._BUSY_SECONDS", 0.05)
    log = _open(tmp_path)
    other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        log.append([_event(1, "ann")])
    other.execute("ROLLBACK")
    other.close()
    assert log.of_user("ann", 5) == [] and log.append([_event(1, "ann")]) == 1
    log.close()


def test_a_reader_that_keeps_erased_rows_in_the_wal_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossrec.events.logs.sqlite._BUSY_SECONDS", 0.05)
    log = _open(tmp_path)
    log.append([_event(1, "ann")])
    other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM events").fetchall()
    with pytest.raises(Unavailable, match="try again"):
        log.forget("ann")
    other.close()
    assert log.forget("ann") == 0 and log.of_user("ann", 5) == []
    log.close()


def test_a_closed_log_is_unavailable(tmp_path: Path) -> None:
    log = _open(tmp_path)
    log.close()
    with pytest.raises(Unavailable, match="closed"):
        log.append([_event(1, "ann")])


def _step(log: SqliteLog | MemoryLog, what: str, one: Event, at: int) -> object:
    if what == "append":
        return log.append([one])
    return log.forget(one.user) if what == "forget" else list(log.replay(at, 5_005))


STEP = st.tuples(
    st.sampled_from(["append", "forget", "replay"]),
    st.integers(0, 9),
    st.sampled_from(["ann", "bob"]),
    st.integers(4_990, 5_010),
)


@settings(max_examples=30)
@given(steps=st.lists(STEP, max_size=30))
def test_it_does_what_the_log_in_memory_does(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str, int]]
) -> None:
    file, memory = _open(tmp_path_factory.mktemp("log")), MemoryLog(clock=lambda: 5_000)
    for what, number, user, at in steps:
        one = Event(f"e{number}", user, "tea", "view", at)
        assert _step(file, what, one, at) == _step(memory, what, one, at)
        assert file.of_user(user, 3) == memory.of_user(user, 3)
    file.close()
