from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.data.fetching.publisher import Publisher, free_disk

from crossrec.core.errors import CorruptBundle, NotFound, Refused, Unavailable
from crossrec.data.fetching.download import Way, download

BODY = bytes(range(256)) * 12_000  # 3 MB
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
pytestmark = pytest.mark.network


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def way(waits: list[float]) -> Way:
    return Way(timeout=5, pause=waits.append, free=free_disk(1 << 40))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "ratings.zip"


def names(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()} if target.parent.exists() else set()


def ranges(publisher: Publisher) -> list[str | None]:
    return [headers.get("Range") for _, headers in publisher.asked]


def test_a_file_comes_whole_and_is_told_of(publisher: Publisher, target: Path, way: Way) -> None:
    told: list[tuple[str, int, int]] = []
    url = publisher.add("/ratings.zip", BODY)
    done = download(url, target, md5=MD5.upper(), progress=lambda *now: told.append(now), way=way)
    assert target.read_bytes() == BODY and names(target) == {"ratings.zip"}
    assert (done.size, done.md5, done.resumed_at) == (len(BODY), MD5, 0)
    assert done.sha256 == hashlib.sha256(BODY).hexdigest()
    assert told[0] == ("ratings.zip", 0, len(BODY)) and told[-1] == ("ratings.zip", len(BODY), len(BODY))


def test_a_cut_is_gone_on_with(publisher: Publisher, target: Path, way: Way, waits: list[float]) -> None:
    url = publisher.add("/ratings.zip", BODY, cuts=[1_500_000, 1_000_000])
    download(url, target, md5=MD5, way=way)
    assert target.read_bytes() == BODY
    assert ranges(publisher) == [None, "bytes=1500000-", "bytes=2500000-"]
    assert publisher.asked[1][1]["If-Range"] == '"v1"'
    assert len(waits) == 2


def test_the_next_command_goes_on_where_the_last_gave_up(publisher: Publisher, target: Path, way: Way) -> None:
    url = publisher.add("/ratings.zip", BODY, cuts=[700_000, 0, 0])
    with pytest.raises(Unavailable, match=r"gave up after 3 tries .* 700,000 bytes are kept"):
        download(url, target, way=Way(attempts=3, pause=lambda _s: None, free=way.free))
    assert not target.exists()
    done = download(url, target, md5=MD5, way=way)
    assert (done.resumed_at, target.read_bytes() == BODY) == (700_000, True)
    assert ranges(publisher)[-1] == "bytes=700000-"


def test_a_killed_process_leaves_what_came(publisher: Publisher, target: Path, way: Way) -> None:
    held = threading.Event()
    url = publisher.add("/ratings.zip", BODY, hold=held)
    code = "import sys, pathlib; from crossrec.data.fetching.download import download; "
    code += "download(sys.argv[1], pathlib.Path(sys.argv[2]))"
    process = subprocess.Popen([sys.executable, "-c", code, url, str(target)])  # noqa: S603 - our own interpreter
    part, until = target.with_name("ratings.zip.part"), time.monotonic() + 20
    while not (part.exists() and part.stat().st_size) and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    held.set()
    here = part.stat().st_size
    assert 0 < here < len(BODY) and not target.exists()
    assert download(url, target, md5=MD5, way=way).resumed_at == here
    assert names(target) == {"ratings.zip"}


@pytest.mark.parametrize("honest", [True, False], ids=["server looks at If-Range", "server does not"])
def test_a_changed_file_starts_anew(publisher: Publisher, target: Path, way: Way, honest: bool) -> None:
    url = publisher.add("/ratings.zip", BODY, cuts=[1_500_000, 0, 0, 0, 0, 0])
    with pytest.raises(Unavailable):
        download(url, target, way=way)
    fresh = BODY[::-1]
    publisher.add("/ratings.zip", fresh, etag='"v2"', honest=honest)
    download(url, target, way=way)
    assert target.read_bytes() == fresh


def test_stopped_between_the_old_state_and_the_new_nothing_is_mixed(
    publisher: Publisher, target: Path, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = publisher.add("/ratings.zip", BODY, cuts=[1_500_000, 0, 0, 0, 0, 0])
    with pytest.raises(Unavailable):
        download(url, target, way=way)
    publisher.add("/ratings.zip", BODY[::-1], etag='"v2"')

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("crossrec.data.fetching.download._copy", stopped)
        with pytest.raises(KeyboardInterrupt):
            download(url, target, way=way)
    download(url, target, way=way)
    assert target.read_bytes() == BODY[::-1]


def test_a_file_that_shrank_starts_anew(publisher: Publisher, target: Path, way: Way) -> None:
    url = publisher.add("/ratings.zip", BODY, cuts=[1_500_000, 0, 0, 0, 0, 0])
    with pytest.raises(Unavailable):
        download(url, target, way=way)
    publisher.add("/ratings.zip", BODY[:1000], honest=False)
    download(url, target, way=way)
    assert target.read_bytes() == BODY[:1000]


def test_all_of_it_came_and_only_the_name_is_missing(publisher: Publisher, target: Path, way: Way) -> None:
    url = publisher.add("/ratings.zip", BODY, cuts=[1_500_000, 0, 0, 0, 0, 0])
    with pytest.raises(Unavailable):
        download(url, target, way=way)
    target.with_name("ratings.zip.part").write_bytes(BODY)
    download(url, target, md5=MD5, way=way)
    assert target.read_bytes() == BODY and len(ranges(publisher)) == 7


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_mark_nothing_is_pieced_together(
    publisher: Publisher, target: Path, way: Way, etag: str
) -> None:
    url = publisher.add("/ratings.zip", BODY, etag=etag, cuts=[1_500_000])
    download(url, target, md5=MD5, way=way)
    assert ranges(publisher) == [None, None]


def test_the_time_of_the_last_change_serves_as_a_mark(publisher: Publisher, target: Path, way: Way) -> None:
    when = "Wed, 21 Oct 2015 07:28:00 GMT"
    url = publisher.add("/ratings.zip", BODY, etag="", modified=when, cuts=[1_500_000])
    download(url, target, md5=MD5, way=way)
    assert publisher.asked[1][1]["If-Range"] == when and ranges(publisher)[1] == "bytes=1500000-"


def test_a_server_without_ranges_is_asked_for_all(publisher: Publisher, target: Path, way: Way) -> None:
    url = publisher.add("/ratings.zip", BODY, ranges=False, cuts=[1_500_000])
    download(url, target, md5=MD5, way=way)
    assert target.read_bytes() == BODY


def test_a_wrong_hash_leaves_nothing(publisher: Publisher, target: Path, way: Way) -> None:
    url = publisher.add("/ratings.zip", BODY[:-1] + b"x")
    with pytest.raises(CorruptBundle, match=f"expected the MD5 {MD5}, got [0-9a-f]+; nothing was kept"):
        download(url, target, md5=MD5, way=way)
    assert names(target) == set()


def test_a_disk_too_small_is_seen_before_a_byte_comes(publisher: Publisher, target: Path) -> None:
    url = publisher.add("/ratings.zip", BODY)
    with pytest.raises(Unavailable, match=r"has 1,000 bytes free, and 3,072,100 are needed"):
        download(url, target, way=Way(free=free_disk(1000), reserve=100))
    assert names(target) == set()


def test_a_disk_that_fills_keeps_what_came(
    publisher: Publisher, target: Path, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossrec.data.fetching.download._CHECK_DISK_EVERY", 1 << 20)
    url = publisher.add("/ratings.zip", BODY)
    with pytest.raises(Unavailable, match=r"1,048,576 bytes are kept, and the same command goes on"):
        download(url, target, way=Way(free=free_disk(1 << 40, 5), reserve=10))
    assert names(target) == {"ratings.zip.part", "ratings.zip.part.json"}
    assert download(url, target, md5=MD5, way=way).resumed_at == 1 << 20


def test_a_disk_that_says_full_is_a_clean_failure(
    publisher: Publisher, target: Path, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("crossrec.data.fetching.download._copy", full)
    with pytest.raises(Unavailable, match="the disk is full; free some"):
        download(publisher.add("/ratings.zip", BODY), target, way=way)
    assert not target.exists()


def test_a_busy_server_is_waited_for(publisher: Publisher, target: Path, way: Way, waits: list[float]) -> None:
    url = publisher.add("/ratings.zip", BODY, busy=2)
    download(url, target, way=way)
    assert len(waits) == 2 and waits[0] >= 1.0


def test_a_missing_file_is_not_asked_for_again(publisher: Publisher, target: Path, way: Way) -> None:
    with pytest.raises(NotFound, match=r"answers 404 .*may have moved it"):
        download(publisher.url("/gone.zip"), target, way=way)
    assert len(publisher.asked) == 1 and names(target) == set()


def test_a_server_that_says_no_is_not_asked_again(publisher: Publisher, target: Path, way: Way) -> None:
    with pytest.raises(Refused, match="403"):
        download(publisher.add("/a.zip", b"", status=403), target, way=way)
    assert len(publisher.asked) == 1


def test_a_page_is_no_file(publisher: Publisher, target: Path, way: Way) -> None:
    with pytest.raises(Unavailable, match="got a web page"):
        download(publisher.add("/a.zip", b"<html>", kind="text/html; charset=utf-8"), target, way=way)
    assert names(target) == set()


def test_a_length_that_is_not_said_is_refused(publisher: Publisher, target: Path, way: Way) -> None:
    with pytest.raises(Unavailable, match="does not say how long"):
        download(publisher.add("/a.zip", b"abc", length=False), target, way=way)


def test_chunks_carry_their_own_end(publisher: Publisher, target: Path, way: Way) -> None:
    url = publisher.add("/a.zip", BODY, chunked=True, cuts=[1000])
    download(url, target, md5=MD5, way=way)
    assert target.read_bytes() == BODY and len(publisher.asked) == 2


def test_a_closed_port_fails_at_once(target: Path, way: Way, waits: list[float]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: no one else takes it
        with pytest.raises(Unavailable, match="no one listens at '127.0.0.1'"):
            download(f"http://127.0.0.1:{held.getsockname()[1]}/a.zip", target, way=way)
    assert waits == [] and names(target) == set()


def test_a_name_that_does_not_resolve_fails_at_once(
    target: Path, way: Way, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unavailable, match="no network, or no host called 'files.example.org'"):
        download("https://files.example.org/a.zip", target, way=way)
    assert waits == []


def test_two_at_once_is_refused(publisher: Publisher, target: Path, way: Way) -> None:
    target.parent.mkdir()
    with target.with_name("ratings.zip.part").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="another process is fetching it"):
            download(publisher.add("/ratings.zip", BODY), target, way=way)
