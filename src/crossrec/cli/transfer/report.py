"""crossrec transfer report: control, transfer and gate for all pairs of domains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.show import AsJson, advancing, note, out, parse_names, print_json
from crossrec.core.errors import InvalidInput, MissingExtra
from crossrec.core.settings import load_settings
from crossrec.data.dataset import open_dataset
from crossrec.evaluation.transferring.exam import FIRST_TOUCH, exam_of
from crossrec.evaluation.transferring.report import TransferReport, transfer_report
from crossrec.models.machine import use_threads
from crossrec.models.progress import watching

__all__ = ["report"]


def report(
    data: Annotated[
        Path, typer.Option(help="Folder of a data set with several domains; may be s3://, gs:// or az://.")
    ],
    page: Annotated[Path | None, typer.Option("--out", help="Write a page with figures: report.html.")] = None,
    domains: Annotated[str, typer.Option(help="Only these domains: films,books")] = "",
    protocol: Annotated[
        str,
        typer.Option(
            help="first-touch, or a protocol of `crossrec evaluate`; empty is first-touch, random without times."
        ),
    ] = "",
    quantile: Annotated[float, typer.Option(help="Share of the rows before the moment of first-touch.")] = 0.5,
    control: Annotated[str, typer.Option(help='Model of the target alone: "als factors=32".')] = "",
    transfer: Annotated[str, typer.Option(help="Model of several domains, likewise.")] = "",
    floor: Annotated[str, typer.Option(help="Model behind both that needs no history.")] = "popularity",
    seed: Annotated[int, typer.Option(help="Fixes what is left to chance.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Say for every pair of domains, and for all to one, whether transfer helps, harms, or cannot be told."""
    use_threads(load_settings().threads)
    if page is not None and (page.is_dir() or not page.absolute().parent.is_dir()):
        raise InvalidInput(f"--out: expected a file in a folder that is there, got '{page}'")
    interactions = open_dataset(data).interactions(parse_names(domains) or None)
    chosen = protocol or (FIRST_TOUCH if interactions.has_times else "random")
    exam = exam_of(interactions, chosen, seed=seed, quantile=quantile)
    with advancing("comparing") as progress, watching(progress):
        found = transfer_report(exam, control=control, transfer=transfer, floor=floor, seed=seed)
    if as_json:
        print_json(found.to_dict())
    else:
        out.print(found.table())
    if page is not None:
        _write(found, page)
        note.print(f"page written to {page}")


def _write(found: TransferReport, path: Path) -> None:
    """Write the page, which needs packages that the core install does not."""
    try:
        from crossrec.evaluation.transferring.page import write_transfer_page
    except ModuleNotFoundError as error:
        raise MissingExtra(f"--out needs {error.name}: pip install 'crossrec[report]'") from error
    write_transfer_page(found, path)
