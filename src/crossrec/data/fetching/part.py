"""The unfinished file of a download, and what must still be true of the server's file to go on with it."""

from __future__ import annotations

import json
import os
from email.message import Message
from pathlib import Path

__all__ = ["Part"]


class Part:
    """`NAME.part` with its note `NAME.part.json`.

    Args:
        target: The file's name in the end.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self.note_path = target.with_name(f"{target.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str:
        """What `If-Range` needs: a strong ETag, else the time of the last change, else nothing."""
        note = self._note()
        tag = note.get("etag", "")
        return tag if tag and not tag.startswith("W/") else note.get("modified", "")

    def resumable(self, url: str) -> int:
        """Return the bytes that can be gone on with: none where they are of another address or of no known state."""
        return self.size if self._note().get("url") == url and self.validator else 0

    def agrees(self, headers: Message) -> bool:
        """Tell whether an answer is of the state that the bytes here are of."""
        fresh, kept = _state("", headers), self._note()
        return all(not fresh[key] or fresh[key] == kept.get(key) for key in ("etag", "modified"))

    def note(self, url: str, headers: Message) -> None:
        """Write down what the bytes are of, before the first of them is written."""
        fresh = self.note_path.with_name(f"{self.note_path.name}.new")
        fresh.write_text(json.dumps(_state(url, headers)), encoding="utf-8")
        fresh.replace(self.note_path)

    def drop(self) -> None:
        """Throw away what is here; the file itself stays, empty, for the process that holds it."""
        self.note_path.unlink(missing_ok=True)
        if self.path.exists():
            os.truncate(self.path, 0)

    def finish(self) -> int:
        """Give the file its own name, and return its size."""
        with self.path.open("rb") as stream:
            os.fsync(stream.fileno())
        size = self.size
        self.path.replace(self.target)
        self.note_path.unlink(missing_ok=True)
        return size

    def tidy(self) -> None:
        """Remove an empty file that nothing came for."""
        if self.path.exists() and not self.size:
            self.path.unlink(missing_ok=True)
            self.note_path.unlink(missing_ok=True)

    def _note(self) -> dict[str, str]:
        """Read the note; one that is missing or damaged says nothing."""
        try:
            found = json.loads(self.note_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _state(url: str, headers: Message) -> dict[str, str]:
    return {"url": url, "etag": headers.get("ETag") or "", "modified": headers.get("Last-Modified") or ""}
