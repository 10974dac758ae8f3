"""Progress: long loops say how far they are to whoever watches, without an argument in every signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias, TypeVar

__all__ = ["Progress", "tell", "tracked", "watching"]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of a loop, behind it in brackets how it stands, how much is done and how much there is."""
T = TypeVar("T")
_watcher: ContextVar[Progress | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(progress: Progress | None) -> Iterator[None]:
    """Let the loops in this block, on this thread, tell `progress`; None lets them be silent."""
    before = _watcher.set(progress)
    try:
        yield
    finally:
        _watcher.reset(before)


def tracked(name: str, steps: Sequence[T], *, size: int = 1, total: int | None = None) -> Iterator[T]:
    """Go through the steps of a loop and tell whoever watches after each.

    Args:
        name: Of the loop: "epochs".
        steps: What to go through.
        size: What one step counts for; the last one may be smaller.
        total: How much there is; None is a step each.

    >>> with watching(lambda name, done, total: print(name, done, total)):
    ...     for _ in tracked("epochs", range(2)):
    ...         pass
    epochs 1 2
    epochs 2 2
    """
    progress, everything = _watcher.get(), len(steps) * size if total is None else total
    for place, step in enumerate(steps, start=1):
        yield step
        if progress is not None:
            progress(name, min(place * size, everything), everything)


def tell(name: str, done: int, total: int) -> None:
    """Tell whoever watches how far a loop is that another library runs.

    >>> with watching(lambda name, done, total: print(name, done, total)):
    ...     tell("epochs (loss 2.5)", 1, 3)
    epochs (loss 2.5) 1 3
    """
    progress = _watcher.get()
    if progress is not None:
        progress(name, done, total)
