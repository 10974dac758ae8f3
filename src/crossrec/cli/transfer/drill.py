"""crossrec transfer drill: what each strategy gives from the first act in a domain to the tenth."""

from __future__ import annotations

from typing import Annotated

import typer

from crossrec.cli.data.choices import Domains, SeveralDomains, read_for_models
from crossrec.cli.show import AsJson, advancing, out, print_json
from crossrec.core.settings import load_settings
from crossrec.evaluation.transferring.drill import drill as run
from crossrec.models.machine import use_threads
from crossrec.models.progress import watching

__all__ = ["drill"]


def drill(
    data: SeveralDomains,
    target: Annotated[str, typer.Option(help="The domain that is held out.")],
    hold: Annotated[
        str, typer.Option(help="persons, or items: all strategies are fitted anew for each number of acts.")
    ] = "persons",
    domains: Domains = "",
    control: Annotated[str, typer.Option(help='Model of the target alone: "als factors=32".')] = "",
    transfer: Annotated[str, typer.Option(help="Model of several domains, likewise.")] = "",
    floor: Annotated[str, typer.Option(help="Model behind both that needs no history.")] = "popularity",
    seed: Annotated[int, typer.Option(help="Fixes who or what is drilled.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Hold out all acts of some persons or items in a domain, give them back one by one, and ask every strategy."""
    use_threads(load_settings().threads)
    interactions = read_for_models(data, domains)
    with advancing("drilling") as progress, watching(progress):
        found = run(interactions, target, hold=hold, control=control, transfer=transfer, floor=floor, seed=seed)
    if as_json:
        print_json(found.to_dict())
    else:
        out.print(found.table())
