"""crossrec data check: what is in a data set, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import Memory, limited
from crossrec.cli.show import AsJson, check_file, needs_extra, note, out, print_json
from crossrec.core.errors import InvalidInput
from crossrec.data.check import check as run_check
from crossrec.data.dataset import open_dataset

__all__ = ["check"]


def check(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set; data@1a2b3c4d for an older version.")],
    html: Annotated[Path | None, typer.Option(help="Write a page with plots too: report.html.")] = None,
    memory: Memory = "",
    as_json: AsJson = False,
) -> None:
    """Say what is in a data set and what is wrong with it; exit code 2 where something is."""
    if html is not None:
        check_file("--html", html)
        with needs_extra("--html"):
            import crossrec.data.report.page  # noqa: F401 - asked before anything is worked out
    with limited(memory):
        dataset = open_dataset(folder)
        report = run_check(dataset)
        if as_json:
            print_json(report.to_dict())
        else:
            out.print(str(report))
        if html is not None:
            from crossrec.data.report.page import write_html_report

            write_html_report(dataset, report, html)
            note.print(f"page written to {html}")
    if not report.ok:
        raise typer.Exit(InvalidInput.exit_code)
