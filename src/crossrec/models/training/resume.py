"""Where trainings keep their state, so that one that was stopped goes on; loads no torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["checkpoints", "resuming"]

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextmanager
def resuming(folder: Path | None) -> Iterator[None]:
    """Let trainings in this block write a checkpoint an epoch to a folder, and go on from one that fits.

    A checkpoint fits where data and settings are the same; epochs and patience may differ. Others are left alone.
    None leaves it as it is.
    """
    token = _folder.set(_folder.get() if folder is None else folder)
    try:
        yield
    finally:
        _folder.reset(token)


def checkpoints() -> Path | None:
    """Return the folder of the block we are in."""
    return _folder.get()
