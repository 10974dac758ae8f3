"""Sections about counts: sparsity, popularity, rows by user, repeats and ratings."""

from __future__ import annotations

import numpy as np

from crossrec.data.report import plots
from crossrec.data.report.figures import DomainFigures
from crossrec.data.report.plots import percent
from crossrec.data.report.section import Section, whole
from crossrec.data.report.spread import Bin

__all__ = ["count_sections"]


def count_sections(found: DomainFigures) -> list[Section]:
    """Describe how many rows users, items and pairs have, and the ratings."""
    return [_sparsity(found), _popularity(found), _top(found), _by_user(found), _repeats(found), _ratings(found)]


def _sparsity(found: DomainFigures) -> Section:
    tally, domain = found.report.tally, found.report.domain
    users, items = _from_first(tally.users.bins()), _from_first(tally.items.bins())
    cells = tally.cell_densities()[-len(users) :, -len(items) :]
    density, filled = percent(tally.density), cells[cells > 0]
    plot = plots.heat(
        f"{domain}-sparsity",
        f"Share of possible pairs that occur, by rows of the user (down) and of the item (across); {density} in all.",
        cells,
        [part.label for part in users],
        [part.label for part in items],
        names=("rows of the user", "rows of the item"),
        log=True,
    )
    possible = tally.users.size * tally.items.size
    rows = (
        ("pairs that could be", whole(possible)),
        ("distinct pairs that are", whole(tally.pairs.size)),
        ("density", density),
        ("… of the emptiest shade", percent(float(filled.min()))),
        ("… of the fullest shade", percent(float(filled.max()))),
        ("users", whole(tally.users.size)),
        ("items with a row", whole(tally.items.size)),
        ("items in the catalogue", whole(found.record.catalogue)),
        ("catalogue without a row", percent(1 - found.record.items / max(1, found.record.catalogue))),
    )
    words = (
        "How full the matrix of users and items is. In the plot, darker is fuller (log scale): users from few rows "
        "(top) to many (bottom), items from rare (left) to popular (right). White: no pair occurs."
    )
    return Section("Sparsity", words, ("", "figure"), rows, plot)


def _popularity(found: DomainFigures) -> Section:
    items, users = found.report.tally.items, found.report.tally.users
    plot = plots.popularity(
        f"{found.report.domain}-popularity",
        f"Left: rows by rank of item on log axes, from {whole(items.most)} down. Right: Lorenz curves; the Gini "
        f"coefficient is {items.gini:.2f} for items and {users.gini:.2f} for users.",
        items,
        users,
    )
    shares = tuple(
        (f"top {share:.0%} of items".replace("%", " %"), percent(items.share_of_top(share)))
        for share in (0.01, 0.05, 0.1, 0.2, 0.5)
    )
    rows = (
        ("most frequent item", percent(items.most / max(1, items.rows))),
        *shares,
        ("items with one row", percent(items.under(2) / max(1, items.size))),
        ("Gini of items", f"{items.gini:.3f}"),
        ("Gini of users", f"{users.gini:.3f}"),
    )
    words = (
        "How much of the activity a few items take. The further a Lorenz curve hangs below the diagonal, the more "
        "unequal; a list of the most popular items is a strong opponent where the curve hangs low."
    )
    return Section("Popularity", words, ("", "of rows"), rows, plot)


def _top(found: DomainFigures) -> Section:
    total = max(1, found.report.rows)
    rows = tuple((item, title or "not known", whole(count), percent(count / total)) for item, title, count in found.top)
    return Section(
        "Most frequent items", "Ids as the source writes them.", ("item", "title", "rows", "share"), rows, wide=True
    )


def _by_user(found: DomainFigures) -> Section:
    users = found.report.tally.users
    bins = _from_first(users.bins())
    plot = plots.bars(
        f"{found.report.domain}-users",
        "Users by number of rows: " + ", ".join(f"{part.label}: {whole(part.things)}" for part in bins),
        [part.label for part in bins],
        [part.things for part in bins],
        across="rows of a user",
        up="users",
    )
    rows = tuple(
        (
            part.label,
            whole(part.things),
            percent(part.things / max(1, users.size)),
            percent(part.rows / max(1, users.rows)),
        )
        for part in bins
    )
    words = (
        f"The middle user has {whole(users.quantile(0.5))} rows, one in ten has more than "
        f"{whole(users.quantile(0.9))}, the most active has {whole(users.most)}. "
        "A user with one row has nothing to hold out."
    )
    return Section("Rows by user", words, ("rows", "users", "of users", "of rows"), rows, plot)


def _repeats(found: DomainFigures) -> Section:
    pairs, report = found.report.tally.pairs, found.report
    if not report.repeats:
        return Section("Repeated pairs", "No user has the same item twice.")
    bins = pairs.bins()
    shares = [part.things / pairs.size for part in bins]
    plot = plots.sideways(
        f"{report.domain}-repeats",
        f"{whole(report.repeats)} rows repeat their user and item; shares of pairs by how often they occur.",
        [f"{part.label} ×" for part in bins],
        shares,
        [percent(share) for share in shares],
    )
    rows = tuple((part.label, whole(part.things), percent(part.things / pairs.size), whole(part.rows)) for part in bins)
    words = (
        f"{whole(report.repeats)} rows ({percent(report.repeats / max(1, report.rows))}) are a further act of a user "
        "on the same item. A matrix of users and items joins them; sequences keep them."
    )
    return Section("Repeated pairs", words, ("times", "pairs", "of pairs", "rows"), rows, plot)


def _ratings(found: DomainFigures) -> Section:
    ratings, report = found.ratings, found.report
    if ratings is None:
        return Section("Ratings", "No row has a rating.")
    plot = plots.bars(
        f"{report.domain}-ratings",
        "Rows by rating: "
        + ", ".join(f"{label}: {whole(rows)}" for label, rows in zip(ratings.labels, ratings.rows, strict=True)),
        ratings.labels,
        ratings.rows,
        across="rating",
        up="rows",
    )
    total = max(1, int(np.sum(ratings.rows)))
    rows = tuple(
        (label, whole(count), percent(count / total)) for label, count in zip(ratings.labels, ratings.rows, strict=True)
    )
    ranges = " More than twenty different values, shown as equal ranges." if ratings.binned else ""
    words = f"The mean is {ratings.mean:.2f}; {whole(ratings.unrated)} rows have no rating.{ranges}"
    return Section("Ratings", words, ("rating", "rows", "share"), rows, plot)


def _from_first(bins: list[Bin]) -> list[Bin]:
    """Leave out the bins before the first that has something."""
    first = next((place for place, part in enumerate(bins) if part.things), 0)
    return bins[first:]
