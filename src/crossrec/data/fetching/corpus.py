"""What is known about a public corpus: its files, licence, citation and published counts."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crossrec.core.errors import unknown_name

__all__ = ["Corpus", "Counts", "Licence", "RemoteFile"]


@dataclass(frozen=True)
class Licence:
    """What one may do with a corpus.

    Args:
        name: Short name; corpora of one name are agreed to once.
        terms: The terms in a few sentences.
        page: Where the terms stand.
        consent: The terms ask for agreement before use: research only, no passing on, and so on.
    """

    name: str
    terms: str
    page: str
    consent: bool


@dataclass(frozen=True)
class Counts:
    """The counts that the publisher states, not those of our own reading; None where none is stated.

    Args:
        users: Distinct users.
        items: Distinct items.
        interactions: Ratings, reviews or shelvings.
        rounded: The publisher rounds: 632.0K.
        edition: Which edition or date they are of, where there are several.
    """

    users: int | None = None
    items: int | None = None
    interactions: int | None = None
    rounded: bool = False
    edition: str = ""


@dataclass(frozen=True)
class RemoteFile:
    """One file at its official address.

    Args:
        url: Its https address.
        part: What it holds, the word for `only`: "ratings", "reviews", "metadata", …
        size: Bytes, where known; shown, never enforced.
        md5: Published hash of a release that does not change, in hexadecimal.
        md5_url: Address of the hash that the publisher keeps beside the file.
        optional: Fetched only when its part is asked for.
    """

    url: str
    part: str
    size: int | None = None
    md5: str = ""
    md5_url: str = ""
    optional: bool = False

    @property
    def name(self) -> str:
        """The file's name, the last part of its address."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Corpus:
    """A public corpus, or one category or month of one.

    Args:
        name: As in `crossrec data fetch NAME`.
        title: What it is, in a few words.
        page: The publisher's page about it.
        licence: Its terms.
        citation: The publication to cite.
        files: Its files; none where there is no plain https address.
        source: The source of `crossrec data import` that reads it.
        domain: A fitting name for the domain.
        counts: What the publisher counts.
        note: How to get it without an address.
        option: Where it only adds to another corpus: the option of that one's import which names its folder.
        adds_to: The file of that corpus under the folder of downloads.
        expected: Names of the files, where they come by other ways than https.
    """

    name: str
    title: str
    page: str
    licence: Licence
    citation: str
    files: tuple[RemoteFile, ...] = ()
    source: str = ""
    domain: str = ""
    counts: Counts = field(default_factory=Counts)
    note: str = ""
    expected: tuple[str, ...] = ()
    option: str = ""
    adds_to: str = ""

    @property
    def folder(self) -> Path:
        """Where its files go under the folder of downloads: `amazon-2023/Books`."""
        return Path(*self.name.split(":"))

    def chosen(self, only: tuple[str, ...] = ()) -> tuple[RemoteFile, ...]:
        """Return the files of some parts, or all that are not optional.

        Raises:
            NotFound: It has no such part.
        """
        parts = {file.part for file in self.files}
        for part in only:
            if part not in parts:
                raise unknown_name(f"part of {self.name}", part, parts)
        return tuple(file for file in self.files if (file.part in only if only else not file.optional))

    def import_command(self, downloads: Path) -> str:
        """Return the command that reads its files, where it adds to another corpus together with that one's."""
        folder = downloads / self.folder
        path = folder / self.files[0].name if len(self.files) == 1 else folder
        option = f" --option {self.option}={shlex.quote(str(folder))}" if self.option else ""
        path = downloads / self.adds_to if self.option else path
        return f"crossrec data import {self.source} {shlex.quote(str(path))} --domain {self.domain} --out data{option}"

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        return {**asdict(self), "files": [{**asdict(file), "name": file.name} for file in self.files]}
