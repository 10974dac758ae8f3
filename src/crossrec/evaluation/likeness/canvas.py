"""A picture of domains as a file: PNG or SVG to print, or a page whose points say what they are."""

from __future__ import annotations

import html
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from crossrec.core.errors import InvalidInput, Unavailable
from crossrec.data.report.paper import templates, write_page
from crossrec.data.report.plots import blank, styled
from crossrec.evaluation.likeness.picture import Cloud, Picture
from crossrec.evaluation.transferring.ink import svg

__all__ = ["COLOURS", "SUFFIXES", "check_name", "picture_page", "write_picture"]

COLOURS = ("#1f4e79", "#d9722b", "#2e7d4f", "#8a5aa8", "#b8860b", "#3f9bbf", "#a8324a", "#565b63")
"""Of domains, in their order; from the ninth on again, in rings instead of discs."""
SUFFIXES = (".html", ".svg", ".png")
_SIZE, _EDGE = 640, 8
_PAGES = templates("crossrec.evaluation.likeness")


def picture_page(picture: Picture) -> str:
    """Return a picture as one HTML page without a script: a point says what it is, and each domain can be hidden."""
    legend = [(place, name, COLOURS[place % len(COLOURS)]) for place, name in enumerate(picture.names)]
    drawings = [(cloud, _drawing(cloud, picture.names)) for cloud in picture.clouds]
    return _PAGES.get_template("picture.html.jinja").render(picture=picture, legend=legend, drawings=drawings)


def write_picture(picture: Picture, path: Path) -> None:
    """Write a picture: .html is the page, .svg and .png are for print.

    Raises:
        InvalidInput: The name ends otherwise.
        Unavailable: The file cannot be written.
    """
    check_name(path)
    if path.suffix == ".html":
        write_page(picture_page(picture), path)
        return
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            _print(picture, made)
            os.replace(made, path)  # noqa: PTH105 - the same file system, whole or not at all
    except OSError as error:
        raise Unavailable(f"'{path}': the picture could not be written ({error.strerror or error})") from error


def check_name(path: Path) -> None:
    """Refuse a name that says no kind of picture.

    Raises:
        InvalidInput: It ends in none of `SUFFIXES`.
    """
    if path.suffix not in SUFFIXES:
        raise InvalidInput(f"--out: expected a name that ends in {', '.join(SUFFIXES)}, got '{path.name}'")


def _drawing(cloud: Cloud, names: Sequence[str]) -> str:
    """Draw the points; the last domain would cover the others, so they are drawn in an order that mixes them."""
    across, up = zip(*cloud.places, strict=True)
    left, top = min(across), max(up)
    scale = (_SIZE - 2 * _EDGE) / (max(max(across) - left, top - min(up)) or 1.0)
    width, height = (round(scale * (max(column) - min(column))) + 2 * _EDGE for column in (across, up))
    parts = []
    for at in _mixed(len(cloud.labels)):
        (x, y), domain = cloud.places[at], cloud.domains[at]
        colour = COLOURS[domain % len(COLOURS)]
        fill = f'fill="{colour}"' if domain < len(COLOURS) else f'fill="none" stroke="{colour}"'
        said = html.escape(f"{cloud.labels[at]} ({names[domain]})")
        parts.append(
            f'<circle class="d{domain}" cx="{_EDGE + (x - left) * scale:.1f}" '
            f'cy="{_EDGE + (top - y) * scale:.1f}" r="3" {fill}><title>{said}</title></circle>'
        )
    words = (
        f"{cloud.kind} by domain; {cloud.same:.0%} of near ones are of the same domain, by chance {cloud.chance:.0%}"
    )
    return svg(width, height, words, "".join(parts))


def _print(picture: Picture, path: Path) -> None:
    """Draw the clouds side by side with a legend, and write them."""
    with styled():
        figure, axes = blank(3.3, columns=len(picture.clouds))
        for cloud, one in zip(picture.clouds, axes, strict=True):
            order = _mixed(len(cloud.labels))
            colours = [COLOURS[cloud.domains[at] % len(COLOURS)] for at in order]
            x, y = zip(*(cloud.places[at] for at in order), strict=True)
            hollow = [cloud.domains[at] >= len(COLOURS) for at in order]
            fills = ["none" if empty else colour for empty, colour in zip(hollow, colours, strict=True)]
            one.scatter(x, y, s=5, c=fills, edgecolors=colours, linewidths=0.4)
            one.set_title(cloud.kind, fontsize=9)
            one.set_aspect("equal", adjustable="datalim")
            one.axis("off")
        for place, name in enumerate(picture.names):
            colour = COLOURS[place % len(COLOURS)]
            fill = colour if place < len(COLOURS) else "none"
            axes[0].scatter([], [], s=14, c=fill, edgecolors=colour, label=name)
        figure.legend(loc="outside lower center", ncols=min(len(picture.names), 6), frameon=False)
        nothing = {} if path.suffix == ".png" else dict.fromkeys(("Date", "Creator"))
        figure.savefig(path, dpi=200, metadata=nothing, bbox_inches="tight", pad_inches=0.1)


def _mixed(size: int) -> list[int]:
    """Return 0 … size - 1 in a fixed order that leaps by the golden section: neighbours in it are far apart."""
    return sorted(range(size), key=lambda at: at * 0.6180339887498949 % 1)
