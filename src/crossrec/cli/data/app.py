"""The group of commands `crossrec data`."""

from __future__ import annotations

import typer

from crossrec.cli.data.check import check
from crossrec.cli.data.clean import clean
from crossrec.cli.data.export import export
from crossrec.cli.data.fetch import fetch_corpora
from crossrec.cli.data.import_files import import_files
from crossrec.cli.data.link import link
from crossrec.cli.data.negatives import negatives
from crossrec.cli.data.quarantine import quarantine
from crossrec.cli.data.simulate import simulate_world
from crossrec.cli.data.split_rows import split_rows
from crossrec.cli.data.tail import tail
from crossrec.cli.data.ties import ties
from crossrec.cli.data.versions import compact_dataset, upgrade_dataset, versions

__all__ = ["app"]

app = typer.Typer(help="Import public files into a data set, and check it.", no_args_is_help=True)
app.command("import")(import_files)
app.command("check")(check)
app.command("fetch")(fetch_corpora)
app.command("quarantine")(quarantine)
app.command("versions")(versions)
app.command("compact")(compact_dataset)
app.command("upgrade")(upgrade_dataset)
app.command("export")(export)
app.command("clean")(clean)
app.command("split")(split_rows)
app.command("negatives")(negatives)
app.command("tail")(tail)
app.command("link")(link)
app.command("ties")(ties)
app.command("simulate")(simulate_world)
