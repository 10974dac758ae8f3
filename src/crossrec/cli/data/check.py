"""crossrec data check: what is in a data set, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, note, out, print_json
from crossrec.core.errors import InvalidInput, MissingExtra
from crossrec.data.check import CheckReport
from crossrec.data.check import check as run_check
from crossrec.data.dataset import Dataset, open_dataset

__all__ = ["check"]


def check(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    html: Annotated[Path | None, typer.Option(help="Write a page with plots too: report.html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is in a data set and what is wrong with it; exit code 2 where something is."""
    if html is not None and (html.is_dir() or not html.parent.is_dir()):
        raise InvalidInput(f"--html: expected a file in a folder that is there, got '{html}'")
    dataset = open_dataset(folder)
    report = run_check(dataset)
    if as_json:
        print_json(report.to_dict())
    else:
        out.print(str(report))
    if html is not None:
        _write_page(dataset, report, html)
        note.print(f"page written to {html}")
    if not report.ok:
        raise typer.Exit(InvalidInput.exit_code)


def _write_page(dataset: Dataset, report: CheckReport, path: Path) -> None:
    """Draw the page, which needs packages that the core install does not."""
    try:
        from crossrec.data.report.page import write_html_report
    except ModuleNotFoundError as error:
        raise MissingExtra(f"--html needs {error.name}: pip install 'crossrec[report]'") from error
    write_html_report(dataset, report, path)
