"""crossrec transfer picture: items and persons of all domains in the plane."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import DataFolder, Domains, read_for_models
from crossrec.cli.show import AsJson, advancing, check_file, needs_extra, note, out, print_json
from crossrec.core.settings import load_settings
from crossrec.evaluation.likeness.picture import domain_picture
from crossrec.models.machine import use_threads
from crossrec.models.progress import watching

__all__ = ["picture"]


def picture(
    data: DataFolder,
    file: Annotated[Path, typer.Option("--out", help="page.html, or picture.svg or picture.png for print.")],
    domains: Domains = "",
    method: Annotated[str, typer.Option(help="tsne or umap.")] = "tsne",
    perplexity: Annotated[float, typer.Option(help="Of t-SNE: about how many near ones each keeps.")] = 30.0,
    neighbours: Annotated[int, typer.Option(help="Of UMAP, likewise.")] = 15,
    factors: Annotated[int, typer.Option(help="Dimensions of the space.")] = 32,
    most: Annotated[int, typer.Option(help="At most so many items and persons of each domain.")] = 500,
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Draw items and persons of all domains as t-SNE or UMAP lays them out."""
    use_threads(load_settings().threads)
    check_file("--out", file)
    with needs_extra("--out"):
        from crossrec.evaluation.likeness.canvas import check_name, write_picture
    check_name(file)
    interactions = read_for_models(data, domains)
    with advancing("drawing") as progress, watching(progress):
        found = domain_picture(
            interactions,
            method=method,
            perplexity=perplexity,
            neighbours=neighbours,
            factors=factors,
            most=most,
            seed=seed,
        )
    write_picture(found, file)
    if as_json:
        print_json(found.to_dict())
    else:
        out.print(found.table())
    note.print(f"picture written to {file}")
