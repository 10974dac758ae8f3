"""The group of commands; turns an error into its message and exit code, here and nowhere else."""

from __future__ import annotations

import sys

import typer

from crossrec import __version__
from crossrec.cli import compare, demo, doctor, evaluate, recommend, serve, train, tune
from crossrec.cli.data import app as data
from crossrec.cli.transfer import app as transfer
from crossrec.core.errors import CrossrecError

__all__ = ["app", "main"]

app = typer.Typer(
    name="crossrec",
    help="One recommendation engine that learns across domains and proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"crossrec {__version__}")
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True)) -> None:
    """One recommendation engine that learns across domains and proves it."""


app.add_typer(data.app, name="data")
app.add_typer(transfer.app, name="transfer")
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.command("tune")(tune.tune)
app.command("train")(train.train)
app.command("update")(train.update)
app.command("recommend")(recommend.recommend)
app.command("export")(train.export)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line; every error of the family ends with its own exit code."""
    try:
        app()
    except CrossrecError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:  # `crossrec … | head` is no error of ours
        sys.exit(0)
