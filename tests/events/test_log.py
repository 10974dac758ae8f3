"""Opening a log by URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.events.log import new_secret, open_log, person_digest, person_key


def test_the_scheme_picks_the_log(tmp_path: Path) -> None:
    assert type(open_log("memory://")).__name__ == "MemoryLog"
    log = open_log(f"sqlite:///{tmp_path}/deep/events.db")
    log.close()
    assert (tmp_path / "deep" / "events.db").exists()


def test_a_wrong_url_is_named() -> None:
    with pytest.raises(NotFound, match="did you mean 'sqlite'"):
        open_log("sqlit:///x.db")
    for url in ("events.db", "sqlite://", "sqlite:///", "sqlite://host/x"):
        with pytest.raises((InvalidInput, NotFound), match="expected"):
            open_log(url)


def test_a_mark_does_not_say_who_without_the_secret_of_its_log() -> None:
    ours, others = new_secret(), new_secret()
    digests = {user: person_digest(user) for user in ("ann", "bob")}
    assert person_key(digests["ann"], ours) == person_key(digests["ann"], ours)
    assert len({person_key(digest, secret) for digest in digests.values() for secret in (ours, others)}) == 4
    assert digests["ann"] not in person_key(digests["ann"], ours)
