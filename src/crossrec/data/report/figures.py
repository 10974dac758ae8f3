"""The numbers of a quality report that the text report does not have, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crossrec.data.check import CheckReport, DomainReport
from crossrec.data.dataset import Dataset
from crossrec.data.manifest import DomainRecord
from crossrec.data.report.activity import Activity, activity_of
from crossrec.data.report.cold import ColdStart, cold_start
from crossrec.data.report.coverage import Coverage, coverage_of

__all__ = ["DomainFigures", "Overlap", "Ratings", "Refusal", "domain_figures", "overlap_of"]

_EXAMPLES, _DISTINCT = 3, 20


@dataclass(frozen=True)
class Ratings:
    """The ratings.

    Args:
        labels: A rating each, ascending, or a range where there are more than 20 different ones.
        rows: Rows of each.
        unrated: Rows without a rating.
        mean: Of all ratings.
        binned: The labels are ranges.
    """

    labels: tuple[str, ...]
    rows: tuple[int, ...]
    unrated: int
    mean: float
    binned: bool


@dataclass(frozen=True)
class Refusal:
    """One reason of the quarantine.

    Args:
        what: "interactions" or "items".
        reason: In words.
        rows: How many.
        examples: Up to three: file, row, column, value; the value is empty where it may name a person.
    """

    what: str
    reason: str
    rows: int
    examples: tuple[tuple[str, int, str, str], ...]


@dataclass(frozen=True)
class Overlap:
    """Users that domains share.

    Args:
        domains: Names; rows and columns of the matrix.
        users: Users of each.
        shared: Int64[n, n] users in both; -1 where a domain's users are its own and not linked, so that nobody can say.
    """

    domains: tuple[str, ...]
    users: tuple[int, ...]
    shared: NDArray[np.int64]


@dataclass(frozen=True)
class DomainFigures:
    """All that the page says of one domain.

    Args:
        report: The figures of the text report, with the tally behind them.
        record: The manifest's record.
        activity: Rows over time, None without times.
        ratings: None without ratings.
        cold: What is cold at the split.
        coverage: What is known about items.
        refusals: The quarantine by reason, the most frequent first.
        top: The ten items with the most rows: id, title (may be empty), rows.
    """

    report: DomainReport
    record: DomainRecord
    activity: Activity | None
    ratings: Ratings | None
    cold: ColdStart
    coverage: Coverage
    refusals: tuple[Refusal, ...]
    top: tuple[tuple[str, str, int], ...]


def domain_figures(dataset: Dataset, report: DomainReport) -> DomainFigures:
    """Count what the page shows of one domain.

    Args:
        dataset: The data set.
        report: The text report's figures of the domain.
    """
    rows, record = dataset.rows(report.domain), dataset.record(report.domain)
    items = dataset.items(report.domain).lazy()
    return DomainFigures(
        report=report,
        record=record,
        activity=activity_of(rows),
        ratings=_ratings(rows, report),
        cold=cold_start(rows, record),
        coverage=coverage_of(items),
        refusals=_refusals(dataset.refused(report.domain), record),
        top=_top(items, report),
    )


def overlap_of(report: CheckReport) -> Overlap:
    """Arrange the shared users of the text report as a matrix."""
    names = tuple(found.domain for found in report.domains)
    users = tuple(found.users for found in report.domains)
    shared = np.full((len(names), len(names)), -1, dtype=np.int64)
    np.fill_diagonal(shared, users)
    for one, name in enumerate(names):
        for other in range(one + 1, len(names)):
            both = report.shared_users.get(f"{name} & {names[other]}", -1)
            shared[one, other] = shared[other, one] = both
    return Overlap(names, users, shared)


def _ratings(rows: pl.LazyFrame, report: DomainReport) -> Ratings | None:
    """Take the text report's counts where they are all; otherwise count twenty ranges."""
    rating = pl.col("rating")
    found = rows.select(
        rating.count().alias("n"), rating.mean().alias("mean"), rating.min().alias("low"), rating.max().alias("high")
    )
    n, mean, low, high = found.collect(engine="streaming").row(0)
    if not n:
        return None
    if sum(report.ratings.values()) == n:
        pairs = sorted(report.ratings.items(), key=lambda pair: float(pair[0]))
        labels = [_short(float(label)) for label, _ in pairs]
        return Ratings(tuple(labels), tuple(count for _, count in pairs), report.rows - n, float(mean), binned=False)
    step = (high - low) / _DISTINCT
    place = ((rating - low) / step).floor().clip(0, _DISTINCT - 1).cast(pl.Int64)
    counted = rows.filter(rating.is_not_null()).group_by(place.alias("place")).len().collect(engine="streaming")
    counts = np.zeros(_DISTINCT, dtype=np.int64)
    counts[counted["place"].to_numpy()] = counted["len"].to_numpy()
    labels = [f"{_short(low + step * at)} to {_short(low + step * (at + 1))}" for at in range(_DISTINCT)]
    return Ratings(tuple(labels), tuple(counts.tolist()), report.rows - n, float(mean), binned=True)


def _refusals(refused: pl.LazyFrame, record: DomainRecord) -> tuple[Refusal, ...]:
    """Join the manifest's counts with a few examples each."""
    found = []
    for what, counts in (("interactions", record.quarantined), ("items", record.items_quarantined)):
        for reason, rows in counts.items():
            some = refused.filter(pl.col("reason") == reason).head(_EXAMPLES).collect(engine="streaming")
            examples = tuple(
                (file or "", row or 0, column or "", "" if record.private else value or "")
                for file, row, column, value in some.select("file", "row", "column", "value").rows()
            )
            found.append(Refusal(what, reason, rows, examples))
    return tuple(sorted(found, key=lambda one: -one.rows))


def _top(items: pl.LazyFrame, report: DomainReport) -> tuple[tuple[str, str, int], ...]:
    """Add titles to the items with the most rows."""
    titles: dict[str, str] = {}
    if "title" in items.collect_schema():
        wanted = items.filter(pl.col("item_id").is_in([item for item, _ in report.tally.top]))
        named = wanted.select("item_id", pl.col("title").cast(pl.String).fill_null("")).collect()
        titles = dict(zip(named["item_id"].to_list(), named["title"].to_list(), strict=True))
    return tuple((item, titles.get(item, ""), rows) for item, rows in report.tally.top)


def _short(value: float) -> str:
    """Write a number with up to three decimals, without zeros at the end."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
