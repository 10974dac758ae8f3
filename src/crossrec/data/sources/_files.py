"""Find the files of a source: a file, a folder or a zip; plain, gzipped or zstd."""

from __future__ import annotations

import fnmatch
import zipfile
from collections.abc import Sequence
from pathlib import Path

from crossrec.core.errors import InvalidInput, NotFound, suggestion
from crossrec.data.intake.prescan import Entry, TextFile, prescan

__all__ = ["find", "find_all", "listing", "require", "tolerant"]


def listing(path: Path) -> list[Entry]:
    """List what is to be read at a path: the file itself, or all files of a folder or zip, by name.

    Raises:
        NotFound: Nothing is there.
        InvalidInput: A file called `.zip` that is none.
    """
    if path.is_dir():
        return [entry for file in sorted(path.iterdir()) if file.is_file() for entry in _members(file)]
    if not path.is_file():
        raise NotFound(f"no file or folder at '{path}'{_near(path)}")
    return _members(path)


def _members(path: Path) -> list[Entry]:
    """List the files in a zip, or give a file that is no zip as it is."""
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise InvalidInput(f"{path.name}: expected text, got a spreadsheet; save its sheet as CSV (UTF-8)")
    if path.suffix.lower() != ".zip":
        return [Entry(path)]
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(info.filename for info in archive.infolist() if not info.is_dir())
    except zipfile.BadZipFile as error:
        raise InvalidInput(f"{path.name}: expected a zip file, got something else or a cut one ({error})") from error
    return [Entry(path, name) for name in names if not name.startswith("__MACOSX/")]


def find_all(path: Path, patterns: Sequence[str], *, beside: bool = False) -> list[Entry]:
    """Find the files whose name (without `.gz`, `.zst`) fits a pattern, in the order of the patterns.

    Args:
        path: A file, folder or zip.
        patterns: As in a shell: `ratings*.csv`; letter case does not matter.
        beside: Where the path is a plain file, look into its folder too.
    """
    entries = listing(path.parent if beside and path.is_file() and path.suffix.lower() != ".zip" else path)
    return [
        entry
        for pattern in patterns
        for entry in entries
        if fnmatch.fnmatch(entry.name.lower(), pattern.lower()) and not entry.name.startswith(".")
    ]


def find(path: Path, patterns: Sequence[str], *, beside: bool = False) -> Entry | None:
    """Find the first file that fits, or None."""
    found = find_all(path, patterns, beside=beside)
    return found[0] if found else None


def require(path: Path, patterns: Sequence[str], source: str) -> Entry:
    """Find the file with the rows: the path itself if it is a file, else the one that fits the first pattern.

    Raises:
        NotFound: The folder or zip has none; the message lists what it has.
        InvalidInput: Several fit, so that one would be taken and the others silently left out.
    """
    entries = listing(path)
    if len(entries) == 1 and path.is_file():
        return entries[0]
    fitting = [found for pattern in patterns if (found := find_all(path, [pattern]))]
    if not fitting:
        names = ", ".join(entry.name for entry in entries[:12]) or "nothing"
        raise NotFound(f"{source}: expected {' or '.join(patterns)} in '{path}', found {names}")
    if len(fitting[0]) > 1:
        names = ", ".join(entry.name for entry in fitting[0][:12])
        raise InvalidInput(
            f"{source}: expected one file with the rows in '{path}', found {len(fitting[0])} ({names}); name one, and "
            "add the others with append"
        )
    return fitting[0][0]


def tolerant(entry: Entry, workspace: Path) -> TextFile:
    """Go over a text file as UTF-8, or as latin-1 where that is not what it is: titles and names of older sets."""
    text = prescan(entry, workspace)
    if any(note["reason"] == "not UTF-8" for note in text.refused):
        return prescan(entry, workspace, encoding="latin-1")
    return text


def _near(path: Path) -> str:
    """Suggest the neighbour that looks most like a path that is not there."""
    if not path.parent.is_dir():
        return ""
    return suggestion(path.name, [other.name for other in path.parent.iterdir()])
