"""Sections about where the rows come from, when things happened, what is cold, known and refused."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from crossrec.data.report import plots
from crossrec.data.report.activity import WEEKDAYS, Activity
from crossrec.data.report.count_sections import count_sections
from crossrec.data.report.figures import DomainFigures, Overlap
from crossrec.data.report.plots import percent
from crossrec.data.report.section import Cell, Section, whole

__all__ = ["domain_sections", "overlap_section"]

_SHOWN = 8


def domain_sections(found: DomainFigures) -> list[Section]:
    """Describe one domain, in the order of the page."""
    counted = count_sections(found)
    parts = [_accounts(found), *counted[:5], *_times(found), counted[5], _cold(found), _coverage(found)]
    return [*parts, *_quarantine(found)]


def overlap_section(overlap: Overlap) -> Section:
    """Describe which users domains share; a share is of the users of the row's domain."""
    if not ((overlap.shared >= 0).sum(axis=1) > 1).any():
        words = (
            "Each domain was imported with users of its own, so the same id is not the same person, "
            "and no accounts are linked."
        )
        return Section("Users in several domains", words)
    shares = np.where(overlap.shared >= 0, overlap.shared / np.maximum(overlap.users, 1)[:, None], np.nan)
    plot = plots.heat(
        "overlap",
        "Share of the users of the row's domain who are in the column's domain too.",
        shares,
        overlap.domains,
        overlap.domains,
        names=("of the users of", "are in"),
        written=True,
    )
    rows = tuple(
        (name, *(whole(int(cell)) if cell >= 0 else "own ids" for cell in line))
        for name, line in zip(overlap.domains, overlap.shared, strict=True)
    )
    words = (
        "Users in both domains, and in the plot their share of the users of the row's domain. Linked accounts are "
        "one user. Where it says “own ids” a domain was imported with users of its own and no account in it "
        "is linked: the same id is not the same person there."
    )
    return Section("Users in several domains", words, ("", *overlap.domains), rows, plot)


def _accounts(found: DomainFigures) -> Section:
    record = found.record
    away = sum(record.quarantined.values())
    parts = (record.rows / max(1, record.rows_in), away / max(1, record.rows_in))
    plot = plots.sideways(
        f"{found.report.domain}-accounts",
        f"Of {whole(record.rows_in)} rows {percent(parts[0])} were taken and {percent(parts[1])} quarantined.",
        ["taken", "quarantined"],
        parts,
        [percent(part) for part in parts],
    )
    files = tuple(
        (
            f"file {file.name}",
            (f"{whole(file.rows)} of {whole(file.rows_in)} rows, " if file.rows_in else "")
            + f"{whole(file.size)} bytes, SHA-256 {file.sha256[:16]}…",
        )
        for file in record.files
    )
    options = ", ".join(f"{name}={value}" for name, value in sorted(record.options.items())) or "none"
    kinds = ", ".join(f"{kind} {whole(rows)}" for kind, rows in found.report.kinds.items())
    rows: tuple[tuple[Cell, ...], ...] = (
        ("rows in", whole(record.rows_in)),
        ("rows taken", whole(record.rows)),
        ("rows quarantined", whole(away)),
        ("rows about items quarantined", whole(sum(record.items_quarantined.values()))),
        ("kinds", kinds),
        ("source", record.source),
        ("options", options),
        ("licence", record.licence or "not known"),
        ("user ids", "shared with other shared domains" if record.users_are == "shared" else "of this domain alone"),
        *files,
    )
    agrees = "as it must be" if record.rows_in == record.rows + away else "WHICH DOES NOT ADD UP"
    words = f"{whole(record.rows_in)} rows in = {whole(record.rows)} taken + {whole(away)} quarantined, {agrees}."
    return Section("Where the rows went", words, ("", "figure"), rows, plot)


def _times(found: DomainFigures) -> list[Section]:
    activity, order = found.activity, found.report.order
    if activity is None:
        known = {
            "order only": "Order only: the rows of a user stand in an order, and no row has a time. Nothing can be cut "
            "by date; “leave the last out” can be.",
            "none": "No order: the rows have neither a time nor an order that means something. Neither a cut by date "
            "nor “leave the last out” is possible.",
        }
        return [Section("Activity over time", known.get(order, "No row has a time."))]
    return [_activity(found, activity), _rhythm(found, activity)]


def _activity(found: DomainFigures, activity: Activity) -> Section:
    cold = found.cold
    cuts = [] if cold.cuts is None else list(zip(cold.cuts, ("validation", "test"), strict=True))
    plot = plots.lines(
        f"{found.report.domain}-activity",
        f"Rows by {activity.period}, from {activity.label(0)} to {activity.label(-1)}; the most is "
        f"{whole(int(activity.rows.max()))}.",
        np.append(activity.starts, activity.end),
        activity.rows.tolist(),
        across=f"{activity.period}, UTC",
        cuts=[(np.datetime64(moment, "ms"), label) for moment, label in cuts],
    )
    first, last = found.record.time_range or (0, 0)
    busiest = int(activity.rows.argmax())
    rows: tuple[tuple[Cell, ...], ...] = (
        ("first", _moment(first)),
        ("last", _moment(last)),
        ("unit as imported", found.record.unit or "milliseconds"),
        ("all times are whole", activity.resolution),
        ("rows without a time", whole(activity.untimed)),
        (f"busiest {activity.period}", f"{activity.label(busiest)}: {whole(int(activity.rows[busiest]))}"),
        (f"{activity.period}s without a row", whole(int((activity.rows == 0).sum()))),
        *((f"{label} from", _moment(moment)) for moment, label in cuts),
    )
    dashes = " Dashed: where validation and test begin (0.8 and 0.9 of the rows)." if cuts else ""
    empty = f"Rows by {activity.period}; a {activity.period} without rows stands at 0."
    words = f"{empty}{dashes} Times are stored as milliseconds UTC."
    return Section("Activity over time", words, ("", "figure"), rows, plot)


def _rhythm(found: DomainFigures, activity: Activity) -> Section:
    by_day = activity.rhythm.sum(axis=1)
    share = by_day / max(1, by_day.sum())
    rows = tuple(
        (day, whole(int(count)), percent(part)) for day, count, part in zip(WEEKDAYS, by_day, share, strict=True)
    )
    if activity.resolution == "days":
        plot = plots.sideways(
            f"{found.report.domain}-rhythm",
            "Share of rows by weekday: "
            + ", ".join(f"{day} {percent(part)}" for day, part in zip(WEEKDAYS, share, strict=True)),
            WEEKDAYS,
            share.tolist(),
            [percent(part) for part in share],
            scale=max(float(share.max()), 0.01),
        )
        return Section(
            "Weekday",
            "Times are whole days, so there is no hour of the day to show.",
            ("weekday", "rows", "share"),
            rows,
            plot,
        )
    hour = int(activity.rhythm.sum(axis=0).argmax())
    plot = plots.heat(
        f"{found.report.domain}-rhythm",
        f"Rows by weekday and hour, UTC; the busiest hour is {hour}:00.",
        activity.rhythm.astype(np.float64),
        [day[:3] for day in WEEKDAYS],
        [str(number) for number in range(24)],
        names=("", "hour, UTC"),
    )
    words = f"Darker is busier; the busiest hour is {hour}:00. Hours are UTC, not the users' own."
    return Section("Hour and weekday", words, ("weekday", "rows", "share"), rows, plot)


def _cold(found: DomainFigures) -> Section:
    cold = found.cold
    if cold.users is None or cold.items is None:
        return Section("Cold users and items at the split", f"Not shown: {cold.note}.")
    bars = (
        ("users of test not in train", _part(cold.users.cold, cold.users.tested)),
        ("items of test not in train", _part(cold.items.cold, cold.items.tested)),
        ("rows of test by such a user", _part(cold.users.cold_rows, cold.users.rows)),
        ("rows of test on such an item", _part(cold.items.cold_rows, cold.items.rows)),
    )
    plot = plots.sideways(
        f"{found.report.domain}-cold",
        "; ".join(f"{label}: {percent(share)}" for label, share in bars),
        [label for label, _ in bars],
        [share for _, share in bars],
        [percent(share) for _, share in bars],
    )
    sides = (cold.users, cold.items)
    rows = (
        ("in test", *(whole(side.tested) for side in sides)),
        ("not in train", *(whole(side.cold) for side in sides)),
        ("… of those in test", *(percent(_part(side.cold, side.tested)) for side in sides)),
        ("neither in train nor validation", *(whole(side.colder) for side in sides)),
        ("rows of test", *(whole(side.rows) for side in sides)),
        ("… of the cold", *(percent(_part(side.cold_rows, side.rows)) for side in sides)),
    )
    words = f"Protocol “{cold.protocol}”: {cold.note}. A model that learns by id alone has no answer for the cold."
    return Section("Cold users and items at the split", words, ("", "users", "items"), rows, plot)


def _coverage(found: DomainFigures) -> Section:
    coverage = found.coverage
    title = "What is known about the items"
    if not coverage.columns:
        return Section(title, "Nothing: the source gives ids alone.")
    shares = {topic: _part(filled, coverage.items) for topic, filled in coverage.topics.items()}
    plot = plots.sideways(
        f"{found.report.domain}-coverage",
        "Share of items that have: " + ", ".join(f"{topic} {percent(share)}" for topic, share in shares.items()),
        list(shares),
        list(shares.values()),
        [percent(share) if share else "none" for share in shares.values()],
    )
    rows = tuple(
        (
            column.name,
            column.topic,
            whole(column.filled),
            percent(_part(column.filled, coverage.items)),
            _size(column.middle),
        )
        for column in coverage.columns
    )
    words = (
        f"Of the {whole(coverage.items)} items of the catalogue, those with a value that is not empty. A column counts "
        "for a topic by its name. The size is the middle number of characters, or of entries of a list."
    )
    return Section(title, words, ("column", "topic", "items", "share", "size"), rows, plot)


def _quarantine(found: DomainFigures) -> list[Section]:
    if not found.refusals:
        return [Section("Quarantine", "No row was refused.")]
    total = sum(one.rows for one in found.refusals)
    shown = found.refusals[:_SHOWN]
    plot = plots.sideways(
        f"{found.report.domain}-quarantine",
        "Refused rows: " + ", ".join(f"{one.reason} {whole(one.rows)}" for one in shown),
        [one.reason for one in shown],
        [one.rows / total for one in shown],
        [plots.short(one.rows) for one in shown],
        scale=max(one.rows / total for one in shown),
    )
    counts = tuple((one.what, one.reason, whole(one.rows), percent(one.rows / total)) for one in found.refusals)
    examples = tuple(
        (file, whole(row), column or "whole row", one.reason, "not shown" if found.record.private else value)
        for one in found.refusals
        for file, row, column, value in one.examples
    )
    hidden = (
        "Values are not shown: they may name people." if found.record.private else "Values are cut to 200 characters."
    )
    return [
        Section(
            "Quarantine",
            "Rows that were refused, and why; none is lost.",
            ("of", "reason", "rows", "share"),
            counts,
            plot,
        ),
        Section(
            "Examples of refused rows",
            f"Up to three a reason. {hidden}",
            ("file", "row", "column", "reason", "value"),
            examples,
            wide=True,
        ),
    ]


def _part(some: int, whole_number: int) -> float:
    return some / whole_number if whole_number else 0.0


def _size(middle: float | None) -> str:
    return "" if middle is None else f"{middle:,.0f}"


def _moment(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
