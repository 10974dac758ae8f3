"""What commands share: progress on stderr, results on stdout, JSON where a program reads, files that are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from crossrec.core.errors import InvalidInput
from crossrec.core.shelf import missing

__all__ = [
    "AsJson",
    "advancing",
    "check_file",
    "needs_extra",
    "note",
    "out",
    "parse_names",
    "parse_pairs",
    "print_json",
    "table",
    "working",
]

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


def check_file(option: str, path: Path) -> None:
    """Refuse a file that could not be written, before anything is worked out for it.

    Args:
        option: The option's name, for the message.
        path: What was given.

    Raises:
        InvalidInput: A folder is there, or the file's own folder is not.
    """
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InvalidInput(f"{option}: expected a file in a folder that is there, got '{path}'")


@contextmanager
def needs_extra(option: str) -> Iterator[None]:
    """Name the extra where what is imported inside is not installed.

    Args:
        option: What needs it, for the message.

    Raises:
        MissingExtra: A package of an extra is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise missing(option, error) from error


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
