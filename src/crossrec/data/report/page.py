"""The page: one HTML file that needs no network and no script; all text from outside is escaped."""

from __future__ import annotations

from pathlib import Path

from crossrec.data.check import CheckReport
from crossrec.data.dataset import Dataset
from crossrec.data.report.figures import domain_figures, overlap_of
from crossrec.data.report.paper import templates, write_page
from crossrec.data.report.plots import percent
from crossrec.data.report.section import Section, whole
from crossrec.data.report.sections import domain_sections, overlap_section

__all__ = ["html_report", "write_html_report"]

_PAGES = templates("crossrec.data.report")


def html_report(dataset: Dataset, report: CheckReport) -> str:
    """Return the quality report of a data set as one HTML page; the same data give the same text.

    Args:
        dataset: The data set.
        report: What `check` found in it; damaged domains are named and have no chapter.
    """
    chapters = [
        {"name": found.domain, "sections": domain_sections(domain_figures(dataset, found))} for found in report.domains
    ]
    page = _PAGES.get_template("page.html.jinja")
    return page.render(
        name=dataset.path.resolve().name,
        report=report,
        overview=_overview(report),
        overlap=overlap_section(overlap_of(report)) if len(report.domains) > 1 else None,
        chapters=chapters,
    )


def write_html_report(dataset: Dataset, report: CheckReport, path: Path) -> None:
    """Write the page; a file of that name is replaced once the new one is whole.

    Raises:
        Unavailable: The file cannot be written.
    """
    write_page(html_report(dataset, report), path)


def _overview(report: CheckReport) -> Section:
    """Put the domains side by side."""
    rows = tuple(
        (
            found.domain,
            whole(found.rows),
            whole(found.users),
            whole(found.items),
            percent(found.density),
            " to ".join(found.time_range) if found.time_range else found.order,
            whole(sum(found.quarantined.values())),
        )
        for found in report.domains
    )
    columns = ("domain", "rows", "users", "items", "density", "time", "quarantined")
    return Section("Domains", "", columns, rows, wide=True)
