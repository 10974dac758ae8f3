"""crossrec data negatives: items that users did not touch, for training and for sampled evaluation."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import Domains, EngineName, Master, Memory, chosen_domains, limited
from crossrec.cli.show import AsJson, out, print_json, working
from crossrec.data.dataset import open_dataset
from crossrec.data.preparing.negatives import Negatives, write_negatives

__all__ = ["negatives"]


def negatives(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set; data@1a2b3c4d for an older version.")],
    out_file: Annotated[Path, typer.Option("--out", help="The Parquet file; replaced if it is there.")],
    per_positive: Annotated[int, typer.Option("--per-positive", help="Draws for each act.")] = 4,
    power: Annotated[float, typer.Option(help="0: all items alike; 1: by popularity; 0.75: between.")] = 0.0,
    part: Annotated[str, typer.Option(help="Only for acts of this part of the split: train, valid or test.")] = "",
    seed: Annotated[int, typer.Option(help="Fixes the draws.")] = 0,
    domains: Domains = "",
    engine: EngineName = "polars",
    master: Master = "",
    memory: Memory = "",
    as_json: AsJson = False,
) -> None:
    """Draw items that each act's user did not touch, with the probability of each draw."""
    draws = Negatives(per_positive, power, part, seed=seed)
    with limited(memory), working("drawing"):
        done = write_negatives(
            open_dataset(folder), out_file, draws, domains=chosen_domains(domains), engine=engine, master=master
        )
    if as_json:
        print_json(asdict(done))
    else:
        out.print(str(done))
