"""crossrec data import: files in a source's official format become a domain of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import EngineName, Master, Memory
from crossrec.cli.show import AsJson, out, parse_pairs, print_json, working
from crossrec.core.errors import InvalidInput
from crossrec.data.intake.importing import import_source
from crossrec.data.storing.budget import memory_of

__all__ = ["import_files"]


def import_files(
    source: Annotated[
        str,
        typer.Argument(
            help="movielens, amazon, goodreads, goodbooks, reddit, lastfm, trust, retail, sequences, split or tables."
        ),
    ],
    path: Annotated[
        str, typer.Argument(help="A file, a folder or a zip, plain, gzipped or zstd; may be s3://, gs:// or az://.")
    ],
    domain: Annotated[str, typer.Option(help="Name of the domain: films, books, …")],
    out_folder: Annotated[Path, typer.Option("--out", help="Folder of the data set; made if it is not there.")],
    option: Annotated[list[str] | None, typer.Option(help="An option of the source: user=CustomerID. Repeat.")] = None,
    shared_users: Annotated[
        bool, typer.Option("--shared-users", help="User ids mean the same persons in every domain imported so.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the domain if it is there.")] = False,
    append: Annotated[
        bool, typer.Option("--append", help="Add files that are new; a corrected file replaces what it brought.")
    ] = False,
    engine: EngineName = "polars",
    master: Master = "",
    memory: Memory = "",
    as_json: AsJson = False,
) -> None:
    """Read files in a source's official format; what is refused is kept apart and counted."""
    if replace and append:
        raise InvalidInput("import: expected --replace or --append, got both")
    options = parse_pairs("--option", option or [])
    with working("importing") as say:
        summary = import_source(
            source,
            path,
            domain,
            out_folder,
            options=options,
            shared_users=shared_users,
            there="replace" if replace else "append" if append else "refuse",
            engine=engine,
            master=master,
            memory=memory_of(memory) if memory else None,
            progress=lambda step: say(f"{Path(path).name}: {step}"),
        )
    if as_json:
        print_json(summary.to_dict())
    else:
        out.print(str(summary))
