"""crossrec transfer similarity: how alike domains are, beside what chance would give."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, advancing, note, out, parse_names, print_json
from crossrec.core.errors import InvalidInput
from crossrec.core.settings import load_settings
from crossrec.core.shelf import missing
from crossrec.data.dataset import open_dataset
from crossrec.evaluation.likeness.similarity import Similarity, domain_similarity
from crossrec.models.machine import use_threads
from crossrec.models.progress import watching

__all__ = ["similarity"]


def similarity(
    data: Annotated[
        Path, typer.Option(help="Folder of a data set with several domains; may be s3://, gs:// or az://.")
    ],
    page: Annotated[Path | None, typer.Option("--out", help="Write a page with figures: similarity.html.")] = None,
    domains: Annotated[str, typer.Option(help="Only these domains: films,books")] = "",
    factors: Annotated[int, typer.Option(help="Dimensions of each domain's vectors.")] = 32,
    neighbours: Annotated[int, typer.Option(help="Nearest persons of the neighbour overlap.")] = 10,
    shuffles: Annotated[int, typer.Option(help="How often links are shuffled to see what chance gives.")] = 200,
    most: Annotated[int, typer.Option(help="At most so many persons of a pair are compared.")] = 2000,
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare what domains say about the persons that are in both."""
    use_threads(load_settings().threads)
    if page is not None and (page.is_dir() or not page.absolute().parent.is_dir()):
        raise InvalidInput(f"--out: expected a file in a folder that is there, got '{page}'")
    interactions = open_dataset(data).interactions(parse_names(domains) or None)
    with advancing("comparing") as progress, watching(progress):
        found = domain_similarity(
            interactions, factors=factors, neighbours=neighbours, shuffles=shuffles, most=most, seed=seed
        )
    if as_json:
        print_json(found.to_dict())
    else:
        out.print(found.table())
    if page is not None:
        _write(found, page)
        note.print(f"page written to {page}")


def _write(found: Similarity, path: Path) -> None:
    """Write the page, which needs packages that the core install does not."""
    try:
        from crossrec.evaluation.likeness.page import write_similarity_page
    except ModuleNotFoundError as error:
        raise missing("--out", error) from error
    write_similarity_page(found, path)
