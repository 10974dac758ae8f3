"""One writer at a time, in a workspace that leaves nothing behind: a version is there whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from crossrec.core.errors import CrossrecError, InvalidInput, Unavailable
from crossrec.data.exchange.places import is_remote
from crossrec.data.exchange.places import place as place_of
from crossrec.data.manifest import MANIFEST

__all__ = ["disk_errors", "of_the_disk", "workspace_beside", "writing"]

_PREFIX = ".writing-"
_LOCK = ".lock"
_FULL = 2**20


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Hold a data set for writing and give a workspace in it, which is removed at the end.

    What a killed writer left behind is removed first. The new version counts from the moment its manifest is
    written; before that a reader sees the old one.

    Args:
        folder: The data set; made where there is none.

    Raises:
        InvalidInput: It is a place in an object store, or names a version of a data set.
        Unavailable: Another process writes to it, or the disk is full or refuses.
    """
    if is_remote(folder):
        raise InvalidInput(
            f"'{place_of(folder)}': a data set is written on this machine; "
            "`crossrec data export FOLDER URL` publishes it then"
        )
    fresh = not folder.exists()
    if fresh:
        _refuse_version(folder)
    try:
        with disk_errors(folder, "the data set"):
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                for left in folder.glob(f"{_PREFIX}*"):
                    shutil.rmtree(left)
                with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder) as name:
                    yield Path(name)
    finally:
        _remove_if_empty(folder, fresh=fresh)


@contextmanager
def disk_errors(place: Path | str, what: str) -> Iterator[None]:
    """Say in one sentence that the disk is full or refuses, while something is written that counts at its end only.

    Args:
        place: The file or folder that is written; the message begins with it.
        what: What it is: "the data set".

    Raises:
        Unavailable: The disk refused. Temporary folders of the block are gone by then, so the room that the message
            tells is what another try has.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        if isinstance(error, CrossrecError):
            raise
        if isinstance(error, pl.exceptions.PolarsError) and not of_the_disk(error, _existing(place)):
            raise
        why = _reason(error, _existing(place))
        raise Unavailable(f"'{place}': {what} could not be written ({why}); what was there before is whole") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock file of a data set; the system lets go of it when the process ends, however it ends."""
    with (folder / _LOCK).open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            lock.seek(0)
            holder = lock.read(20).strip() or "unknown"
            raise Unavailable(
                f"'{folder}': another process (number {holder}) writes to this data set; try again when it has ended"
            ) from error
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def workspace_beside(place: Path) -> Iterator[Path]:
    """Give a hidden folder beside a place that is to be written, on its disk; it is removed at the end."""
    above = place.absolute().parent
    above.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=above) as name:
        yield Path(name)


def of_the_disk(error: Exception, folder: Path) -> bool:
    """Does an error of polars come from the disk that the folder is on?

    It wraps some of the system's errors in its own, and may notice a full disk only when it reads a cut file back.
    """
    told = any(word in str(error).lower() for word in ("no space left", "os error", "permission denied", "quota"))
    return told or shutil.disk_usage(folder).free < _FULL


def _reason(error: Exception, folder: Path) -> str:
    """Say why the disk refuses; a full one in these words, whatever library noticed it."""
    free = shutil.disk_usage(folder).free
    if getattr(error, "errno", None) == errno.ENOSPC or "no space left" in str(error).lower() or free < _FULL:
        return f"no space left on device, {free / 1e6:,.1f} MB are free"
    return str(error)


def _existing(place: Path | str) -> Path:
    """Return the folder that a place is in, or would be."""
    above = Path(place).absolute()
    while not above.is_dir():
        above = above.parent
    return above


def _refuse_version(folder: Path) -> None:
    """Refuse `data@1a2b3c4d`: as a folder of its own it would hide that version from every command that reads."""
    data, at, _ = str(folder).rpartition("@")
    if at and (Path(data) / MANIFEST).is_file():
        raise InvalidInput(f"'{folder}': expected a folder, got a version of '{data}', which never changes")


def _remove_if_empty(folder: Path, *, fresh: bool) -> None:
    """Take a folder away again that was made for nothing."""
    if not fresh or not folder.is_dir():
        return
    (folder / _LOCK).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
