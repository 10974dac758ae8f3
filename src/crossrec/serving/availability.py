"""Which items may not be shown just now; known to every answer at once, and after a restart."""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path

import numpy as np

from crossrec.core.arrays import Bools
from crossrec.core.catalogue import Catalogue
from crossrec.core.errors import CorruptBundle, NotFound, Unavailable
from crossrec.core.vocabulary import Id

__all__ = ["Availability"]


class Availability:
    """The items taken off the page, in memory as a mask and in a small JSON file.

    Args:
        catalogue: The items.
        file: Where the list is kept; None keeps it in memory only.

    Raises:
        CorruptBundle: The file is damaged.
    """

    def __init__(self, catalogue: Catalogue, file: Path | None) -> None:
        self.catalogue = catalogue
        self.file = file
        self._lock = threading.Lock()
        self._off: set[Id] = set(_read(file)) if file is not None and file.exists() else set()
        self._mask = self._made()

    @property
    def mask(self) -> Bools | None:
        """Bool[I], true for the items that may be shown; None where all may."""
        return self._mask

    def put(self, item: Id, *, available: bool) -> None:
        """Take an item off the page, or put it back; on disk before this returns.

        Raises:
            NotFound: No such item.
            Unavailable: The file cannot be written; nothing changed.
        """
        if item not in self.catalogue.ids:
            raise NotFound(f"no item called {item!r} in this catalogue of {len(self.catalogue)} items")
        with self._lock:
            changed = self._off - {item} if available else self._off | {item}
            if self.file is not None:
                _write(self.file, changed)
            self._off = changed
            self._mask = self._made()

    def _made(self) -> Bools | None:
        """Build the mask; items of another catalogue are kept in the file and passed over."""
        codes = self.catalogue.ids.encode(list(self._off))
        if not (codes >= 0).any():
            return None
        mask = np.ones(len(self.catalogue), dtype=np.bool_)
        mask[codes[codes >= 0]] = False
        return mask


def _read(file: Path) -> list[Id]:
    try:
        items = json.loads(file.read_text(encoding="utf-8"))["unavailable"]
        if not all(isinstance(item, (str, int)) for item in items):
            raise TypeError("an item is neither text nor an integer")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptBundle(f"{file}: is damaged ({error}); mend or remove it") from error
    return list(items)


def _write(file: Path, items: set[Id]) -> None:
    try:
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as draft:
            json.dump({"unavailable": sorted(items, key=str)}, draft)
        Path(draft.name).replace(file)
    except OSError as error:
        raise Unavailable(f"{file}: cannot be written ({error})") from error
