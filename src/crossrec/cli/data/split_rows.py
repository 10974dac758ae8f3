"""crossrec data split: every row gets its part, written into a new data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import Domains, EngineName, Master, Memory, chosen_domains, limited
from crossrec.cli.show import AsJson, out, parse_pairs, print_json, working
from crossrec.data.dataset import open_dataset
from crossrec.data.preparing.cleaning import clean
from crossrec.data.step import create

__all__ = ["split_rows"]


def split_rows(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set; data@1a2b3c4d for an older version.")],
    out_folder: Annotated[Path, typer.Option("--out", help="Folder of the new data set.")],
    protocol: Annotated[
        str, typer.Option(help="leave-last-out, global-time, hash, given or new-users.")
    ] = "leave-last-out",
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the protocol: test_share=0.2. Repeat.")
    ] = None,
    domains: Domains = "",
    engine: EngineName = "polars",
    master: Master = "",
    memory: Memory = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace domains that are in --out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write train, valid or test into the column split; `evaluate --protocol given` takes it from there.

    A domain without a row of test or validation is warned of.
    """
    step = create("partition", {**parse_pairs("--set", setting or []), "protocol": protocol})
    with limited(memory), working("splitting") as say:
        done = clean(
            open_dataset(folder),
            out_folder,
            [("partition", step)],
            domains=chosen_domains(domains),
            engine=engine,
            master=master,
            replace=replace,
            progress=say,
        )
    parts = done.steps[0].parts
    if as_json:
        print_json({**done.to_dict(), "parts": parts})
        return
    out.print(str(done))
    for domain, counts in parts.items():
        out.print(f"  {domain}: " + ", ".join(f"{part} {rows:,}" for part, rows in counts.items()))
    if protocol == "new-users":
        out.print("its histories lie in train: evaluate --protocol given --protocol-set persons=new keeps them out")
