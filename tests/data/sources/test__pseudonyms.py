from __future__ import annotations

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput
from crossrec.data.sources._pseudonyms import SALT_VARIABLE, Pseudonyms

NAMES = pl.DataFrame({"name": ["ann", "bob", None, "ann", "Ann", "é"]})


def ids(names: Pseudonyms) -> list[str | None]:
    return NAMES.lazy().select(names.of(pl.col("name"))).collect(engine="streaming")["name"].to_list()


def test_the_same_salt_gives_the_same_ids_and_another_gives_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SALT_VARIABLE, "a secret of sixteen or more")
    one, same = Pseudonyms.from_environment(), Pseudonyms.from_environment()
    monkeypatch.setenv(SALT_VARIABLE, "another secret of sixteen or more")
    other = Pseudonyms.from_environment()
    found = ids(one)
    assert found == ids(same)
    assert found[0] == found[3]
    assert found[2] is None
    assert len({*found, *ids(other)}) == 9  # four names under each salt, and null
    assert (one.fingerprint == same.fingerprint, one.fingerprint == other.fingerprint) == (True, False)
    assert one.notes == ()
    assert "secret" not in repr(one)


def test_without_a_salt_one_is_drawn_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SALT_VARIABLE, raising=False)
    one, other = Pseudonyms.from_environment(), Pseudonyms.from_environment()
    assert not set(ids(one)) & set(ids(other)) - {None}
    assert one.fingerprint != other.fingerprint
    assert "CROSSREC_SALT is not set" in one.notes[0]


def test_a_short_salt_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SALT_VARIABLE, "hunter2")
    with pytest.raises(InvalidInput, match="CROSSREC_SALT: expected at least 16 characters, got 7") as raised:
        Pseudonyms.from_environment()
    assert "hunter2" not in str(raised.value)
