"""A leaderboard as text: tables for a terminal and for Markdown, with the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossrec.evaluation.report import aligned, shown
from crossrec.metrics.ranking import METRICS

if TYPE_CHECKING:
    from crossrec.evaluation.comparing.leaderboard import Entry, Leaderboard

__all__ = [
    "beyond_rows",
    "beyond_words",
    "gap_rows",
    "gap_words",
    "lead",
    "markdown",
    "model_rows",
    "settings_rows",
    "terminal",
]

Rows = list[list[str]]


def terminal(board: Leaderboard) -> str:
    """Return a leaderboard for a terminal."""
    lines = [*lead(board), "", *aligned(model_rows(board))]
    if beyond := beyond_rows(board):
        lines += ["", beyond_words(board), *aligned(beyond)]
    if gaps := gap_rows(board):
        lines += ["", gap_words(board), *aligned(gaps)]
    if failures := _failures(board):
        lines += ["", *(f"{name} failed: {reason}" for name, reason in failures)]
    return "\n".join(lines)


def markdown(board: Leaderboard) -> str:
    """Return a leaderboard as Markdown."""
    parts = [f"# Leaderboard by {board.goal}", *lead(board), _piped(model_rows(board))]
    if beyond := beyond_rows(board):
        parts += ["## Beyond accuracy", beyond_words(board), _piped(beyond)]
    if gaps := gap_rows(board):
        parts += ["## Differences", gap_words(board), _piped(gaps)]
    if failures := _failures(board):
        parts += ["## Failed", "\n".join(f"- `{name}`: {_one_line(reason)}" for name, reason in failures)]
    parts += ["## Settings", _piped(settings_rows(board))]
    return "\n\n".join(parts) + "\n"


def lead(board: Leaderboard) -> list[str]:
    """Return the lines above the tables: protocol, split, what was asked, and what to know first."""
    return [*board.report.heading(), *board.notes]


def model_rows(board: Leaderboard) -> Rows:
    """Return the table of models with its head: the metric of the order first, others, and costs."""
    reports = [entry.report for entry in board.entries if entry.report is not None]
    if not reports:
        return [["model"], *([entry.name] for entry in board.entries)]
    others = [name for name in reports[0].metrics if name != board.goal and name.partition("@")[0] in METRICS]
    rows = [["model", board.goal, "95 % interval", *others, "no opinion", "fit s", "peak MB", "lists/s"]]
    for entry in board.entries:
        if entry.report is None:
            rows.append([_named(entry), "failed", *[""] * (len(rows[0]) - 2)])
            continue
        report, first = entry.report, entry.report.metrics[board.goal]
        rows.append(
            [
                _named(entry),
                shown(first.value),
                _interval(first.low, first.high),
                *(shown(report.metrics[name].value) for name in others),
                f"{report.no_opinion_share:.1%}",
                shown(report.fit_seconds, 2),
                shown(report.peak_mb, 0),
                shown(report.lists_per_second, 0),
            ]
        )
    return rows


def beyond_rows(board: Leaderboard) -> Rows:
    """Return the table of what else lists are good or bad for, with its head; nothing where nothing stood."""
    reports = board.report.models
    if not reports:
        return []
    columns = [name for name in reports[0].metrics if name.partition("@")[0] not in METRICS]
    rows = [[one.name, *(shown(one.metrics[name].value) for name in columns)] for one in reports]
    return [["model", *columns], *rows]


def beyond_words(board: Leaderboard) -> str:
    """Say what the table of `beyond_rows` is."""
    kinds = board.report.protocol.get("kinds")
    return f"beyond accuracy; kinds of items by {kinds}" if kinds else "beyond accuracy"


def gap_rows(board: Leaderboard) -> Rows:
    """Return the table of differences with its head; nothing where there are none."""
    best = board.best
    gaps = [(entry, entry.to_best) for entry in board.entries]
    gaps += [(entry, entry.to_baseline) for entry in board.entries if board.baseline is not best and entry is not best]
    rows = [
        [
            f"{entry.name} - {gap.to}",
            f"{gap.value:+.4f}",
            f"[{gap.low:+.4f}, {gap.high:+.4f}]",
            f"{gap.p:.3g}",
            f"{gap.p_holm:.3g}",
        ]
        for entry, gap in gaps
        if gap is not None
    ]
    return [["models", board.goal, "95 % interval", "p", "p (Holm)"], *rows] if rows else []


def gap_words(board: Leaderboard) -> str:
    """Say what the differences are."""
    baseline = f" and to the best baseline, {board.baseline.name}" if board.baseline else ""
    return (
        f"differences in {board.goal} to the best{baseline}: paired bootstrap interval over users, p of the "
        "permutation test, and p corrected by Holm for all differences of this table"
    )


def settings_rows(board: Leaderboard) -> Rows:
    """Return the table of settings with its head."""
    rows = [
        [entry.name, ", ".join(f"{name}={value}" for name, value in entry.report.settings.items())]
        for entry in board.entries
        if entry.report is not None
    ]
    return [["model", "settings"], *rows]


def _failures(board: Leaderboard) -> list[tuple[str, str]]:
    return [(entry.name, entry.failure) for entry in board.entries if entry.report is None]


def _named(entry: Entry) -> str:
    """Mark the baselines."""
    return f"{entry.name} (baseline)" if entry.baseline else entry.name


def _interval(low: float, high: float) -> str:
    return "-" if low != low else f"[{low:.4f}, {high:.4f}]"


def _piped(rows: Sequence[Sequence[str]]) -> str:
    """Write rows as a Markdown table, the first being its head; numbers stand to the right."""
    head, *body = rows
    marks = ["---", *["---:"] * (len(head) - 1)] if len(head) > 2 else ["---"] * len(head)
    cells = [[_one_line(cell).replace("|", "\\|") for cell in row] for row in (head, marks, *body)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _one_line(text: str) -> str:
    return " ".join(text.split())
