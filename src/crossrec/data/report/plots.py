"""The plots of a quality report as inline SVG: one typeface, two colours, the same text for the same figures."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import numpy as np
from matplotlib import dates, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from crossrec.data.report.spread import Spread

__all__ = [
    "BLUE",
    "GREY",
    "INK",
    "ORANGE",
    "bars",
    "blank",
    "drawn",
    "heat",
    "lines",
    "percent",
    "popularity",
    "short",
    "sideways",
    "styled",
]

BLUE = "#1f4e79"
ORANGE = "#c2571a"
INK = "#222222"
GREY = "#8a8f98"
_BLUES = LinearSegmentedColormap.from_list("blues", ["#f3f6fa", "#9dbbd8", BLUE])
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "crossrec",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.6,
}
_WIDTH = 5.6
Words = ParamSpec("Words")


def drawn(draw: Callable[Words, Figure]) -> Callable[Concatenate[str, str, Words], str]:
    """Turn a function that draws into one that takes a name and a description before all else, and returns SVG."""

    @wraps(draw)
    def described(name: str, words: str, /, *args: Words.args, **options: Words.kwargs) -> str:
        with styled():
            return _svg(draw(*args, **options), name, words)

    return described


def styled() -> AbstractContextManager[None]:
    """Draw in the page's typeface and colours for as long as this lasts."""
    return rc_context(_STYLE)


@drawn
def popularity(items: Spread, users: Spread) -> Figure:
    """Draw rows by rank of item on two log axes, and beside it how unequal items and users are."""
    figure, (left, right) = blank(2.6, columns=2)
    ranks, counts = items.ranks()
    left.loglog(np.concatenate([[1], ranks]), np.concatenate([counts[:1], counts]), color=BLUE)
    left.set_xlabel("rank of the item")
    left.set_ylabel("rows")
    left.set_ylim(bottom=0.8)
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_formatter(FuncFormatter(_tick))
        axis.set_minor_locator(NullLocator())
    right.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (3, 3)))
    for spread, colour, label, at in ((items, BLUE, "items", 0.92), (users, ORANGE, "users", 0.82)):
        right.plot(*_thinned(*spread.lorenz()), color=colour)
        words = f"{label}: Gini {spread.gini:.2f}"
        right.annotate(words, (0.05, at), xycoords="axes fraction", color=colour, va="center", fontweight="bold")
    right.set_xlabel("share of items or users, smallest first")
    right.set_ylabel("share of rows")
    for axis in (right.xaxis, right.yaxis):
        axis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
        axis.set_major_formatter(FuncFormatter(_percent_tick))
    right.set_xlim(0, 1)
    right.set_ylim(0, 1)
    return figure


@drawn
def bars(labels: Sequence[str], values: Sequence[float], *, across: str, up: str) -> Figure:
    """Draw standing bars from zero, one a label; long rows of labels are thinned."""
    figure, (axes,) = blank(2.3)
    axes.bar(np.arange(len(values)), values, width=0.74, color=BLUE)
    step = -(-len(labels) // 12) if max(map(len, labels), default=0) <= 9 else -(-len(labels) // 6)
    axes.set_xticks(np.arange(len(labels))[::step], list(labels)[::step])
    _counted(axes)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure


@drawn
def sideways(labels: Sequence[str], shares: Sequence[float], notes: Sequence[str], *, scale: float = 1.0) -> Figure:
    """Draw lying bars from zero to `scale`, each with its note; for shares and for words that are long."""
    figure, (axes,) = blank(0.12 + 0.29 * len(labels))
    places = np.arange(len(labels))
    axes.barh(places, [scale] * len(labels), height=0.62, color="#eef1f5")
    axes.barh(places, shares, height=0.62, color=BLUE)
    axes.set_yticks(places, [_cut(label) for label in labels])
    axes.invert_yaxis()
    axes.set_xlim(0, scale)
    axes.xaxis.set_visible(False)
    axes.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    for place, note in zip(places, notes, strict=True):
        axes.annotate(note, (1.02, place), xycoords=("axes fraction", "data"), va="center", annotation_clip=False)
    return figure


@drawn
def lines(
    starts: NDArray[np.datetime64], values: Sequence[int], *, across: str, cuts: Sequence[tuple[np.datetime64, str]]
) -> Figure:
    """Draw steps over time from zero, `starts` having one end more than there are values; cuts are dashed lines."""
    figure, (axes,) = blank(2.4)
    values = [*values, values[-1]]
    axes.fill_between(starts, values, step="post", color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(starts, values, color=BLUE, drawstyle="steps-post", linewidth=1.2)
    _counted(axes)
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=7))  # type: ignore[no-untyped-call]
    top = max(values)
    for place, (moment, label) in enumerate(cuts):
        side, gap = ("right", -3) if place == 0 else ("left", 3)
        axes.axvline(moment, color=ORANGE, linewidth=1, linestyle=(0, (3, 2)))  # type: ignore[arg-type] # dates are drawn
        axes.annotate(
            label,
            (moment, top * 1.09),
            (gap, 0),
            textcoords="offset points",
            color=ORANGE,
            ha=side,
            va="bottom",
            annotation_clip=False,
        )
    axes.set_ylim(0, top * 1.08 or 1)
    axes.set_xlabel(across)
    axes.set_ylabel("rows")
    return figure


@drawn
def heat(
    matrix: NDArray[np.floating],
    down: Sequence[str],
    along: Sequence[str],
    *,
    names: tuple[str, str],
    written: bool = False,
    log: bool = False,
) -> Figure:
    """Draw a matrix in shades of one colour, empty where it is NaN; `written` puts the percentage into each cell."""
    rows, columns = matrix.shape
    figure, (axes,) = blank(min(4.2, 0.9 + 0.26 * rows))
    shown = np.ma.masked_invalid(np.log10(np.where(matrix > 0, matrix, np.nan)) if log else matrix)
    low = None if log else 0.0
    axes.pcolormesh(shown, cmap=_BLUES, vmin=low, edgecolor="white", linewidth=0.6)
    thin = (-(-columns // 12)) if max(map(len, along), default=0) <= 3 else -(-columns // 8)
    axes.set_xticks(np.arange(columns)[::thin] + 0.5, list(along)[::thin])
    axes.set_yticks(np.arange(rows) + 0.5, list(down))
    axes.invert_yaxis()
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_ylabel(names[0])
    axes.set_xlabel(names[1])
    if written:
        middle = float(shown.max()) / 2 if shown.count() else 0.0
        for row, column in zip(*np.nonzero(np.isfinite(matrix)), strict=True):
            colour = "white" if matrix[row, column] > middle else INK
            axes.text(column + 0.5, row + 0.5, percent(matrix[row, column]), ha="center", va="center", color=colour)
    return figure


def percent(share: float) -> str:
    """Write a share with the digits that say something: 0 %, 0.04 %, 3.1 %, 57 %."""
    if np.isnan(share):
        return "–"
    value = 100 * share
    digits = 0 if value == 0 or value >= 99.95 else 1 if value >= 1 else min(6, 1 - int(np.floor(np.log10(value))))
    return f"{value:.{digits}f} %"


def short(value: float) -> str:
    """Write a count for an axis: 900, 12 k, 3.5 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def blank(height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure of the page's width, and its axes side by side."""
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def _counted(axes: Axes) -> None:
    """Let the upright axis count: few round ticks, and light lines to read by."""
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(_tick))
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.7)
    axes.set_axisbelow(True)


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep at most a few hundred points of a curve, the ends among them."""
    keep = np.unique(np.linspace(0, len(x) - 1, 400).astype(int))
    return x[keep], y[keep]


def _cut(label: str) -> str:
    return label if len(label) <= 44 else f"{label[:43]}…"


def _tick(value: float, _place: int) -> str:
    return short(value)


def _percent_tick(value: float, _place: int) -> str:
    return f"{value:.0%}".replace("%", " %")


def _svg(figure: Figure, name: str, words: str) -> str:
    """Write a figure as one SVG element that says what it shows; ids carry the plot's name, so that none repeats."""
    written = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(written, format="svg", metadata=nothing, transparent=True)
    text = written.getvalue()
    text = text[text.index("<svg") :].replace(' xmlns="http://www.w3.org/2000/svg"', "").strip()
    text = re.sub(r'\b(id|clip-path|xlink:href)="(url\()?(#?)([^"):]+)(\)?)"', rf'\1="\2\3{name}-\4\5"', text)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(words)}" ', 1)
