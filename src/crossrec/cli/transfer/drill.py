"""crossrec transfer drill: what each strategy gives from the first act in a domain to the tenth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, advancing, out, parse_names, print_json
from crossrec.core.settings import load_settings
from crossrec.data.dataset import open_dataset
from crossrec.evaluation.transferring.drill import drill as run
from crossrec.models.machine import use_threads
from crossrec.models.progress import watching

__all__ = ["drill"]


def drill(
    data: Annotated[
        Path, typer.Option(help="Folder of a data set with several domains; may be s3://, gs:// or az://.")
    ],
    target: Annotated[str, typer.Option(help="The domain that is held out.")],
    hold: Annotated[
        str, typer.Option(help="persons, or items: all strategies are fitted anew for each number of acts.")
    ] = "persons",
    domains: Annotated[str, typer.Option(help="Only these domains: films,books")] = "",
    control: Annotated[str, typer.Option(help='Model of the target alone: "als factors=32".')] = "",
    transfer: Annotated[str, typer.Option(help="Model of several domains, likewise.")] = "",
    floor: Annotated[str, typer.Option(help="Model behind both that needs no history.")] = "popularity",
    seed: Annotated[int, typer.Option(help="Fixes who or what is drilled.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Hold out all acts of some persons or items in a domain, give them back one by one, and ask every strategy."""
    use_threads(load_settings().threads)
    interactions = open_dataset(data).interactions(parse_names(domains) or None)
    with advancing("drilling") as progress, watching(progress):
        found = run(interactions, target, hold=hold, control=control, transfer=transfer, floor=floor, seed=seed)
    if as_json:
        print_json(found.to_dict())
    else:
        out.print(found.table())
