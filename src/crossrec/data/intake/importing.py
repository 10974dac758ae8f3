"""Import a public data set: read, check, set bad rows aside, and write parts with a manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

import polars as pl

from crossrec.core.clock import MILLISECONDS_PER_DAY, now
from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.engine import open_engine
from crossrec.data.exchange.places import is_remote, localised
from crossrec.data.intake.appending import Find, Plan, plan_of
from crossrec.data.intake.domain_writer import DomainWriter
from crossrec.data.intake.elsewhere import Workers, here_or_there
from crossrec.data.manifest import DomainRecord, Manifest, SourceFile, write_manifest
from crossrec.data.schema import check_domain
from crossrec.data.source import Reading, create
from crossrec.data.storing.budget import within
from crossrec.data.storing.quarantine import refused_in
from crossrec.data.storing.transaction import of_the_disk, writing
from crossrec.data.storing.writing import balanced, existing

__all__ = ["ImportSummary", "There", "import_source"]

There: TypeAlias = Literal["refuse", "replace", "append"]
"""What to do where the domain is there already."""


@dataclass(frozen=True)
class ImportSummary:
    """What an import did; `rows_in` = `rows` + the rows quarantined.

    Args:
        domain: The domain that was written.
        path: The data set's folder.
        record: What the manifest now says about the domain.
        version: The data set's version.
        changed: False where all files were in it already, and nothing was written.
        notes: How the files were read, where that was not plain.
        examples: The first refused row of each reason: file, row, column, reason, value.
    """

    domain: str
    path: Path
    record: DomainRecord
    version: str
    changed: bool = True
    notes: tuple[str, ...] = ()
    examples: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return all of it as plain values, for JSON."""
        about = {"domain": self.domain, "path": str(self.path), "version": self.version, "changed": self.changed}
        return {**about, "notes": self.notes, "examples": self.examples, **asdict(self.record)}

    def __str__(self) -> str:
        found = self.record
        taken = f"{self.domain}: {found.rows:,} of {found.rows_in:,} rows taken"
        lines = [f"{taken}, {found.users:,} users, {found.items:,} items"]
        lines += [f"  {note}" for note in self.notes]
        first = {example["reason"]: _shown(example) for example in self.examples}
        for beside, reasons in (("", found.quarantined), ("beside, ", found.items_quarantined)):
            lines += [f"  {beside}quarantined {n:,}: {reason}{first.get(reason, '')}" for reason, n in reasons.items()]
        if self.examples:
            lines.append(f"  all of them: crossrec data quarantine {self.path} --domain {self.domain}")
        if len(rowed := [file for file in found.files if file.rows_in]) > 1:
            lines += [f"  {file.name}: {file.rows:,} of {file.rows_in:,} rows" for file in rowed[:20]]
            lines += [f"  … and {len(rowed) - 20} more files"] if len(rowed) > 20 else []
        lines.append(f"  version {self.version[:12]}" + ("" if self.changed else ": all files were in it, no change"))
        return "\n".join(lines)


def import_source(
    source: str,
    path: str | Path,
    domain: str,
    out: str | Path,
    *,
    options: Mapping[str, str] | None = None,
    shared_users: bool = False,
    there: There = "refuse",
    engine: str = "polars",
    master: str = "",
    memory: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> ImportSummary:
    """Import one public data set as one domain of a data set on disk.

    Either all of it is written, as a new version, or nothing: a failed or killed import leaves what was there.

    Args:
        source: Name of the format: "movielens", "amazon", …
        path: The file, folder or zip that was downloaded; one in an object store is copied for the import.
        domain: Name of the domain: a lower-case letter, then letters, digits, `_`, `-`.
        out: The data set's folder; made where there is none.
        options: The source's options, as text; what is s3://, gs:// or az:// is copied likewise.
        shared_users: The same user id in another shared domain is the same person.
        there: What to do where the domain is there: refuse, replace it, or append: files that are new are added,
            the same file changes nothing, and another file of the same name replaces what that file brought.
        engine: "polars" does all in this process; "spark" has its workers take lines apart and check rows.
        master: Of the cluster; see `open_engine`.
        memory: Bytes that the work may take; what would take more is cut. None is 1.5 GB. The items are held whole.
        progress: Called with the name of each step when it starts.

    Raises:
        NotFound: No such source or file.
        InvalidInput: A file is damaged or has other columns, an option is unknown, all rows were refused,
            the domain is there and `there` is "refuse", or it cannot be appended to in this way.
        Refused: No credentials for an object store, or it says no.
        Unavailable: Another process writes, or the disk or the object store refuses.
    """
    told = progress or (lambda _step: None)
    folder = Path(out)
    check_domain(domain)
    create(source, options or {})  # what is no option is told of before anything is copied
    with (
        _nearby(path, options or {}) as (here, near),
        within(memory),
        writing(folder) as workspace,
        _workers(engine, master, workspace) as workers,
    ):
        before = existing(folder)
        old = before.domains.get(domain) if before else None
        if old and there == "refuse":
            raise InvalidInput(
                f"domain '{domain}': it is in '{folder}' already; say replace to take its place, or append to add to it"
            )
        told("scanning")
        reading = create(source, near).read(here, workspace / "text")
        if workers and not workers.calls:
            raise InvalidInput(
                f"source '{source}': its files are only read on one machine; leave --engine {engine} out"
            )
        find = _finder(source, near, here, workspace)
        plan = (
            Plan.fresh()
            if old is None or there == "replace"
            else plan_of(old, reading, source, options or {}, folder=folder, find=find)
        )
        if old and before and plan.nothing:
            return ImportSummary(domain, folder, old, before.version, changed=False)
        told("checking and writing")
        writer = DomainWriter(reading, plan, domain, folder, workspace, workers)
        about = {"source": source, "options": dict(options or {}), "users_are": "shared" if shared_users else "own"}
        record = _recorded(writer, about, told, path)
        domains = {**(before.domains if before else {}), domain: record}
        manifest = Manifest(domains, parent=before.version if before else None)
        write_manifest(folder, manifest)
        examples = _first_of_each(record, folder)
    notes = (*reading.notes, *_in_the_future(record))
    return ImportSummary(domain, folder, record, manifest.version, notes=notes, examples=examples)


def _first_of_each(record: DomainRecord, folder: Path) -> tuple[dict[str, Any], ...]:
    """Return the first refused row of each reason."""
    refused = refused_in(record.parts.get("quarantine", ()), folder)
    first = refused.unique("reason", keep="first", maintain_order=True).collect(engine="streaming")
    return tuple(first.to_dicts())


def _in_the_future(record: DomainRecord) -> tuple[str, ...]:
    """Say so where rows are later than tomorrow; they are taken, so that a file gives the same rows on every day."""
    if record.time_range is None or record.time_range[1] <= now() + MILLISECONDS_PER_DAY:
        return ()
    last = datetime.fromtimestamp(record.time_range[1] / 1000, tz=UTC).date().isoformat()
    return (f"the last time, {last}, lies in the future: leave such rows out, or train on what is before today",)


def _recorded(
    writer: DomainWriter, about: Mapping[str, Any], told: Callable[[str], None], path: str | Path
) -> DomainRecord:
    """Write the parts of a domain, then those of files to be read again; refuse what is damaged or has changed."""
    try:
        record = balanced(writer.record(about, told), writer.domain)
    except pl.exceptions.PolarsError as error:
        if of_the_disk(error, writer.folder):
            raise
        raise InvalidInput(f"'{path}': it could not be read, is it damaged? ({error})") from error
    for file in writer.reading.files:
        file.refuse_change()
    for name, again in writer.plan.again.items():
        told(f"reading {name} again")
        record = _recorded(writer.after(again, writer.plan.next_of(name, record)), about, told, path)
    return record


def _finder(source: str, options: Mapping[str, str], here: Path, workspace: Path) -> Find:
    """Return what reads a file of the domain that lies beside the path, if it is there with the same hash."""
    around = here if here.is_dir() else here.parent

    def found(file: SourceFile) -> Reading | None:
        path = around / file.name.split("/")[0]  # a member of a zip is called by both names
        try:
            reading = create(source, options).read(path, workspace / f"again-{quote(file.name, safe='')}")
        except (NotFound, InvalidInput):
            return None
        return reading if (file.name, file.sha256) in {(note.name, note.sha256) for note in reading.files} else None

    return found


@contextmanager
def _nearby(path: str | Path, options: Mapping[str, str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Give the path and the options with places of this machine for those in object stores."""
    with ExitStack() as copies:
        here = copies.enter_context(localised(path))
        near = {
            name: str(copies.enter_context(localised(text))) if is_remote(text) else text
            for name, text in options.items()
        }
        yield here, near


@contextmanager
def _workers(engine: str, master: str, workspace: Path) -> Iterator[Workers | None]:
    """Open the engine that is to do the work, if it is another than this process."""
    if engine == "polars" and not master:
        yield None
        return
    with (
        closing(open_engine(engine, workspace, master=master)) as opened,
        here_or_there(opened, workspace / "spread") as workers,
    ):
        yield workers


def _shown(example: dict[str, Any]) -> str:
    """Show where the first of a reason stood."""
    column = f", column {example['column']}" if example["column"] else ""
    value = "" if example["value"] is None else f": {example['value'][:60]!r}"
    return f" (first: {example['file']}, row {example['row']}{column}{value})"
