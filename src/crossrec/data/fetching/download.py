"""Download one file so that it is whole or not there: resumed, checked, and never more than the disk holds.

While it comes it is called `NAME.part`, with what is needed to go on in `NAME.part.json`; it gets its own name
when it is whole and its hash is right.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crossrec.core.errors import CorruptBundle, CrossrecError, Unavailable
from crossrec.data.fetching.part import Part
from crossrec.data.fetching.web import Answer, Interrupted, check_address, open_at

__all__ = ["Downloaded", "Progress", "Way", "digests", "download"]

Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes that are here, and all its bytes or 0 where they are unknown."""
_CHUNK = 1 << 20
_CHECK_DISK_EVERY = 32 << 20


@dataclass(frozen=True)
class Way:
    """How to download.

    Args:
        timeout: Seconds to wait for a connection, and for each read.
        attempts: Tries in a row that come no megabyte further, before giving up.
        pause: Waits some seconds.
        free: Gives the free bytes of the disk that a folder is on.
        reserve: Bytes of the disk that stay free.
    """

    timeout: float = 30.0
    attempts: int = 5
    pause: Callable[[float], None] = time.sleep
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    reserve: int = 256 << 20


@dataclass(frozen=True)
class Downloaded:
    """A file that is here and whole.

    Args:
        path: Where.
        size: Bytes.
        sha256: Its hash, in hexadecimal.
        md5: Likewise.
        resumed_at: Bytes that were here before; 0 where it was fetched from its beginning.
    """

    path: Path
    size: int
    sha256: str
    md5: str
    resumed_at: int = 0


def download(
    url: str, target: Path, *, md5: str = "", progress: Progress | None = None, way: Way | None = None
) -> Downloaded:
    """Download a file; what an earlier try left is gone on with where the server's file is still the same.

    Args:
        url: Its address: https, or http on this machine.
        target: Its name in the end; the folder is made.
        md5: The hash it must have, in hexadecimal; empty takes any.
        progress: Told of every megabyte.
        way: Timeouts, tries, and what to ask about the disk.

    Raises:
        NotFound: There is nothing at the address.
        Refused: The address or a redirect is not https, or the server says no.
        CorruptBundle: It has another hash; nothing is kept.
        Unavailable: No network, the disk is full, another process fetches it, or the server keeps breaking off;
            what came is kept.
    """
    check_address(url)
    way = way or Way()
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Part(target)
        with _alone(part):
            resumed_at = part.resumable(url)
            _persist(url, part, progress or (lambda *_: None), way)
            sha256, found = digests(part.path)
            if md5 and found != md5.lower():
                part.drop()
                raise CorruptBundle(
                    f"{url}: expected the MD5 {md5.lower()}, got {found}; nothing was kept. Fetch it again; if it "
                    "stays so, the publisher changed the file"
                )
            size = part.finish()
    return Downloaded(target, size, sha256, found, resumed_at)


def digests(path: Path) -> tuple[str, str]:
    """Return the SHA-256 and the MD5 of a file, in hexadecimal."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
    return sha256.hexdigest(), md5.hexdigest()


def _persist(url: str, part: Part, progress: Progress, way: Way) -> None:
    """Try until all of it is here; a try that comes a megabyte further than any before starts the count anew."""
    failures, furthest = 0, part.size
    while True:
        try:
            _once(url, part, progress, way)
        except Interrupted as error:
            failures = 0 if part.size >= furthest + _CHUNK else failures + 1
            furthest = max(furthest, part.size)
            if failures >= way.attempts:
                raise Unavailable(
                    f"{url}: gave up after {failures} tries that came no further ({error}); {part.size:,} bytes are "
                    f"kept in '{part.path}', and the same command goes on from there"
                ) from error
            way.pause(max(error.wait, min(0.5 * 2**failures, 30.0)))
        else:
            return


def _once(url: str, part: Part, progress: Progress, way: Way) -> None:
    """Ask once, for the rest or for all, and write what comes."""
    have = part.resumable(url)
    headers = {"Range": f"bytes={have}-", "If-Range": part.validator} if have else {}
    with open_at(url, headers, way.timeout) as answer:
        first, total = _span(answer)
        if answer.status == 416:
            if total == have:
                return  # all of it was here; only the renaming was missing
            part.drop()
            raise Interrupted(f"{url}: has {total} bytes now, fewer than the {have:,} that were kept; it starts anew")
        if answer.status == 206 and (first != have or not part.agrees(answer.headers)):
            part.drop()
            raise Interrupted(f"{url}: changed since the last try; it starts anew")
        _refuse_page(url, answer)
        if answer.status != 206:
            have = 0
            part.drop()  # before the note says that the bytes here are of the new state
        part.note(url, answer.headers)
        _ask_disk(part, (total or have) - have, way)
        _copy(answer, part, have, total, progress=progress, way=way)
        if total is not None and part.size != total:
            raise Interrupted(f"{url}: ended after {part.size:,} of {total:,} bytes")


def _span(answer: Answer) -> tuple[int, int | None]:
    """Return the first byte that comes and the length of the whole file, None where it is not said."""
    span = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("Content-Range") or "")
    if span:
        return int(span[1] or 0), None if span[2] == "*" else int(span[2])
    length = answer.headers.get("Content-Length") or ""
    if answer.status == 200 and not length and "chunked" not in (answer.headers.get("Transfer-Encoding") or ""):
        raise Unavailable(f"{answer.url}: the server does not say how long the file is, so a cut would not be seen")
    return 0, int(length) if length.isdigit() and answer.status == 200 else None


def _copy(answer: Answer, part: Part, have: int, total: int | None, *, progress: Progress, way: Way) -> None:
    """Write what comes behind the first `have` bytes, looking at the disk as it fills."""
    done, asked = have, have
    with part.path.open("r+b") as stream:
        stream.truncate(have)
        stream.seek(have)
        progress(part.target.name, done, total or 0)
        while chunk := answer.read(_CHUNK):
            stream.write(chunk)
            done += len(chunk)
            progress(part.target.name, done, total or 0)
            if done - asked >= _CHECK_DISK_EVERY:
                asked = done
                stream.flush()
                _ask_disk(part, 0 if total is None else total - done, way)


def _ask_disk(part: Part, needed: int, way: Way) -> None:
    """Refuse to go on where the rest does not fit."""
    free = way.free(part.target.parent)
    if free < needed + way.reserve:
        raise Unavailable(
            f"'{part.target.parent}': the disk has {free:,} bytes free, and {needed + way.reserve:,} are needed for "
            f"the rest of {part.target.name} with {way.reserve:,} to spare; {part.size:,} bytes are kept, and the same "
            "command goes on from there"
        )


def _refuse_page(url: str, answer: Answer) -> None:
    """A page where a file should be is a sign-in or an apology, not data."""
    kind = (answer.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if kind == "text/html" and not url.endswith((".html", ".htm")):
        raise Unavailable(f"{url}: expected a file, got a web page from '{answer.url}'; the file may have moved")


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Say what the disk refuses."""
    try:
        yield
    except OSError as error:
        if isinstance(error, CrossrecError):
            raise
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full; free some and give the same command again" if full else str(error)
        raise Unavailable(f"'{target}': cannot be written: {why}; what came is kept") from error


@contextmanager
def _alone(part: Part) -> Iterator[None]:
    """Hold the unfinished file, so that two processes never write it."""
    handle = os.open(part.path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unavailable(f"'{part.path}': another process is fetching it; wait for that one") from error
        yield
    finally:
        os.close(handle)
        part.tidy()
