"""Fetch a corpus: consent, then each file, with a receipt of what came from where."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossrec.core.clock import now
from crossrec.core.errors import InvalidInput, NotFound, Refused, Unavailable
from crossrec.data.fetching.consents import consented, record_consent
from crossrec.data.fetching.corpus import Corpus, RemoteFile
from crossrec.data.fetching.download import Progress, Way, digests, download
from crossrec.data.fetching.web import read_text

__all__ = ["RECEIPTS", "Fetched", "FileHere", "by_hand", "fetch"]

RECEIPTS = "receipts"
"""Folder of the receipts in the folder of downloads; they do not lie among the files that a source reads."""


@dataclass(frozen=True)
class FileHere:
    """One file of a corpus that is here and whole.

    Args:
        name: Its name.
        url: Where it came from.
        size: Bytes.
        sha256: Hash of what is here, in hexadecimal.
        md5: Likewise.
        published_md5: The hash that the publisher states, and that was compared; empty where none is stated.
        at: When it came, milliseconds UTC.
        how: "fetched", "resumed", or "was here".
    """

    name: str
    url: str
    size: int
    sha256: str
    md5: str
    published_md5: str
    at: int
    how: str


@dataclass(frozen=True)
class Fetched:
    """A corpus that is here.

    Args:
        corpus: What was asked for.
        folder: Where its files lie.
        files: They, in the order of the register.
        notes: What deserves a look.
        next: The command that imports them.
    """

    corpus: str
    folder: Path
    files: tuple[FileHere, ...]
    notes: tuple[str, ...]
    next: str

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        return {**asdict(self), "folder": str(self.folder)}


def fetch(
    corpus: Corpus,
    downloads: Path,
    agree: Callable[[Corpus], str],
    *,
    only: tuple[str, ...] = (),
    replace: bool = False,
    progress: Progress | None = None,
    way: Way | None = None,
) -> Fetched:
    """Fetch the files of a corpus that are not here yet.

    Args:
        corpus: From the register.
        downloads: The folder of downloads; the corpus gets a folder in it.
        agree: Asked for consent where the licence needs it and none is remembered; says how it was given, or
            nothing where it was not.
        only: Parts: "reviews", "metadata", …; none takes all that are not optional.
        replace: Fetch anew what is here.
        progress: Told of every megabyte.
        way: Timeouts, tries, and what to ask about the disk.

    Raises:
        NotFound: There is nothing at an address, no such part, or the corpus has no https address.
        Refused: No consent, or an address that is not safe.
        InvalidInput: A file is here that was not fetched.
        CorruptBundle: A file has another hash than the published one.
        Unavailable: No network, no room on the disk; the message has the command to use a local copy.
    """
    if not corpus.files:
        raise NotFound(f"{corpus.name}: {corpus.note}. {by_hand(corpus, downloads, '', corpus.expected)}")
    files = corpus.chosen(only)
    _ask(corpus, downloads, agree)
    folder, receipt = downloads / corpus.folder, downloads / RECEIPTS / f"{corpus.folder}.json"
    here: list[FileHere] = []
    notes: list[str] = []
    for file in files:
        try:
            known = None if replace else _receipt(receipt).get(file.name)
            found, note = _one(file, folder, known, replace=replace, progress=progress, way=way or Way())
        except (NotFound, Unavailable) as error:
            if not str(error).startswith(file.url):
                raise  # it is the disk, not the network
            kind = NotFound if isinstance(error, NotFound) else Unavailable
            raise kind(f"{error}. {by_hand(corpus, downloads, file.url, (file.name,))}") from error
        here.append(found)
        notes += [note] if note else []
        _sign(corpus, receipt, found)
    return Fetched(corpus.name, folder, tuple(here), tuple(notes), corpus.import_command(downloads))


def _ask(corpus: Corpus, downloads: Path, agree: Callable[[Corpus], str]) -> None:
    """Have the terms agreed to, once a folder."""
    if not corpus.licence.consent or consented(downloads, corpus.licence):
        return
    how = agree(corpus)
    if not how:
        raise Refused(f"{corpus.name}: its terms were not agreed to, so nothing was fetched ({corpus.licence.page})")
    record_consent(downloads, corpus, how)


def _one(
    file: RemoteFile,
    folder: Path,
    known: dict[str, Any] | None,
    *,
    replace: bool,
    progress: Progress | None,
    way: Way,
) -> tuple[FileHere, str]:
    """Have one file here; also what deserves a look, or nothing."""
    target = folder / file.name
    if target.exists() and not replace:
        if known and known.get("url") == file.url and known.get("size") == target.stat().st_size:
            return FileHere(**{**known, "how": "was here"}), ""
        return _adopted(file, target), ""
    md5, note = _published(file, way)
    done = download(file.url, target, md5=md5, progress=progress, way=way)
    how = "resumed" if done.resumed_at else "fetched"
    return FileHere(file.name, file.url, done.size, done.sha256, done.md5, md5, now(), how), note


def _adopted(file: RemoteFile, target: Path) -> FileHere:
    """Take a file that was laid here by hand, where its hash is published."""
    sha256, md5 = digests(target)
    if md5 != file.md5:
        why = "it is not the published file" if file.md5 else "nothing tells whether it is whole"
        raise InvalidInput(
            f"'{target}': is here and was not fetched by this command; {why}. Move it away, or say --replace"
        )
    return FileHere(file.name, file.url, target.stat().st_size, sha256, md5, md5, now(), "was here")


def _published(file: RemoteFile, way: Way) -> tuple[str, str]:
    """Return the hash that the publisher keeps beside the file, and a note where it is not the one known so far."""
    if not file.md5_url:
        return file.md5, ""
    try:
        text = read_text(file.md5_url, way.timeout)
    except NotFound:
        return file.md5, ""
    found = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if not found:
        return file.md5, f"{file.md5_url}: has no MD5 in it"
    md5 = found[0].lower()
    if file.md5 and md5 != file.md5:
        return md5, f"{file.name}: the publisher replaced this release; its MD5 was {file.md5} and is {md5}"
    return md5, ""


def by_hand(corpus: Corpus, downloads: Path, url: str, names: tuple[str, ...]) -> str:
    """Say how to go on with a copy from elsewhere.

    Args:
        corpus: From the register.
        downloads: The folder of downloads.
        url: Where a file can be had, if that is to be said.
        names: Names of the files.
    """
    get = f"fetch {url} where there is a network, " if url else ""
    lay = f"To use a local copy, {get}lay {' and '.join(names)} in '{downloads / corpus.folder}'"
    return f"{lay} and run: {corpus.import_command(downloads)}"


def _receipt(path: Path) -> dict[str, dict[str, Any]]:
    """Read what came so far; a damaged receipt says nothing."""
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {str(entry["name"]): asdict(FileHere(**entry)) for entry in files}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _sign(corpus: Corpus, path: Path, file: FileHere) -> None:
    """Add a file to the receipt."""
    files = {**_receipt(path), file.name: asdict(file)}
    receipt = {
        "corpus": corpus.name,
        "page": corpus.page,
        "licence": asdict(corpus.licence),
        "citation": corpus.citation,
        "files": [files[name] for name in sorted(files)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(receipt, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(path)
