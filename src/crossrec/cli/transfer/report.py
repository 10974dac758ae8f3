"""crossrec transfer report: control, transfer and gate for all pairs of domains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossrec.cli.data.choices import Domains, SeveralDomains, read_for_models
from crossrec.cli.show import AsJson, advancing, check_file, needs_extra, note, out, print_json
from crossrec.core.errors import InvalidInput
from crossrec.core.interactions import Interactions
from crossrec.core.settings import load_settings
from crossrec.evaluation.transferring.drill import Drill, drill
from crossrec.evaluation.transferring.exam import FIRST_TOUCH, exam_of
from crossrec.evaluation.transferring.report import transfer_report
from crossrec.models.machine import use_threads
from crossrec.models.progress import watching

__all__ = ["report"]


def report(
    data: SeveralDomains,
    page: Annotated[Path | None, typer.Option("--out", help="Write a page with figures: report.html.")] = None,
    domains: Domains = "",
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
    curves: Annotated[
        bool, typer.Option("--curves", help="Drill each domain too; takes as long again for each.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say for every pair of domains, and for all to one, whether transfer helps, harms, or cannot be told."""
    use_threads(load_settings().threads)
    if page is not None:
        check_file("--out", page)
        with needs_extra("--out"):
            import crossrec.evaluation.transferring.page  # noqa: F401 - asked before anything is worked out
    interactions = read_for_models(data, domains)
    chosen = protocol or (FIRST_TOUCH if interactions.has_times else "random")
    exam = exam_of(interactions, chosen, seed=seed, quantile=quantile)
    with advancing("comparing") as progress, watching(progress):
        found = transfer_report(exam, control=control, transfer=transfer, floor=floor, seed=seed)
        words = {"control": control, "transfer": transfer, "floor": floor}
        drills = _drilled(interactions, [one.name for one in found.domains], words, seed) if curves else []
    if as_json:
        print_json({**found.to_dict(), "drills": [one.to_dict() for one in drills]})
    else:
        out.print("\n\n".join([found.table(), *(one.table() for one in drills)]))
    if page is not None:
        from crossrec.evaluation.transferring.page import write_transfer_page

        write_transfer_page(found, page, drills)
        note.print(f"page written to {page}")


def _drilled(data: Interactions, names: list[str], words: dict[str, str], seed: int) -> list[Drill]:
    """Drill each domain that has persons enough; the others are told of."""
    found = []
    for name in names:
        try:
            found.append(drill(data, name, seed=seed, **words))
        except InvalidInput as error:
            note.print(f"no curve of {name}: {error}")
    return found
