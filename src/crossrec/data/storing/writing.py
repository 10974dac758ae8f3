"""Write domains of a data set that were made here: cleaned, linked, simulated, read from a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.data.linking.carrying import put_together
from crossrec.data.linking.links import Links, read_links, spaces, write_links
from crossrec.data.manifest import MANIFEST, DomainRecord, Manifest, Part, SourceFile, read_manifest, write_manifest
from crossrec.data.schema import INTERACTIONS, check_domain
from crossrec.data.source import FileNote
from crossrec.data.storing.counting import count, with_all_items
from crossrec.data.storing.months import sink_months
from crossrec.data.storing.parts import Staged, adopt, scan, staged_in, write_table
from crossrec.data.storing.quarantine import counts_by_reason, join
from crossrec.data.storing.transaction import writing

__all__ = ["Content", "append_rows", "balanced", "existing", "write_domains"]

_BESIDE = ("users", "ties")
_FORGOTTEN = pl.Schema({"user_id": pl.String(), "#until": pl.Int64()})


@dataclass(frozen=True)
class Content:
    """What a domain is to hold.

    Args:
        rows: In the unified schema; or a folder `month=…/*.parquet` of parts that another engine wrote.
        source: What made it: a source, or "clean", "simulate".
        items: `item_id` and any columns; items that occur and are not in it are added.
        users: `user_id` and any columns.
        ties: Ties between users.
        quarantine: Refused rows.
        options: Of the source, as text.
        files: The files that were read.
        rows_in: Rows that came in; None is those written and those quarantined.
        licence: The licence of the data, where known.
        has_order: Every user's rows stand in an order that means something.
        users_are: "own" to this domain, or "shared".
        private: Whole lines of the source may hold names of people.
        steps: What was done to the rows: name, settings, rows_in, rows_out of each step.
    """

    rows: pl.LazyFrame | Path
    source: str
    items: pl.DataFrame | None = None
    users: pl.DataFrame | None = None
    ties: pl.DataFrame | None = None
    quarantine: pl.DataFrame | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    files: tuple[FileNote, ...] = ()
    rows_in: int | None = None
    licence: str | None = None
    has_order: bool = True
    users_are: str = "own"
    private: bool = False
    steps: tuple[Mapping[str, Any], ...] = ()


def write_domains(
    out: Path | str,
    domains: Mapping[str, Content],
    *,
    links: Links | None = None,
    replace: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Manifest:
    """Write domains as one new version of a data set: all of them or none.

    Args:
        out: The data set's folder; made where there is none.
        domains: Name -> what it is to hold.
        links: Which of their accounts are one person, where they come from a data set that knows it.
        replace: Take the place of domains that are there.
        progress: Called with the name of each domain when its turn comes.

    Raises:
        InvalidInput: A domain is there and `replace` is false, has no rows, its columns are not the schema's, or an
            account is another person there than in the links that come.
        Unavailable: Another process writes, or the disk refuses.
    """
    folder = Path(out)
    with writing(folder) as workspace:
        before = existing(folder)
        records = dict(before.domains) if before else {}
        for name, content in domains.items():
            check_domain(name)
            if name in records and not replace:
                raise InvalidInput(f"domain '{name}': it is in '{folder}' already; say replace to take its place")
            if progress:
                progress(name)
            records[name] = _written(content, name, folder, workspace)
        if links is not None:
            write_links(folder, put_together(read_links(folder), links, records, folder))
        manifest = Manifest(records, parent=before.version if before else None)
        write_manifest(folder, manifest)
        return manifest


def append_rows(
    out: Path | str,
    domain: str,
    rows: pl.LazyFrame,
    *,
    mark: Mapping[str, str | int],
    source: str = "events",
    quarantine: pl.DataFrame | None = None,
    after: Mapping[str, str | int] | None = None,
    without: Mapping[str, int] | None = None,
) -> Manifest:
    """Add rows to a domain that grows, and keep with them how far its log was read: both or neither.

    Args:
        out: The data set's folder; made where there is none.
        domain: The domain; made where there is none.
        rows: In the unified schema; may be empty.
        mark: Where the reader of the log stands after these rows.
        source: What the rows come from.
        quarantine: Refused rows.
        after: Where the reader stood before; None does not ask. Refused where another has read on meanwhile.
        without: User -> moment, milliseconds UTC: rows of the user up to it are taken out, since the log forgot them,
            and so is the link to a person.

    Raises:
        InvalidInput: The domain came from another source.
        Unavailable: Another process writes, or has read on, or the disk refuses.
    """
    folder = Path(out)
    with writing(folder) as workspace:
        before = existing(folder)
        records = dict(before.domains) if before else {}
        old = records.get(check_domain(domain), _nothing(source))
        if old.source != source:
            raise InvalidInput(f"domain '{domain}': expected one that grows from '{source}', got '{old.source}'")
        if after is not None and old.mark != dict(after):
            raise Unavailable(f"domain '{domain}': another reader went on from {dict(after)} to {old.mark}; try again")
        kept, gone = _without(old, dict(without or {}), folder, workspace, domain)
        staged = sink_months(rows, workspace / domain, origin="")
        fresh = tuple(adopt(staged, folder, domain))
        away = join([quarantine]) if quarantine is not None else join([])
        parts = {**old.parts, "interactions": (*kept, *fresh)}
        parts["quarantine"] = old.parts.get("quarantine", ()) + write_table(
            away, workspace, folder, domain, "quarantine"
        )
        paths = [folder / part.path for part in parts["interactions"]]
        counts = count(paths)
        items, occurring = with_all_items(None, paths)
        parts["items"] = write_table(items, workspace, folder, domain, "items")
        reasons = dict(old.quarantined)
        for reason, number in counts_by_reason(away).items():
            reasons[reason] = reasons.get(reason, 0) + number
        record = replace(
            old,
            parts=parts,
            rows_in=old.rows_in + sum(part.rows for part in fresh) + away.height - gone,
            quarantined=reasons,
            items=occurring,
            catalogue=items.height,
            mark=dict(mark),
            **counts.record,
        )
        records[domain] = balanced(record, domain)
        _unlink(folder, domain, list(without or ()), records)
        manifest = Manifest(records, parent=before.version if before else None)
        if before is None or manifest.version != before.version:
            write_manifest(folder, manifest)
        return manifest


def existing(folder: Path) -> Manifest | None:
    """Return the newest version of a data set, or None where there is none yet."""
    return read_manifest(folder) if (folder / MANIFEST).exists() else None


def balanced(record: DomainRecord, domain: str) -> DomainRecord:
    """Return the record, in which every row that came in is accounted for.

    Raises:
        RuntimeError: Rows were lost or made up: a fault of ours, and nothing is written.
    """
    away = sum(record.quarantined.values())
    if record.rows_in != record.rows + away:
        raise RuntimeError(f"{domain}: {record.rows_in} rows came in, but {record.rows} + {away} are accounted for")
    return record


def _written(content: Content, domain: str, folder: Path, workspace: Path) -> DomainRecord:
    """Write one domain's parts and describe them."""
    staged = _staged(content, workspace / domain)
    if not sum(1 for _ in staged):
        raise InvalidInput(f"domain '{domain}': expected rows to write, got none")
    parts: dict[str, tuple[Part, ...]] = {"interactions": tuple(adopt(staged, folder, domain))}
    paths = [folder / part.path for part in parts["interactions"]]
    away = join([] if content.quarantine is None else [content.quarantine])
    items, occurring = with_all_items(content.items, paths)
    tables = {"items": items, "quarantine": away}
    tables |= {kind: table for kind in _BESIDE if (table := getattr(content, kind)) is not None}
    parts |= {kind: write_table(table, workspace, folder, domain, kind) for kind, table in tables.items()}
    counts = count(paths)
    record = DomainRecord(
        source=content.source,
        options=dict(content.options),
        files=tuple(SourceFile(**asdict(note)) for note in content.files),
        parts=parts,
        rows_in=counts.rows + away.height if content.rows_in is None else content.rows_in,
        quarantined=counts_by_reason(away),
        items=occurring,
        catalogue=items.height,
        has_order=content.has_order,
        users_are=content.users_are,
        licence=content.licence,
        private=content.private,
        steps=tuple(dict(step) for step in content.steps),
        **counts.record,
    )
    return balanced(record, domain)


def _staged(content: Content, workspace: Path) -> list[Staged]:
    """Have the rows as parts by month in the workspace."""
    if isinstance(content.rows, pl.LazyFrame):
        return sink_months(content.rows, workspace, origin="")
    staged = staged_in(content.rows)
    schema = scan([one.path for one in staged]).collect_schema()
    if list(schema) == list(INTERACTIONS) and schema == INTERACTIONS:
        return staged
    if missing := [name for name in INTERACTIONS if name not in schema]:
        raise InvalidInput(f"{content.rows}: expected a column '{missing[0]}', got {', '.join(schema)}")
    rows = scan([one.path for one in staged]).select(pl.col(name).cast(kind) for name, kind in INTERACTIONS.items())
    return sink_months(rows, workspace, origin="")


def _unlink(folder: Path, domain: str, users: list[str], records: Mapping[str, DomainRecord]) -> None:
    """Take forgotten users apart from their persons, where they are linked."""
    if not users:
        return
    links, space = read_links(folder), spaces(records)
    there = pl.col("domain").replace(space) == space[domain]
    own = links.table.filter(there & pl.col("user_id").is_in(users)).select("domain", "user_id").rows()
    if own:
        write_links(folder, links.without(own, space))


def _nothing(source: str) -> DomainRecord:
    """Return the record of a domain that has no rows yet."""
    return DomainRecord(
        source=source, options={}, files=(), parts={}, rows_in=0, rows=0, quarantined={}, users=0, items=0, catalogue=0
    )


def _without(
    old: DomainRecord, users: Mapping[str, int], folder: Path, workspace: Path, domain: str
) -> tuple[tuple[Part, ...], int]:
    """Return the parts without rows of some users up to a moment, and how many rows went; only touched parts change."""
    forgotten = pl.DataFrame({"user_id": list(users), "#until": list(users.values())}, schema=_FORGOTTEN).lazy()
    kept: list[Part] = []
    for number, part in enumerate(old.parts.get("interactions", ())):
        rows = scan([folder / part.path])
        with_moment = rows.join(forgotten, on="user_id", how="left", maintain_order="left")
        left = with_moment.filter((pl.col("timestamp") > pl.col("#until")).fill_null(value=True)).drop("#until")
        remaining = part.rows if not users else int(left.select(pl.len()).collect().item())
        if remaining == part.rows:
            kept.append(part)
        elif remaining:
            kept += adopt(sink_months(left, workspace / f"left-{number}", origin=part.origin), folder, domain)
    return tuple(kept), old.rows - sum(part.rows for part in kept)
