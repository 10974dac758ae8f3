"""The transfer report as one HTML file that needs no network and no script; all text from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crossrec.data.report.paper import templates, write_page
from crossrec.evaluation.transferring.drawing import arrows, curves, intervals
from crossrec.evaluation.transferring.drill import Drill
from crossrec.evaluation.transferring.effects import GATED, Effect
from crossrec.evaluation.transferring.report import TransferReport

__all__ = ["transfer_page", "write_transfer_page"]

_PAGES = templates("crossrec.evaluation.transferring")


def transfer_page(report: TransferReport, drills: Sequence[Drill] = ()) -> str:
    """Return the report as one HTML page; the same report gives the same text.

    Args:
        report: What was found.
        drills: Few-shot curves to draw beside it.
    """
    names = [one.name for one in report.domains]
    whole = [one for one in report.effects if one.by == "all"]
    pairs = [one for one in whole if one.source in names]
    gated = [one for one in report.effects if one.source == GATED and one.by in ("all", "history")]
    slices = {
        name: [one for one in report.effects if one.target == name and one.by != "all" and one.source != GATED]
        for name in names
    }
    return _PAGES.get_template("page.html.jinja").render(
        report=report,
        whole=whole,
        map=arrows(names, pairs),
        forest=intervals(whole, [_named(one) for one in whole]),
        gated=gated,
        slices=slices,
        drills=[(one, curves(one)) for one in drills],
    )


def write_transfer_page(report: TransferReport, path: Path, drills: Sequence[Drill] = ()) -> None:
    """Write the page; a file of that name is replaced once the new one is whole.

    Raises:
        Unavailable: The file cannot be written.
    """
    write_page(transfer_page(report, drills), path)


def _named(one: Effect) -> str:
    return f"{one.source} → {one.target}"
