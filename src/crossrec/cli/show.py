"""What commands share of printing: progress on a terminal's stderr, results on stdout, JSON where a program reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

__all__ = ["AsJson", "advancing", "note", "out", "parse_names", "parse_pairs", "print_json", "table", "working"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
# No markup: brackets in titles, paths and `crossrec[server]` are text.
out = Console(highlight=False, soft_wrap=True, markup=False)
note = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def print_json(value: Any) -> None:
    """Print one JSON document to stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Print a small table to stdout; numbers stand to the right."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        right = bool(rows) and all(isinstance(row[place], (int, float)) for row in rows)
        made.add_column(column, justify="right" if right else "left")
    for row in rows:
        made.add_row(*map(_cell, row))
    out.print(made)


def _cell(value: Any) -> str:
    """Write one cell: thousands apart, four figures of a small fraction."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1_000:
        return f"{value:,.{0 if isinstance(value, int) else 1}f}"
    return f"{value:.4g}"


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner on stderr while something of unknown length goes on; call the result to change its text."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=note, disable=not note.is_terminal) as bar:
        task = bar.add_task(text, total=None)
        yield lambda step: bar.update(task, description=step)


@contextmanager
def advancing(text: str = "") -> Iterator[Callable[[str, int, int], None]]:
    """Show bars on stderr; call the result with a name, how much is done and how much there is.

    Args:
        text: The whole of it, with a bar of unknown length above the others; empty leaves it out.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=note, disable=not note.is_terminal) as bar:
        tasks: dict[str, Any] = {}
        if text:
            bar.add_task(text, total=None)

        def advance(name: str, done: int, total: int) -> None:
            loop = name.partition(" (")[0]  # how it stands is in brackets
            if loop not in tasks:
                tasks[loop] = bar.add_task(name, total=total or None)
            bar.update(tasks[loop], description=name, completed=done, total=total or None)

        yield advance


def parse_names(text: str) -> list[str]:
    """Read names with commas between them; blanks and empty places are passed over."""
    return [name.strip() for name in text.split(",") if name.strip()]


def parse_pairs(flag: str, pairs: list[str]) -> dict[str, str]:
    """Read repeated `key=value` flags.

    Raises:
        typer.BadParameter: There is no equals sign in one.
    """
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{flag}: expected key=value, got '{pair}'")
        found[key] = value
    return found
