"""Many files at once, to and from an object store; what is there already under its name and size is left alone."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from crossrec.core.errors import CorruptBundle, Unavailable

if TYPE_CHECKING:
    from crossrec.data.exchange.bucket import Bucket

__all__ = ["Entry", "Moved", "entries_in", "receive", "send"]

_AT_ONCE = 4  # each may hold a dozen parts of 5 MB
_RESERVE = 256 << 20
_Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Entry:
    """One file.

    Args:
        name: Its path below the folder, with `/`.
        size: Bytes.
        sha256: Its hash, in hexadecimal.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Moved:
    """What was done.

    Args:
        copied: Files copied.
        kept: Files that were there.
    """

    copied: int
    kept: int


def _entry(folder: Path, path: Path) -> Entry:
    """Describe a file below a folder."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Entry(path.relative_to(folder).as_posix(), path.stat().st_size, digest)


def entries_in(folder: Path) -> tuple[Entry, ...]:
    """Describe all files below a folder, by name; hidden ones are left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        _entry(folder, path)
        for path in files
        if not any(part.startswith(".") for part in path.parts[len(folder.parts) :])
    )


def send(
    bucket: Bucket, folder: Path, entries: Sequence[Entry], *, below: str = "", progress: _Told | None = None
) -> Moved:
    """Copy files into a store; those that are there under the same name with the same size are kept.

    Only for files whose name tells their content. The caller writes what names them, a manifest, after them.

    Args:
        bucket: The place.
        folder: Where the files lie.
        entries: The files.
        below: A folder of the place that they go to.
        progress: Told of every file: "uploading", files done, all files.
    """
    there = bucket.listed()
    wanted = [entry for entry in entries if there.get(_under(below, entry.name)) != entry.size]
    _each(wanted, lambda entry: bucket.put(_under(below, entry.name), folder / entry.name), "uploading", progress)
    return Moved(len(wanted), len(entries) - len(wanted))


def receive(
    bucket: Bucket, folder: Path, entries: Sequence[Entry], *, below: str = "", progress: _Told | None = None
) -> Moved:
    """Copy files out of a store, each checked by its hash; those that are here with the same size are kept.

    Raises:
        CorruptBundle: A name leads out of the folder, or a file has another hash.
        Unavailable: They would not fit on the disk, or the store does not answer.
    """
    for entry in entries:
        _stay_inside(entry.name, bucket)
    wanted = [entry for entry in entries if not _is_here(folder / entry.name, entry.size)]
    folder.mkdir(parents=True, exist_ok=True)
    needed, free = sum(entry.size for entry in wanted), shutil.disk_usage(folder).free
    if needed + _RESERVE > free:
        raise Unavailable(
            f"'{folder}': the disk has {free:,} bytes free, and {needed + _RESERVE:,} are needed for {bucket.place}; "
            "set CROSSREC_CACHE to a folder on a larger disk"
        )
    _each(
        wanted,
        lambda entry: bucket.fetch(_under(below, entry.name), folder / entry.name, entry.size, sha256=entry.sha256),
        "downloading",
        progress,
    )
    return Moved(len(wanted), len(entries) - len(wanted))


def _each(entries: Sequence[Entry], act: Callable[[Entry], None], what: str, progress: _Told | None) -> None:
    """Do something for each file, some at once; the first error ends it."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done = [pool.submit(act, entry) for entry in entries]
        try:
            for count, one in enumerate(done, 1):
                one.result()
                if progress:
                    progress(what, count, len(done))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _under(below: str, name: str) -> str:
    return f"{below}/{name}" if below else name


def _is_here(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _stay_inside(name: str, bucket: Bucket) -> None:
    """Refuse a name from a store that leads elsewhere on this machine."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name.split("/")[0]:
        raise CorruptBundle(f"{bucket.place}: expected the name of a file below it, got '{name}'; it was tampered with")
