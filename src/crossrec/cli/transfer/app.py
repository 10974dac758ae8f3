"""The group of commands `crossrec transfer`."""

from __future__ import annotations

import typer

from crossrec.cli.transfer.drill import drill
from crossrec.cli.transfer.newcomers import newcomers
from crossrec.cli.transfer.picture import picture
from crossrec.cli.transfer.report import report
from crossrec.cli.transfer.similarity import similarity

__all__ = ["app"]

app = typer.Typer(help="Does one domain help another?", no_args_is_help=True)
app.command("report")(report)
app.command("drill")(drill)
app.command("newcomers")(newcomers)
app.command("similarity")(similarity)
app.command("picture")(picture)
