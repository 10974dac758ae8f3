"""The page of a leaderboard: one HTML file with plots that needs no network and no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from crossrec.data.report.paper import templates, write_page
from crossrec.data.report.section import Section
from crossrec.evaluation.comparing.leaderboard import Leaderboard
from crossrec.evaluation.comparing.plots import Mark, against, by_group
from crossrec.evaluation.comparing.words import (
    beyond_rows,
    beyond_words,
    gap_rows,
    gap_words,
    lead,
    model_rows,
    settings_rows,
)
from crossrec.evaluation.report import ModelReport
from crossrec.evaluation.slices import HISTORY_GROUPS

__all__ = ["html_leaderboard", "write_html_leaderboard"]

_PAGES = templates("crossrec.evaluation.comparing")
_GROUPS = {
    "history": ("By history", "interactions in the asker's history", tuple(HISTORY_GROUPS)),
    "popularity": (
        "By popularity of the answer",
        "popularity of the right answer",
        ("head", "tail", "unseen"),
    ),
    "person": ("By person", "person", ("known", "new")),
    "domain": ("By domain", "domain", ()),
}


def html_leaderboard(board: Leaderboard) -> str:
    """Return a leaderboard as one HTML page; the same numbers give the same text."""
    failures = [entry for entry in board.entries if entry.report is None]
    page = _PAGES.get_template("leaderboard.html.jinja")
    return page.render(board=board, lead=lead(board), sections=_sections(board), failures=failures)


def write_html_leaderboard(board: Leaderboard, path: Path) -> None:
    """Write the page; a file of that name is replaced once the new one is whole.

    Raises:
        Unavailable: The file cannot be written.
    """
    write_page(html_leaderboard(board), path)


def _sections(board: Leaderboard) -> list[Section]:
    """Put the page together; what nobody has a number for is left out."""
    reports = list(board.report.models)
    sections = [_tabled("Models", "The best first; costs are those of this machine.", model_rows(board))]
    if beyond := beyond_rows(board):
        sections.append(_tabled("Beyond accuracy", _sentence(beyond_words(board)), beyond))
    if gaps := gap_rows(board):
        sections.append(_tabled("Differences", _sentence(gap_words(board)), gaps))
    if not reports:
        return sections
    marks = _marks(board)
    sections.append(_cost(board.goal, reports, marks))
    k = board.report.protocol["k"]
    coverage = next((name for name in reports[0].metrics if name.partition(" ")[0] == f"coverage@{k}"), None)
    if coverage is not None:
        sections.append(_coverage(board.goal, coverage, reports, marks))
    groups = [_grouped(board.goal, by, reports, marks) for by in _GROUPS]
    sections += [section for section in groups if section is not None]
    return [*sections, _tabled("Settings", "", settings_rows(board))]


def _marks(board: Leaderboard) -> list[Mark]:
    return [
        Mark(entry.name, best=entry is board.best, baseline=entry.baseline)
        for entry in board.entries
        if entry.report is not None
    ]


def _cost(goal: str, reports: Sequence[ModelReport], marks: list[Mark]) -> Section:
    """Draw the metric over the seconds of the fit."""
    title, across = "Accuracy against cost", "seconds of the fit"
    rows = [(one.name, _four(one.metrics[goal].value), f"{one.fit_seconds:,.2f}") for one in reports]
    words = "Higher is better, further left is cheaper; bars are 95 % intervals. Orange is the best, grey a baseline."
    x = [max(one.fit_seconds, 1e-3) for one in reports]
    plot = _against(goal, reports, marks, x, title=title, across=across, log=True)
    return Section(title, words, ("model", goal, "fit s"), tuple(rows), plot=plot)


def _coverage(goal: str, coverage: str, reports: Sequence[ModelReport], marks: list[Mark]) -> Section:
    """Draw the metric over the share of the catalogue that is shown to anybody."""
    title, across = "Accuracy against coverage", "share of the catalogue in at least one list"
    rows = [(one.name, _four(one.metrics[goal].value), _four(one.metrics[coverage].value)) for one in reports]
    words = "Higher is better, further right shows more of the catalogue."
    x = [one.metrics[coverage].value for one in reports]
    plot = _against(goal, reports, marks, x, title=title, across=across, log=False)
    return Section(title, words, ("model", goal, coverage), tuple(rows), plot=plot)


def _against(
    goal: str,
    reports: Sequence[ModelReport],
    marks: list[Mark],
    x: Sequence[float],
    *,
    title: str,
    across: str,
    log: bool,
) -> str:
    """Draw the metric of the order, with its intervals, over something else."""
    numbers = [one.metrics[goal] for one in reports]
    bars = [(number.value, number.value) if math.isnan(number.low) else (number.low, number.high) for number in numbers]
    heights = [number.value for number in numbers]
    words = f"{title}: {goal} of {len(marks)} models over {across}"
    return against(title.lower().replace(" ", "-"), words, marks, x, heights, bars, across=across, up=goal, log=log)


def _grouped(goal: str, by: str, reports: Sequence[ModelReport], marks: list[Mark]) -> Section | None:
    """Draw the metric in the parts of the questions; None where they have fewer than two."""
    title, across, order = _GROUPS[by]
    parts = {part.value: part for part in reports[0].slices if part.by == by and goal in part.metrics}
    groups = [name for name in order or parts if name in parts]
    if len(groups) < 2:
        return None
    values = {one.name: [_in_part(one, by, group, goal) for group in groups] for one in reports}
    rows = [(one.name, *(_four(value) for value in values[one.name])) for one in reports]
    counts = ", ".join(f"{group}: {parts[group].metrics[goal].n:,}" for group in groups)
    plot = by_group(
        f"by-{by}", f"{goal} of {len(marks)} models {title.lower()}", marks, groups, values, across=across, up=goal
    )
    return Section(title, f"Lists in each group: {counts}.", ("model", *groups), tuple(rows), plot=plot)


def _in_part(report: ModelReport, by: str, group: str, goal: str) -> float:
    found = (part.metrics[goal].value for part in report.slices if (part.by, part.value) == (by, group))
    return next(found, math.nan)


def _tabled(title: str, words: str, rows: list[list[str]]) -> Section:
    """Make a section of a table whose first row is its head."""
    head, *body = rows
    return Section(
        title, words, tuple(head), tuple(tuple("–" if cell == "-" else cell for cell in row) for row in body)
    )


def _four(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
