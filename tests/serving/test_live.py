"""DELETE /v1/users/{id}: gone from answers, memory and every byte on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from calls import Serve, event, ids

from crossrec.core.clock import now
from crossrec.models import storage

WHO = "u004"


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _users(folder: Path) -> list[str]:
    """Parquet is compressed, so that a search for bytes alone would prove nothing."""
    (place,) = (folder / "ease").glob("histories*")
    return pl.read_parquet(place / "users.parquet")["user"].to_list()


def test_a_person_is_erased_for_good(serve: Serve, tmp_path: Path) -> None:
    client = serve()
    own, others = "person-to-erase-77", "u005"
    batch = [event(f"{own}/{number}", own, f"i{number % 24:03d}") for number in range(300)]
    client.post("/v1/events", json={"events": batch})
    client.post("/v1/events", json={"events": [event(number, f"other {number}", "i001") for number in range(300)]})
    assert own.encode() in _bytes(tmp_path)
    before = ids(client, user=others)
    receipt = client.delete(f"/v1/users/{own}").json()
    assert receipt["user_id"] == own and receipt["erased"] == {"events": 300, "history_acts": 0}
    assert abs(receipt["at"] - now()) < 60_000
    assert own.encode() not in _bytes(tmp_path)
    assert ids(client, user=others) == before
    assert client.delete(f"/v1/users/{own}").json()["erased"] == {"events": 0, "history_acts": 0}


def test_the_history_of_the_bundle_goes_too(serve: Serve, tmp_path: Path) -> None:
    client = serve()
    assert WHO in _users(tmp_path)
    client.post("/v1/events", json={"events": [event(1, WHO, "i003")]})
    receipt = client.delete(f"/v1/users/{WHO}").json()
    assert receipt["erased"] == {"events": 1, "history_acts": 11}
    assert WHO not in _users(tmp_path) and len(_users(tmp_path)) == 23
    assert [path.name for path in (tmp_path / "ease").glob(".*")] == [], "no draft is left"
    assert WHO.encode() not in _bytes(tmp_path)
    stranger = ids(client, user="nobody")
    assert ids(client, user=WHO) == stranger
    assert ids(serve(), user=WHO) == stranger, "after a restart"


def test_an_erasure_that_fails_is_done_when_asked_again(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    client = serve()
    with monkeypatch.context() as patched:
        patched.setattr(storage, "_flush", full)
        answer = client.delete(f"/v1/users/{WHO}")
    assert answer.status_code == 503 and "No space left" in answer.json()["error"]["message"]
    assert WHO in _users(tmp_path)
    assert client.delete(f"/v1/users/{WHO}").json()["erased"]["history_acts"] == 11
    assert WHO not in _users(tmp_path) and WHO.encode() not in _bytes(tmp_path)


def _fail_once(patched: pytest.MonkeyPatch, where: str, error: Exception) -> None:
    work, failed = getattr(storage, where), False

    def failing(*given: object) -> object:
        nonlocal failed
        if not failed:
            failed = True
            raise error
        return work(*given)

    patched.setattr(storage, where, failing)


@pytest.mark.parametrize("error", [OSError("disk full"), pl.exceptions.ComputeError("disk full")], ids=["os", "polars"])
@pytest.mark.parametrize("where", ["write_histories", "_flush", "clear_old_histories"])
def test_no_receipt_is_given_while_the_person_is_on_disk(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception
) -> None:
    client = serve()
    _fail_once(monkeypatch, where, error)
    first = client.delete(f"/v1/users/{WHO}")
    assert first.status_code == 503 and "disk full" in first.json()["error"]["message"], first.text
    left = [pl.read_parquet(path)["user"].to_list() for path in (tmp_path / "ease").glob("histories*/users.parquet")]
    assert any(WHO in users for users in left), "or there is nothing to fear"
    second = client.delete(f"/v1/users/{WHO}")
    assert second.status_code == 200 and second.json()["erased"]["history_acts"] == 11
    assert WHO not in _users(tmp_path) and WHO.encode() not in _bytes(tmp_path)
    assert ids(client, user=WHO) == ids(client, user="nobody")


def test_an_older_copy_of_the_bundle_stays_hidden(serve: Serve, trained: dict[str, Path], tmp_path: Path) -> None:
    client = serve()
    client.delete(f"/v1/users/{WHO}")
    shutil.rmtree(tmp_path / "ease")
    shutil.copytree(trained["ease"], tmp_path / "ease")
    assert WHO in _users(tmp_path)
    again = serve()
    assert ids(again, user=WHO) == ids(again, user="nobody")
    assert ids(again, user="u005", k=1) == ["i005"], "others keep theirs"


def test_later_acts_start_anew_and_earlier_ones_do_not_come_back(serve: Serve) -> None:
    client = serve()
    old = {"events": [event(1, WHO, "i002")]}
    client.post("/v1/events", json=old)
    client.delete(f"/v1/users/{WHO}")
    assert client.post("/v1/events", json=old).json()["accepted"] == 0
    late = {"events": [event(2, WHO, "i003", timestamp=now() + 1_000)]}
    assert client.post("/v1/events", json=late).json()["accepted"] == 1
    seen = set(range(24)) - {int(str(one)[1:]) for one in ids(client, user=WHO, k=24)}
    assert seen == {3}


def test_integer_persons_are_erased(serve: Serve) -> None:
    client = serve("integers")
    client.post("/v1/events", json={"events": [event(1, 1004, 1003)]})
    assert client.delete("/v1/users/1004").json()["erased"] == {"events": 1, "history_acts": 11}
    assert ids(client, user=1004) == ids(client, user=9)
