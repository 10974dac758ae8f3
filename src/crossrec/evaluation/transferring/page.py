"""The transfer report as one HTML file that needs no network and no script; all text from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crossrec.core.errors import Unavailable
from crossrec.evaluation.transferring.drawing import arrows, curves, intervals
from crossrec.evaluation.transferring.drill import Drill
from crossrec.evaluation.transferring.effects import GATED, Effect
from crossrec.evaluation.transferring.report import TransferReport

__all__ = ["transfer_page", "write_transfer_page"]

_PAGES = Environment(
    loader=PackageLoader("crossrec.evaluation.transferring", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def transfer_page(report: TransferReport, drills: Sequence[Drill] = ()) -> str:
    """Return the report as one HTML page; the same report gives the same text.

    Args:
        report: What was found.
        drills: Few-shot curves to draw beside it.
    """
    names = [one.name for one in report.domains]
    whole = [one for one in report.effects if one.by == "all"]
    pairs = [one for one in whole if one.source in names]
    gated = [one for one in whole if one.source == GATED]
    slices = {
        name: [one for one in report.effects if one.target == name and one.by != "all" and one.source != GATED]
        for name in names
    }
    return _PAGES.get_template("page.html.jinja").render(
        report=report,
        whole=whole,
        map=Markup(arrows(names, pairs)),  # noqa: S704 - drawing.py escapes what it is given
        forest=Markup(intervals(whole, [_named(one) for one in whole])),  # noqa: S704 - likewise
        gated=gated,
        slices=slices,
        drills=[(one, Markup(curves(one))) for one in drills],  # noqa: S704 - likewise
    )


def write_transfer_page(report: TransferReport, path: Path, drills: Sequence[Drill] = ()) -> None:
    """Write the page.

    Raises:
        Unavailable: The file cannot be written.
    """
    try:
        path.write_text(transfer_page(report, drills), encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"'{path}': the report could not be written ({error.strerror or error})") from error


def _named(one: Effect) -> str:
    return f"{one.source} → {one.target}"
