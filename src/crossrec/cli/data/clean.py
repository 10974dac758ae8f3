"""crossrec data clean: a data set goes through steps into another one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import Domains, EngineName, Master, Memory, chosen_domains, limited
from crossrec.cli.show import AsJson, out, print_json, working
from crossrec.data.dataset import open_dataset
from crossrec.data.preparing.cleaning import clean as run_clean
from crossrec.data.preparing.cleaning import parse_step

__all__ = ["clean"]


def clean(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set; data@1a2b3c4d for an older version.")],
    out_folder: Annotated[Path, typer.Option("--out", help="Folder of the new data set.")],
    step: Annotated[
        list[str],
        typer.Option(
            help="duplicates, bots, k_core, minimum_history, sessions or partition, with settings: "
            "k_core:users=5,items=5. Repeat; they are taken in turn."
        ),
    ],
    domains: Domains = "",
    engine: EngineName = "polars",
    master: Master = "",
    memory: Memory = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace domains that are in --out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a data set through steps and write another one; says of each step how many rows came in and out."""
    steps = [parse_step(text) for text in step]
    with limited(memory), working("cleaning") as say:
        done = run_clean(
            open_dataset(folder),
            out_folder,
            steps,
            domains=chosen_domains(domains),
            engine=engine,
            master=master,
            replace=replace,
            progress=say,
        )
    if as_json:
        print_json(done.to_dict())
    else:
        out.print(str(done))
