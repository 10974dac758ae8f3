"""Check a data set: what is in it, and what looks wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime

import polars as pl

from crossrec.core import clock
from crossrec.data.dataset import Dataset
from crossrec.data.intake.prescan import file_hash
from crossrec.data.linking.overlap import persons_in_common
from crossrec.data.manifest import DomainRecord
from crossrec.data.report.tally import Tally, count

__all__ = ["CheckReport", "DomainReport", "Problem", "check"]


@dataclass(frozen=True)
class Problem:
    """Something that looks wrong: an "error" makes the data set unfit, a "warning" wants a look."""

    severity: str
    domain: str
    message: str


@dataclass(frozen=True)
class DomainReport:
    """The figures of one domain.

    Args:
        domain: Its name.
        rows: Interactions.
        rows_in: Rows that the source's files have: `rows` and those quarantined.
        users: Persons.
        items: Items with an interaction.
        density: Distinct pairs of user and item among all there could be, in [0, 1].
        repeats: Rows beyond the first of their user and item.
        order: "time", "order only" or "none".
        time_range: First and last day, or None.
        ratings: Rating -> rows, the 20 most frequent; empty without ratings.
        kinds: Kind -> rows.
        top_item_share: Share of the rows that the most frequent item has.
        users_under_2: Users with one row.
        quarantined: Refused rows by reason.
        tally: The counts behind it, for plots; not part of the JSON.
    """

    domain: str
    rows: int
    rows_in: int
    users: int
    items: int
    density: float
    repeats: int
    order: str
    time_range: list[str] | None
    ratings: dict[str, int]
    kinds: dict[str, int]
    top_item_share: float
    users_under_2: int
    quarantined: dict[str, int]
    tally: Tally = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain values, for JSON."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "tally"}


@dataclass(frozen=True)
class CheckReport:
    """The figures of all domains, the users they share, and what looks wrong.

    Args:
        domains: One report each.
        shared_users: Two domains, "books & films" -> persons in both: linked accounts, and one id of shared users.
        problems: Errors and warnings.
    """

    domains: tuple[DomainReport, ...]
    shared_users: dict[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Is there no error? Warnings do not count."""
        return all(problem.severity != "error" for problem in self.problems)

    def to_dict(self) -> dict[str, object]:
        """Return all of it as plain values, for JSON."""
        return {
            "ok": self.ok,
            "domains": [found.to_dict() for found in self.domains],
            "shared_users": self.shared_users,
            "problems": [asdict(problem) for problem in self.problems],
        }

    def __str__(self) -> str:
        lines = []
        for found in self.domains:
            span = " to ".join(found.time_range) if found.time_range else "no time"
            lines.append(
                f"{found.domain}: {found.rows:,} rows, {found.users:,} users, {found.items:,} items, "
                f"density {found.density:.3%}, repeats {found.repeats:,}, order: {found.order}, {span}\n"
                f"  most frequent item {found.top_item_share:.2%} of rows; users with one row {found.users_under_2:,}"
            )
            lines += [f"  quarantined {count:,}: {reason}" for reason, count in found.quarantined.items()]
        lines += [f"{pair}: {count:,} users in both" for pair, count in self.shared_users.items()]
        lines += [f"{problem.severity}: {problem.domain}: {problem.message}" for problem in self.problems]
        return "\n".join([*lines, "ok" if self.ok else "not ok"])


def check(dataset: Dataset) -> CheckReport:
    """Look a data set over: figures by domain, damaged files, suspicious times, shared users.

    Args:
        dataset: From `open_dataset`.
    """
    problems: list[Problem] = []
    reports = []
    for domain in dataset.domains:
        record = dataset.record(domain)
        damaged = _damaged(dataset, domain, record)
        problems += damaged
        if damaged:
            continue
        problems += _unaccounted(domain, record)
        report = _figures(dataset, domain, record)
        reports.append(report)
        problems += _suspicious(report, record)
    return CheckReport(tuple(reports), _overlaps(dataset, [found.domain for found in reports]), tuple(problems))


def _damaged(dataset: Dataset, domain: str, record: DomainRecord) -> list[Problem]:
    """Compare the files' hashes with those that were written."""
    found = []
    for part in (part for parts in record.parts.values() for part in parts):
        path = dataset.path / part.path
        if not path.is_file() or file_hash(path) != part.sha256:
            found.append(Problem("error", domain, f"{part.path}: not the part that was written; import it again"))
    return found


def _unaccounted(domain: str, record: DomainRecord) -> list[Problem]:
    """Hold what came in against what was taken and what was set aside."""
    away = sum(record.quarantined.values())
    if record.rows_in == record.rows + away:
        return []
    return [
        Problem(
            "error",
            domain,
            f"{record.rows_in:,} rows came in, but {record.rows:,} taken and {away:,} quarantined make "
            f"{record.rows + away:,}: rows are lost or counted twice; import it again",
        )
    ]


def _figures(dataset: Dataset, domain: str, record: DomainRecord) -> DomainReport:
    """Count what is in a domain."""
    rows = dataset.rows(domain)
    tally = count(rows, record.rows)
    rated = rows.filter(pl.col("rating").is_not_null())
    return DomainReport(
        domain=domain,
        rows=record.rows,
        rows_in=record.rows_in,
        users=record.users,
        items=record.items,
        density=tally.density,
        repeats=record.rows - tally.pairs.size,
        order="time" if record.has_times else "order only" if record.has_order else "none",
        time_range=None if record.time_range is None else [_day(time) for time in record.time_range],
        ratings=_distribution(rated, pl.col("rating").round(4).cast(pl.String)),
        kinds=_distribution(rows, pl.col("interaction_type").cast(pl.String)),
        top_item_share=tally.items.most / record.rows,
        users_under_2=tally.users.under(2),
        quarantined=record.quarantined,
        tally=tally,
    )


def _suspicious(report: DomainReport, record: DomainRecord) -> list[Problem]:
    """Find what a person should look at."""
    found = []
    away = sum(count for reason, count in record.quarantined.items() if reason not in record.by_rule)
    if record.time_range and record.time_range[0] == record.time_range[1] and record.rows > 1:
        found.append("all rows have the same time: is this a time at all?")
    if record.time_range and record.time_range[1] > clock.now() + clock.MILLISECONDS_PER_DAY:
        found.append(f"the last time, {_day(record.time_range[1])}, lies in the future")
    if away > 0.1 * record.rows_in:
        found.append(f"{away:,} of {record.rows_in:,} rows were quarantined")
    if report.top_item_share > 0.2 and record.items > 10:
        found.append(f"one item has {report.top_item_share:.0%} of all rows")
    if report.users_under_2 > 0.5 * record.users:
        found.append(f"{report.users_under_2:,} of {record.users:,} users have one row: nothing to hold out")
    return [Problem("warning", report.domain, message) for message in found]


def _overlaps(dataset: Dataset, domains: Sequence[str]) -> dict[str, int]:
    """Count the persons that pairs of domains share; of damaged ones, and of own users without links, nobody knows."""
    known = [name for name in domains if dataset.record(name).users_are == "shared" or dataset.linked(name).height]
    common = persons_in_common(dataset, known) if len(known) > 1 else {}
    pairs = [(one, other) for place, one in enumerate(known) for other in known[place + 1 :]]
    return {f"{one} & {other}": common[one][other] for one, other in pairs}


def _distribution(rows: pl.LazyFrame, value: pl.Expr) -> dict[str, int]:
    counted = rows.group_by(value.alias("value")).len().collect(engine="streaming")
    counted = counted.sort(["len", "value"], descending=[True, False]).head(20)
    return dict(zip(counted["value"].to_list(), counted["len"].to_list(), strict=True))


def _day(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, tz=UTC).date().isoformat()
