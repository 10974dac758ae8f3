"""crossrec data fetch: public corpora from their official addresses, once their terms are agreed to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from crossrec.cli.show import AsJson, note, out, print_json
from crossrec.core.errors import InvalidInput, Refused
from crossrec.data.fetching.corpora import FAMILIES, corpora, corpus
from crossrec.data.fetching.corpus import Corpus, Counts
from crossrec.data.fetching.fetch import Fetched, by_hand, fetch

__all__ = ["fetch_corpora"]


def fetch_corpora(
    names: Annotated[
        list[str] | None, typer.Argument(help="movielens-25m, amazon-2023:Electronics, goodreads:poetry, …")
    ] = None,
    downloads: Annotated[Path, typer.Option("--out", help="Folder of downloads; made if it is not there.")] = Path(
        "downloads"
    ),
    only: Annotated[str, typer.Option(help="Only these parts: reviews,metadata")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Agree to the terms without being asked.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Fetch anew what is there.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List every corpus, and fetch none.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch public corpora: resumed after a cut, checked against published hashes, with licence and citation."""
    if listing:
        _list(as_json)
        return
    if not names:
        raise InvalidInput("fetch: expected the name of a corpus; `crossrec data fetch --list` has them")
    chosen = [corpus(name) for name in names]
    parts = tuple(part.strip() for part in only.split(",") if part.strip())
    done = []
    for one in chosen:
        _introduce(one, downloads, parts)
        with _receiving() as progress:
            done.append(
                fetch(one, downloads, _agreement(progress, yes=yes), only=parts, replace=replace, progress=progress)
            )
        if not as_json:
            _report(done[-1])
    if as_json:
        print_json([one.to_dict() for one in done])


def _introduce(one: Corpus, downloads: Path, parts: tuple[str, ...]) -> None:
    """Say on stderr what is about to be fetched from where, under which terms, what to cite, and what else to do."""
    note.print(f"{one.title}, {one.page}")
    files = one.chosen(parts)
    for file in files:
        note.print(f"  from: {file.url}" + (f", {file.size:,} bytes" if file.size else ""))
    note.print(f"  terms: {one.licence.terms} {one.licence.page}")
    note.print(f"  cite: {one.citation}")
    if files:
        note.print(f"  without the network: {by_hand(one, downloads, '', tuple(file.name for file in files))}")


def _report(done: Fetched) -> None:
    """Say what is here now and what comes next."""
    for warning in done.notes:
        note.print(f"note: {warning}")
    for file in done.files:
        checked = "MD5 as published" if file.published_md5 else f"SHA-256 {file.sha256}; no hash is published"
        out.print(f"{file.how} {done.folder / file.name}: {file.size:,} bytes, {checked}")
    out.print(f"next: {done.next}")


class _Bars:
    """A bar a file, which can be put aside while a question is asked."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[str, object] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(name, total=total or None)
        self.bars.update(self.tasks[name], completed=done, total=total or None)  # type: ignore[arg-type]


@contextmanager
def _receiving() -> Iterator[_Bars]:
    """Show bars of bytes on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=note) as bars:
        yield _Bars(bars)


def _agreement(shown: _Bars, *, yes: bool) -> Callable[[Corpus], str]:
    """Return what asks for consent: nobody with --yes, else the person at the terminal."""

    def ask(one: Corpus) -> str:
        if yes:
            return "--yes"
        if not sys.stdin.isatty():
            raise Refused(
                f"{one.name}: its terms need consent and there is no terminal to ask at; read them "
                f"({one.licence.page}) and say --yes"
            )
        shown.bars.stop()
        agreed = typer.confirm("Do you agree to these terms?", err=True)
        shown.bars.start()
        return "asked" if agreed else ""

    return ask


def _list(as_json: bool) -> None:
    """List the register."""
    if as_json:
        print_json({"corpora": [one.to_dict() for one in corpora()], "families": FAMILIES})
        return
    lines = [("name", "users", "items", "interactions", "consent")]
    lines += [(one.name, *_counted(one.counts), "needed" if one.licence.consent else "") for one in corpora()]
    for name, users, items, interactions, consent in lines:
        out.print(f"{name:<42}{users:>12}{items:>12}{interactions:>14}  {consent}".rstrip())
    for family, what in FAMILIES.items():
        out.print(f"{family}: {what}")


def _counted(counts: Counts) -> tuple[str, str, str]:
    """Write counts as the publisher has them; `~` says rounded, nothing says that none is stated."""
    sign = "~" if counts.rounded else ""
    users, items, interactions = (
        "" if count is None else f"{sign}{count:,}" for count in (counts.users, counts.items, counts.interactions)
    )
    return users, items, interactions
