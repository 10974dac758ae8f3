"""crossrec data: import public files into a data set, and check it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, out, parse_pairs, print_json, working
from crossrec.core.errors import InvalidInput
from crossrec.data.check import check as run_check
from crossrec.data.dataset import open_dataset
from crossrec.data.importing import import_source

__all__ = ["app"]

app = typer.Typer(help="Import public files into a data set, and check it.", no_args_is_help=True)


@app.command("import")
def import_files(
    source: Annotated[str, typer.Argument(help="movielens, amazon, goodbooks, sequences, split, tables or retail.")],
    path: Annotated[Path, typer.Argument(help="A file, a folder or a zip, plain or gzipped.")],
    domain: Annotated[str, typer.Option(help="Name of the domain: films, books, …")],
    out_folder: Annotated[Path, typer.Option("--out", help="Folder of the data set; made if it is not there.")],
    option: Annotated[list[str] | None, typer.Option(help="An option of the source: user=CustomerID. Repeat.")] = None,
    shared_users: Annotated[
        bool, typer.Option("--shared-users", help="User ids mean the same persons in every domain imported so.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the domain if it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read files in a source's official format; what is refused is kept apart and counted."""
    options = parse_pairs("--option", option or [])
    with working("importing") as say:
        summary = import_source(
            source,
            path,
            domain,
            out_folder,
            options=options,
            shared_users=shared_users,
            replace=replace,
            progress=lambda step: say(f"{path.name}: {step}"),
        )
    if as_json:
        print_json(summary.to_dict())
    else:
        out.print(str(summary))


@app.command("check")
def check(folder: Annotated[Path, typer.Argument(help="Folder of the data set.")], as_json: AsJson = False) -> None:
    """Say what is in a data set and what is wrong with it; exit code 2 where something is."""
    report = run_check(open_dataset(folder))
    if as_json:
        print_json(report.to_dict())
    else:
        out.print(str(report))
    if not report.ok:
        raise typer.Exit(InvalidInput.exit_code)
