"""crossrec transfer similarity: how alike domains are, beside what chance would give."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import Domains, SeveralDomains, read_for_models
from crossrec.cli.show import AsJson, advancing, check_file, needs_extra, note, out, print_json
from crossrec.core.settings import load_settings
from crossrec.evaluation.likeness.similarity import domain_similarity
from crossrec.models.machine import use_threads
from crossrec.models.progress import watching

__all__ = ["similarity"]


def similarity(
    data: SeveralDomains,
    page: Annotated[Path | None, typer.Option("--out", help="Write a page with figures: similarity.html.")] = None,
    domains: Domains = "",
    factors: Annotated[int, typer.Option(help="Dimensions of each domain's vectors.")] = 32,
    neighbours: Annotated[int, typer.Option(help="Nearest persons of the neighbour overlap.")] = 10,
    shuffles: Annotated[int, typer.Option(help="How often links are shuffled to see what chance gives.")] = 200,
    most: Annotated[int, typer.Option(help="At most so many persons of a pair are compared.")] = 2000,
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare what domains say about the persons that are in both."""
    use_threads(load_settings().threads)
    if page is not None:
        check_file("--out", page)
        with needs_extra("--out"):
            import crossrec.evaluation.likeness.page  # noqa: F401 - asked before anything is worked out
    interactions = read_for_models(data, domains)
    with advancing("comparing") as progress, watching(progress):
        found = domain_similarity(
            interactions, factors=factors, neighbours=neighbours, shuffles=shuffles, most=most, seed=seed
        )
    if as_json:
        print_json(found.to_dict())
    else:
        out.print(found.table())
    if page is not None:
        from crossrec.evaluation.likeness.page import write_similarity_page

        write_similarity_page(found, page)
        note.print(f"page written to {page}")
