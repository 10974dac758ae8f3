"""Take a data set through steps, on an engine of choice, into another data set that says what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

import narwhals as nw
import polars as pl

from crossrec.core.errors import InvalidInput, Refused
from crossrec.core.interactions import SPLITS
from crossrec.data.dataset import Dataset
from crossrec.data.engine import Engine, Table, collected, on_disk, open_engine
from crossrec.data.linking.carrying import carried
from crossrec.data.linking.links import read_links
from crossrec.data.schema import INTERACTIONS
from crossrec.data.source import FileNote
from crossrec.data.step import Step, create, settings_of
from crossrec.data.storing.transaction import disk_errors, workspace_beside
from crossrec.data.storing.writing import Content, write_domains

__all__ = ["Cleaned", "Done", "clean", "parse_step"]

_OWN = "\n"
"""Ends the domain in front of a user's id while several domains are looked at together; no id holds it."""


@dataclass(frozen=True)
class Done:
    """One step that was taken.

    Args:
        name: Of the step.
        settings: All of its settings.
        why: What fell away.
        rows_in: Rows before, by domain.
        rows_out: Rows after, by domain.
        parts: Rows of each part of the split after it, by domain, where the step writes one.
    """

    name: str
    settings: dict[str, int | float | str]
    why: str
    rows_in: dict[str, int]
    rows_out: dict[str, int]
    parts: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def warnings(self) -> dict[str, str]:
        """Domain -> the part that it has no row in: test, or validation where other domains have it."""
        wanted = [part for part in ("valid", "test") if any(counts[part] for counts in self.parts.values())]
        moments = self.settings.get("protocol") == "global-time"
        why = "; global-time cuts all domains at the same moments: split it alone" if moments else ""
        found = {}
        for domain, counts in self.parts.items():
            empty = [part for part in ("valid", "test") if not counts[part] and part in (*wanted, "test")]
            if empty:
                found[domain] = f"no row is in {' and '.join(empty)}{why}"
        return found

    def to_dict(self) -> dict[str, object]:
        """Return all of it as plain values, for JSON."""
        return {**asdict(self), "warnings": self.warnings}

    def of(self, domain: str) -> dict[str, object]:
        """Say for the manifest what the step did to one domain."""
        mine: dict[str, object] = {"rows_in": self.rows_in[domain], "rows_out": self.rows_out[domain]}
        mine |= {"parts": self.parts[domain]} if self.parts else {}
        mine |= {"warning": self.warnings[domain]} if domain in self.warnings else {}
        return {"name": self.name, "settings": self.settings, "why": self.why, **mine}


@dataclass(frozen=True)
class Cleaned:
    """What `clean` did.

    Args:
        path: The new data set.
        version: Its version.
        steps: The steps in turn.
    """

    path: Path
    version: str
    steps: tuple[Done, ...]

    def to_dict(self) -> dict[str, object]:
        """Return all of it as plain values, for JSON."""
        return {"path": str(self.path), "version": self.version, "steps": [step.to_dict() for step in self.steps]}

    def __str__(self) -> str:
        lines = []
        for step in self.steps:
            told = ", ".join(f"{name}={value}" for name, value in step.settings.items())
            lines.append(f"{step.name} ({told})")
            for domain, rows in step.rows_in.items():
                left = step.rows_out[domain]
                lines.append(f"  {domain}: {rows:,} in, {left:,} out, {rows - left:,} dropped: {step.why}")
            lines += [f"  warning: {domain}: {words}" for domain, words in step.warnings.items()]
        return "\n".join([*lines, f"version {self.version[:12]} in {self.path}"])


def parse_step(text: str) -> tuple[str, Step]:
    """Read a step as the command line has it: `k_core:users=5,items=5`, or a bare name.

    Raises:
        NotFound: No such step.
        InvalidInput: No such setting, or a value that it does not take.
    """
    name, _, rest = text.partition(":")
    settings = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InvalidInput(f"step {name}: expected setting=value after the colon, got '{pair}'")
        settings[key.strip()] = value.strip()
    return name, create(name, settings)


def clean(
    data: Dataset,
    out: Path,
    steps: Sequence[tuple[str, Step]],
    *,
    domains: Sequence[str] | None = None,
    engine: str = "polars",
    master: str = "",
    replace: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Cleaned:
    """Take domains of a data set through steps and write them as another data set, with the links of their accounts.

    Args:
        data: What to start from; it stays as it is.
        out: Folder of the new data set.
        steps: Name and step, in turn.
        domains: Names; None takes all.
        engine: "polars" or "spark".
        master: Of the cluster; see `open_engine`.
        replace: Take the place of domains that are in `out` already.
        progress: Called with each step's name when it starts.

    Raises:
        InvalidInput: No step, `out` is the data set itself, or a setting is out of its range.
        Refused: A step cannot be taken on this data, or leaves a domain without rows.
        NotFound: No such domain, or engine.
        Unavailable: The engine or the disk does not answer.
    """
    names = sorted(data.domains if domains is None else domains)
    if not steps:
        raise InvalidInput("clean: expected at least one step, got none")
    if out.absolute() == data.path.absolute():
        raise InvalidInput(f"'{out}': expected another folder than the data set's own, which stays as it is")
    _refuse_unordered(data, names, steps)
    with disk_errors(out, "the data set"), workspace_beside(out) as workspace:
        with closing(open_engine(engine, workspace, master=master)) as runs:
            together = any(settings_of(step).get("over") == "all" for _, step in steps)
            own = [name for name in names if data.record(name).users_are == "own"] if together else []
            rows = _persons(runs.scan([path for name in names for path in data.files(name)]), own)
            rows, done = _taken(rows, steps, runs, names, progress)
            made = on_disk(_accounts(rows, own), runs, workspace / "rows")
        contents = {name: _content(data, name, made, [step.of(name) for step in done]) for name in names}
        links = carried(read_links(data.path), data.manifest.domains, names)  # as they are now, not when it began
        manifest = write_domains(out, contents, links=links, replace=replace, progress=progress)
    written = {name: manifest.domains[name].rows for name in names}
    if written != done[-1].rows_out:
        raise RuntimeError(f"clean: {done[-1].rows_out} rows came out of the last step, but {written} were written")
    return Cleaned(out, manifest.version, tuple(done))


def _refuse_unordered(data: Dataset, names: Sequence[str], steps: Sequence[tuple[str, Step]]) -> None:
    """Refuse steps that look at an order where there is none."""
    without = [name for name in names if not (data.record(name).has_order or data.record(name).has_times)]
    needs = [name for name, step in steps if step.needs_order]
    if without and needs:
        raise Refused(
            f"{needs[0]}: needs an order of each user's rows and these domains have none: {', '.join(without)}; "
            "take protocol 'hash', or leave the domains out with --domains"
        )


def _taken(
    rows: Table,
    steps: Sequence[tuple[str, Step]],
    engine: Engine,
    names: Sequence[str],
    progress: Callable[[str], None] | None,
) -> tuple[Table, list[Done]]:
    """Take all steps in turn, and count rows before and after each."""
    done = []
    before = _counts(rows, names)
    for name, step in steps:
        if progress:
            progress(name)
        rows = engine.keep(step(rows, engine))
        after = _counts(rows, names)
        if empty := [domain for domain, count in after.items() if not count]:
            raise Refused(f"step {name}: leaves no row of domain '{empty[0]}' ({before[empty[0]]:,} came in); ask less")
        if any(after[domain] > before[domain] for domain in names):
            raise RuntimeError(f"step {name}: {before} rows came in and {after} out")
        parts = _parts(rows, names) if name == "partition" else {}
        done.append(Done(name, settings_of(step), step.why, before, after, parts))
        before = after
    return rows, done


def _counts(rows: Table, names: Sequence[str]) -> dict[str, int]:
    counted = collected(rows.group_by("domain").agg(nw.len().cast(nw.Int64()).alias("rows")))
    found = dict(counted.select("domain", "rows").iter_rows())
    return {name: found.get(name, 0) for name in names}


def _parts(rows: Table, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the rows of each part of the split, by domain."""
    counted = collected(rows.group_by("domain", "split").agg(nw.len().cast(nw.Int64()).alias("rows")))
    found = {(domain, part): count for domain, part, count in counted.select("domain", "split", "rows").iter_rows()}
    return {name: {part: found.get((name, part), 0) for part in SPLITS} for name in names}


def _persons(rows: Table, own: Sequence[str]) -> Table:
    """Write the users of domains with their own users so that they are like no one else."""
    if not own:
        return rows
    named = nw.concat_str(nw.col("domain"), nw.lit(_OWN), nw.col("user_id"))
    return rows.with_columns(
        nw.when(nw.col("domain").is_in(list(own))).then(named).otherwise(nw.col("user_id")).alias("user_id")
    )


def _accounts(rows: Table, own: Sequence[str]) -> Table:
    """Write users as the source has them again."""
    user = nw.col("user_id")
    for name in own:
        here = nw.col("domain") == name
        user = nw.when(here).then(nw.col("user_id").str.slice(len(name) + len(_OWN))).otherwise(user)
    return rows.with_columns(user.alias("user_id")) if own else rows


def _content(data: Dataset, name: str, rows: pl.LazyFrame, steps: Sequence[dict[str, object]]) -> Content:
    """Put the new rows of a domain together with all else that is known about it."""
    record = data.record(name)
    rows = rows.filter(pl.col("domain") == name)
    users, ties = data.users(name), data.ties(name)
    return Content(
        rows=rows.select(pl.col(column).cast(kind) for column, kind in INTERACTIONS.items()),
        source="clean",
        options={"from": data.manifest.version},
        items=data.items(name),
        users=users if users.height else None,
        ties=ties if ties.height else None,
        files=tuple(FileNote(file.name, file.sha256, file.size) for file in record.files),
        licence=record.licence,
        has_order=record.has_order,
        users_are=record.users_are,
        private=record.private,
        steps=(*record.steps, *steps),
    )
