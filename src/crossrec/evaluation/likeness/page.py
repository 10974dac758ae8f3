"""The page of a similarity: each measure beside what chance gives, and histograms of what has many values."""

from __future__ import annotations

from pathlib import Path

from crossrec.data.report.paper import templates, write_page
from crossrec.evaluation.likeness.measures import BINS, Measure
from crossrec.evaluation.likeness.similarity import Pair, Similarity
from crossrec.evaluation.transferring.ink import BLUE, GREY, INK, LINE, ORANGE, svg, text

__all__ = ["similarity_page", "write_similarity_page"]

_PAGES = templates("crossrec.evaluation.likeness")


def similarity_page(found: Similarity) -> str:
    """Return a similarity as one HTML page; the same figures give the same text."""
    pairs = [
        (pair, _beside_chance(pair), [(one, _histogram(one)) for one in pair.measures if one.of])
        for pair in found.pairs
    ]
    return _PAGES.get_template("page.html.jinja").render(found=found, pairs=pairs)


def write_similarity_page(found: Similarity, path: Path) -> None:
    """Write the page; a file of that name is replaced once the new one is whole.

    Raises:
        Unavailable: The file cannot be written.
    """
    write_page(similarity_page(found), path)


def _beside_chance(pair: Pair) -> str:
    """Draw each measure as a point on a line from 0 to 1, what shuffled links give as a grey band with its mean."""
    shown = [one for one in pair.measures if one.value == one.value and not one.warning]
    width, left, right, step = 640, 190, 60, 30
    height = step * len(shown) + 44

    def at(value: float) -> float:
        return left + min(max(value, 0.0), 1.0) * (width - left - right)

    parts = [
        f'<line x1="{at(tick):.1f}" x2="{at(tick):.1f}" y1="6" y2="{height - 34}" stroke="{LINE}"/>'
        + text(at(tick), height - 16, f"{tick:g}", "middle", GREY)
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    for row, one in enumerate(shown):
        y = 22 + row * step
        parts.append(
            f'<rect x="{at(0):.1f}" y="{y - 8}" width="{at(one.chance_high) - at(0):.1f}" height="16" fill="{LINE}"/>'
            f'<line x1="{at(one.chance):.1f}" x2="{at(one.chance):.1f}" y1="{y - 8}" y2="{y + 8}" stroke="{GREY}"/>'
            f'<circle cx="{at(one.value):.1f}" cy="{y}" r="5" fill="{BLUE}"/>'
            + text(left - 12, y + 4, one.name, "end", INK)
            + text(max(at(one.value), at(one.chance_high)) + 10, y + 4, f"{one.value:.3f}", "start", BLUE)
        )
    words = "; ".join(f"{one.name} {one.value:.3f}, chance {one.chance:.3f}" for one in shown)
    return svg(width, height, f"Likeness of {pair.one} and {pair.other}. {words}", "".join(parts))


def _histogram(one: Measure) -> str:
    """Draw how many lie in each bin as bars, and what shuffled links give as a line over them."""
    width, height, left, bottom, top = 640, 220, 46, 40, 14
    most = max(*one.histogram, *one.chance_histogram, 1)
    wide = (width - left - 10) / BINS

    def y(count: float) -> float:
        return height - bottom - count / most * (height - bottom - top)

    def edge(place: int) -> float:
        return one.start + (1 - one.start) * place / BINS

    bars = "".join(
        f'<rect x="{left + place * wide:.1f}" y="{y(count):.1f}" width="{wide - 1:.1f}" '
        f'height="{y(0) - y(count):.1f}" fill="{BLUE}"><title>{count} {one.of} from {edge(place):.2f} '
        f"to {edge(place + 1):.2f}; chance {one.chance_histogram[place]:g}</title></rect>"
        for place, count in enumerate(one.histogram)
        if count
    )
    steps = " ".join(
        f"{left + (place + end) * wide:.1f},{y(count):.1f}"
        for place, count in enumerate(one.chance_histogram)
        for end in (0, 1)
    )
    line = f'<polyline points="{steps}" fill="none" stroke="{ORANGE}" stroke-width="1.5"/>'
    ticks = "".join(
        text(left + tick * BINS * wide, height - bottom + 16, f"{one.start + (1 - one.start) * tick:g}", "middle", GREY)
        for tick in (0, 0.25, 0.5, 0.75, 1)
    )
    axis = f'<line x1="{left}" x2="{width - 10}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="{GREY}"/>'
    labels = (
        text(left - 8, y(0), "0", "end", GREY)
        + text(left - 8, y(most) + 8, f"{most:.0f}", "end", GREY)
        + text(left + BINS * wide / 2, height - 6, one.name, "middle", GREY)
        + text(width - 10, top + 10, one.of, "end", BLUE)
        + text(width - 10, top + 26, "with shuffled links", "end", ORANGE)
    )
    words = f"{one.name}: mean {one.value:.3f}, largest {one.largest:.3f}; with shuffled links {one.chance:.3f}"
    return svg(width, height, words, bars + line + axis + ticks + labels)
