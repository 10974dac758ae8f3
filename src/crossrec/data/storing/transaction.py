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

__all__ = ["of_the_disk", "writing"]

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
        InvalidInput: It is a place in an object store.
        Unavailable: Another process writes to it, or the disk is full or refuses.
    """
    if is_remote(folder):
        raise InvalidInput(
            f"'{folder}': a data set is written on this machine; `crossrec data export FOLDER URL` publishes it then"
        )
    fresh = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            for left in folder.glob(f"{_PREFIX}*"):
                shutil.rmtree(left)
            with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder) as name:
                try:
                    yield Path(name)
                except pl.exceptions.PolarsError as error:
                    if not of_the_disk(error, folder):
                        raise
                    raise OSError(str(error)) from error
    except OSError as error:
        if isinstance(error, CrossrecError):
            raise
        raise Unavailable(
            f"'{folder}': the data set could not be written ({error}); what was there before is whole"
        ) from error
    finally:
        _remove_if_empty(folder, fresh=fresh)


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


def of_the_disk(error: Exception, folder: Path) -> bool:
    """Does an error of polars come from the disk that the folder is on?

    It wraps some of the system's errors in its own, and may notice a full disk only when it reads a cut file back.
    """
    told = any(word in str(error).lower() for word in ("no space left", "os error", "permission denied", "quota"))
    return told or shutil.disk_usage(folder).free < _FULL


def _remove_if_empty(folder: Path, *, fresh: bool) -> None:
    """Take a folder away again that was made for nothing."""
    if not fresh or not folder.is_dir():
        return
    (folder / _LOCK).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
