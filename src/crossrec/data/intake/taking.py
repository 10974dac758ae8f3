"""Rows of a reading to staged parts: the fast way where it is exact, line by line where it is not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import polars as pl

from crossrec.data.coded.file import CodedFile
from crossrec.data.coded.sink import sink_coded
from crossrec.data.intake.duplicates import Repeats, unnamed, without_repeats
from crossrec.data.intake.elsewhere import Workers
from crossrec.data.intake.row_checks import checked, kept, refused, settle_unit
from crossrec.data.numbers.sink import Survey, sink_numbers
from crossrec.data.source import Reading, Rules
from crossrec.data.storing.months import sink_months
from crossrec.data.storing.parts import Staged, height
from crossrec.data.storing.quarantine import refused_frame, together
from crossrec.data.storing.transaction import of_the_disk

__all__ = ["Taken", "take"]


@dataclass(frozen=True)
class Taken:
    """What became of the rows of a reading.

    Args:
        staged: The good rows, as parts in the workspace.
        quarantined: The others, which may be many: on disk in the workspace.
        unit: Unit of the times in the source.
        survey: What is known of the rows already, where nothing was taken out since.
        repeats_elsewhere: File -> rows of it that another file had brought before.
    """

    staged: tuple[Staged, ...]
    quarantined: pl.LazyFrame
    unit: str
    repeats_elsewhere: Mapping[str, int]
    survey: Survey | None = None


@dataclass(frozen=True)
class _Sunk:
    """Parts that were written, the rows as they were checked, those that are refused, and what is known of the good."""

    staged: list[Staged]
    rows: pl.LazyFrame
    bad: pl.LazyFrame = field(default_factory=lambda: refused_frame().lazy())
    survey: Survey | None = None


def take(
    reading: Reading,
    domain: str,
    workspace: Path,
    *,
    only: Collection[str] | None = None,
    first_positions: Mapping[str, int] | None = None,
    already: Mapping[str, Collection[Path]] | None = None,
    workers: Workers | None = None,
) -> Taken:
    """Check rows and write the good ones, each once.

    Args:
        reading: What the source found.
        domain: The domain's name.
        workspace: A folder for parts.
        only: Take the rows of these files alone; None takes all.
        first_positions: File -> what is added to the positions of its rows.
        already: Month -> parts of the data set that stay: a row that is in them is a repeat.
        workers: They check the rows; None checks them here.
    """
    reading = replace(reading, rules=replace(reading.rules, unit=_unit(reading)))
    first = first_positions or {}
    sunk = None if workers else _fast(reading, domain, workspace / "fast", only=only, first=first)
    if sunk is None and reading.coded and not workers:
        sunk = _coded(reading, reading.coded, domain, workspace / "coded", only=only, first=first)
    if sunk is None:
        if workers:
            rows = _checked_there(reading, domain, workers)
        else:
            rows = checked(_parsed_once(reading, workspace), reading.rules, domain)
        rows = rows if only is None else rows.filter(pl.col("#file").is_in(list(only)))
        rows = _shifted(rows, reading, first)
        sunk = _Sunk(sink_months(kept(rows), workspace / "rows"), rows, _bad(rows, reading, workspace))
    staged, survey = _in_source_order(sunk.staged, reading), sunk.survey
    repeats = Repeats.none(staged)
    if not reading.repeats and (already or survey is None or survey.repeated):
        given = reading.rows.collect_schema().names()
        good = sunk.rows.filter(~pl.col("#broken"))
        repeats = without_repeats(staged, good, given, workspace, already=already or {})
    before = reading.refused if only is None else reading.refused.filter(pl.col("file").is_in(list(only)))
    twice = repeats.quarantined
    twice = twice.with_columns(unnamed(pl.col("value"))) if reading.private else twice
    away = together([before.lazy(), sunk.bad, twice])
    survey = survey if repeats.staged == tuple(staged) else None
    return Taken(repeats.staged, away, reading.rules.unit, repeats.elsewhere, survey)


def _fast(
    reading: Reading, domain: str, folder: Path, *, only: Collection[str] | None, first: Mapping[str, int]
) -> _Sunk | None:
    """Write the rows of one file by the simpler parser; None where they are not all good and exact."""
    if reading.fast is None or reading.rules.unit == "iso":
        return None
    fast, rules = reading.fast, reading.rules
    rows = checked(fast.rows.with_columns(pl.col("line").alias("position")), rules, domain)
    if only is not None and fast.file not in only:
        return _Sunk([], rows.filter(pl.lit(value=False)))
    shift = first.get(fast.file, 0)
    rows = rows.with_columns(pl.col("position") + shift)
    try:
        sunk = sink_numbers(fast, kept(rows), folder, rules=rules, shift=shift)
        if sunk is not None:
            return _Sunk(sunk[0], rows, survey=sunk[1])
        staged = sink_months(kept(rows), folder, origin=fast.file)
    except (pl.exceptions.PolarsError, ValueError) as error:
        if of_the_disk(error, folder.parent):
            raise
        return None  # a field that does not fit its type: the slow way finds out which
    exact = sum(height(one.path) for one in staged) == fast.expected
    return _Sunk(staged, rows) if exact else None


def _coded(
    reading: Reading,
    coded: CodedFile,
    domain: str,
    folder: Path,
    *,
    only: Collection[str] | None,
    first: Mapping[str, int],
) -> _Sunk:
    """Write the rows of one file that were read as codes, and those of its odd lines that keep all rules."""
    rows = _shifted(checked(reading.rows, reading.rules, domain), reading, first)
    if only is not None and coded.file not in only:
        return _Sunk([], rows.filter(pl.lit(value=False)))
    shift = first.get(coded.file, 0)
    odd = checked(coded.odd.lazy().with_columns(pl.col("position") + shift), reading.rules, domain)
    good = kept(odd).drop("#file").collect()
    staged, survey = sink_coded(coded, good, folder, kind=reading.rules.kind, domain=domain, shift=shift)
    return _Sunk(staged, rows, _bad(odd, reading, folder.parent), survey)


def _parsed_once(reading: Reading, workspace: Path) -> pl.LazyFrame:
    """Write parsed rows to the workspace, since they are asked for the good, the bad and the repeated ones."""
    if reading.stored:
        return reading.rows
    workspace.mkdir(parents=True, exist_ok=True)
    path = workspace / "parsed.parquet"
    reading.rows.sink_parquet(path, compression="lz4", statistics=False)
    return pl.scan_parquet(path, glob=False)


def _checked_there(reading: Reading, domain: str, workers: Workers) -> pl.LazyFrame:
    """Have the rows checked by the workers; rows and positions are those of the checks here."""
    rows = workers.mapped(reading.rows, partial(_checked_part, rules=reading.rules, domain=domain))
    if reading.fast is None or reading.rules.unit == "iso":
        return rows
    good, all_ = rows.select((~pl.col("#broken")).sum(), pl.len()).collect(engine="streaming").row(0)
    # The simpler parser, which would have read these rows here, counts positions by lines.
    return rows.with_columns(pl.col("#row").alias("position")) if good == all_ == reading.fast.expected else rows


def _checked_part(rows: pl.LazyFrame, rules: Rules, domain: str) -> pl.LazyFrame:
    """Check some rows, which know their place among all."""
    named = "position" in rows.collect_schema()
    return checked(rows.drop("place") if named else rows.rename({"place": "position"}), rules, domain)


def _unit(reading: Reading) -> str:
    """Settle the unit of the times, by the fast rows where they can be read."""
    if reading.coded and len(reading.coded.rows) > reading.coded.odd.height:
        return reading.rules.unit  # most times were read by it, so it fits the middle one
    if reading.fast is not None:
        try:
            return settle_unit(reading.fast.rows, reading.rules)
        except pl.exceptions.PolarsError:
            pass  # as in _fast: the exact rows decide
    return settle_unit(reading.rows, reading.rules)


def _shifted(rows: pl.LazyFrame, reading: Reading, first: Mapping[str, int]) -> pl.LazyFrame:
    """Let the rows of added files follow those of the files before, where the source gives no order of its own."""
    moved = {file: by for file, by in first.items() if by}
    if not moved or "position" in reading.rows.collect_schema():
        return rows
    by = pl.col("#file").replace_strict(moved, default=0, return_dtype=pl.Int64)
    return rows.with_columns(pl.col("position") + by)


def _bad(rows: pl.LazyFrame, reading: Reading, workspace: Path) -> pl.LazyFrame:
    """Write the rows that break a rule aside; a whole line that may hold a name is not shown, nor who was left out."""
    bad = refused(rows)
    if reading.by_rule:
        bad = bad.with_columns(pl.when(~pl.col("reason").is_in(reading.by_rule)).then(pl.col("value")).alias("value"))
    if reading.private:
        bad = bad.with_columns(pl.when(pl.col("column") != "").then(pl.col("value")).alias("value"))
    workspace.mkdir(parents=True, exist_ok=True)
    path = workspace / "refused.parquet"
    bad.sink_parquet(path, compression="lz4")
    return pl.scan_parquet(path, glob=False)


def _in_source_order(staged: list[Staged], reading: Reading) -> list[Staged]:
    """Sort parts by the order in which the source has their files."""
    place = {note.name: number for number, note in enumerate(reading.files)}
    return sorted(staged, key=lambda one: (place.get(one.origin, len(place)), one.month, one.path.name))
