"""Write one domain of a version from what a source found, and account for every row of its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from crossrec.core.errors import InvalidInput
from crossrec.data.intake.appending import Plan
from crossrec.data.intake.elsewhere import Workers
from crossrec.data.intake.taking import Taken, take
from crossrec.data.manifest import DomainRecord, Part, SourceFile
from crossrec.data.source import Reading
from crossrec.data.storing.counting import count, with_all_items
from crossrec.data.storing.parts import adopt, write_table
from crossrec.data.storing.quarantine import counts_by_file, counts_by_reason, together

__all__ = ["DomainWriter"]


@dataclass(frozen=True)
class DomainWriter:
    """Writes one domain of a version.

    Args:
        reading: What the source found.
        plan: What is taken of it, and what stays of the domain that is there.
        domain: Its name.
        folder: The data set, which is held for writing.
        workspace: A folder for unfinished files.
        workers: They check the rows; None checks them here.
    """

    reading: Reading
    plan: Plan
    domain: str
    folder: Path
    workspace: Path
    workers: Workers | None = None

    def after(self, reading: Reading, plan: Plan) -> DomainWriter:
        """Return a writer that goes on with another reading, once this one has written."""
        workspace = self.workspace / f"after-{len(plan.kept_files)}"
        workspace.mkdir()
        return replace(self, reading=reading, plan=plan, workspace=workspace)

    def record(self, about: Mapping[str, Any], told: Callable[[str], None]) -> DomainRecord:
        """Write all parts and return what the manifest says about them.

        Args:
            about: What the record says of where the domain comes from: `source`, `options`, `users_are`.
            told: Called with the name of a step when it starts.

        Raises:
            InvalidInput: No row was taken.
        """
        plan, reading = self.plan, self.reading
        taken = self._taken()
        kept = plan.kept_parts("interactions")
        paths = [self.folder / part.path for part in kept] + [one.path for one in taken.staged]
        told("counting")
        away = together([plan.kept_quarantine(self.folder), taken.quarantined])
        beside = together([plan.kept_beside(self.folder, reading), reading.item_refused.lazy()])
        reasons = counts_by_reason(away)
        survey = None if kept else taken.survey
        counts = count(paths) if survey is None else survey.counts
        if not counts.rows:
            raise _nothing_taken(reading, away)
        items, occurring = with_all_items(
            plan.items(self.folder, reading), paths, None if survey is None else survey.items
        )
        fresh = tuple(adopt(taken.staged, self.folder, self.domain))
        tables: dict[str, pl.DataFrame | pl.LazyFrame] = {"items": items, "quarantine": together([away, beside])}
        found = {kind: plan.table(kind, self.folder, reading) for kind in ("users", "ties")}
        tables |= {kind: table for kind, table in found.items() if table is not None}
        parts = {kind: self._table(table, kind) for kind, table in tables.items()}
        return DomainRecord(
            files=self._lineage(fresh, taken),
            parts={"interactions": (*kept, *fresh), **parts},
            rows_in=counts.rows + sum(reasons.values()),
            quarantined=reasons,
            items=occurring,
            catalogue=items.height,
            items_quarantined=counts_by_reason(beside),
            unit=taken.unit if "timestamp" in reading.rows.collect_schema() else "",
            has_order=reading.ordered or counts.untimed == 0,
            **{name: getattr(reading, name) for name in ("licence", "private", "by_rule", "pseudonyms")},
            **about,
            **counts.record,
        )

    def _taken(self) -> Taken:
        """Check the rows and have the good ones staged."""
        return take(
            self.reading,
            self.domain,
            self.workspace,
            only=self.plan.only,
            first_positions=self.plan.first_positions,
            already=self.plan.already(self.folder),
            workers=self.workers,
        )

    def _table(self, table: pl.DataFrame | pl.LazyFrame, kind: str) -> tuple[Part, ...]:
        return write_table(table, self.workspace, self.folder, self.domain, kind)

    def _lineage(self, fresh: tuple[Part, ...], taken: Taken) -> tuple[SourceFile, ...]:
        """Say of each file what became of its rows."""
        rows: dict[str, int] = {}
        for part in fresh:
            rows[part.origin] = rows.get(part.origin, 0) + part.rows
        by_file = counts_by_file(taken.quarantined)
        found = list(self.plan.kept_files)
        for note in self.reading.files:
            if self.plan.only is not None and note.name not in self.plan.only:
                continue
            away = by_file.get(note.name, {})
            found.append(
                SourceFile(
                    note.name,
                    note.sha256,
                    note.size,
                    rows_in=rows.get(note.name, 0) + sum(away.values()),
                    rows=rows.get(note.name, 0),
                    quarantined=away,
                    repeats_elsewhere=taken.repeats_elsewhere.get(note.name, 0),
                    first_position=self.plan.first_positions.get(note.name, 0),
                )
            )
        return tuple(found)


def _nothing_taken(reading: Reading, away: pl.LazyFrame) -> InvalidInput:
    """Say why no row was taken, by the first that was refused."""
    refused = int(away.select(pl.len()).collect(engine="streaming").item())
    if not refused:
        return InvalidInput(f"{reading.files[0].name}: expected rows to take, got none: it has a header at most")
    first = away.head(1).collect(engine="streaming").row(0, named=True)
    return InvalidInput(
        f"{reading.files[0].name}: expected rows to take, got none of {refused}; the first was refused: row "
        f"{first.get('row')}, column '{first.get('column')}', {first.get('reason')}, value {first.get('value')!r}"
    )
