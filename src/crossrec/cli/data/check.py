"""crossrec data check: what is in a data set, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, out, print_json
from crossrec.core.errors import InvalidInput
from crossrec.data.check import check as run_check
from crossrec.data.dataset import open_dataset

__all__ = ["check"]


def check(folder: Annotated[Path, typer.Argument(help="Folder of the data set.")], as_json: AsJson = False) -> None:
    """Say what is in a data set and what is wrong with it; exit code 2 where something is."""
    report = run_check(open_dataset(folder))
    if as_json:
        print_json(report.to_dict())
    else:
        out.print(str(report))
    if not report.ok:
        raise typer.Exit(InvalidInput.exit_code)
