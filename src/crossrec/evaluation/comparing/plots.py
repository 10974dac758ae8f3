"""The plots of a leaderboard as inline SVG: accuracy against what it costs, against coverage, and by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from crossrec.data.report.plots import BLUE, GREY, INK, ORANGE, blank, drawn, short

__all__ = ["Mark", "against", "by_group"]

_LINE = 11.0
"""Points between two labels that stand above one another."""


@dataclass(frozen=True)
class Mark:
    """How a model is drawn.

    Args:
        name: Written beside it.
        best: Is it the first of the board?
        baseline: Is it one of those that are always there?
    """

    name: str
    best: bool = False
    baseline: bool = False

    @property
    def colour(self) -> str:
        """Orange for the best, grey for baselines, blue for the others."""
        return ORANGE if self.best else GREY if self.baseline else BLUE


@drawn
def against(
    marks: Sequence[Mark],
    x: Sequence[float],
    y: Sequence[float],
    bars: Sequence[tuple[float, float]],
    *,
    across: str,
    up: str,
    log: bool = False,
) -> Figure:
    """Draw a point for each model with its interval; `log` makes a tenfold the same step everywhere."""
    figure, (axes,) = blank(3.2)
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        axes.xaxis.set_minor_locator(NullLocator())
    for mark, right, height, (low, high) in zip(marks, x, y, bars, strict=True):
        axes.plot([right, right], [low, high], color=mark.colour, linewidth=0.8)
        axes.plot([right], [height], color=mark.colour, marker="o", markersize=5)
    _ruled(axes, across, up)
    axes.margins(x=0.18, y=0.08)
    _labelled(figure, axes, marks, x, y)
    return figure


@drawn
def by_group(
    marks: Sequence[Mark], groups: Sequence[str], values: Mapping[str, Sequence[float]], *, across: str, up: str
) -> Figure:
    """Draw a line for each model over groups that have an order; a gap where a group has no value."""
    figure, (axes,) = blank(3.2)
    places = np.arange(len(groups))
    for mark in marks:
        style = (0, (3, 2)) if mark.baseline else "-"
        axes.plot(places, values[mark.name], color=mark.colour, marker="o", markersize=3.5, linestyle=style)
    axes.set_xticks(places, list(groups))
    _ruled(axes, across, up)
    axes.set_xlim(-0.3, len(groups) - 1 + 0.3)
    last = [(mark, values[mark.name][-1]) for mark in marks if not np.isnan(values[mark.name][-1])]
    _labelled(figure, axes, [mark for mark, _ in last], [places[-1]] * len(last), [value for _, value in last])
    return figure


def _ruled(axes: Axes, across: str, up: str) -> None:
    """Name the axes and give light lines to read by."""
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel(across)
    axes.set_ylabel(up)


def _labelled(figure: Figure, axes: Axes, marks: Sequence[Mark], x: Sequence[float], y: Sequence[float]) -> None:
    """Write the names to the right of points; where two would touch, the lower one goes down."""
    figure.draw_without_rendering()  # the scales must be known
    dots = axes.transData.transform(np.column_stack([np.asarray(x, float), np.asarray(y, float)]))
    points = dots * 72 / figure.dpi
    taken: list[tuple[float, float]] = []
    for number in np.lexsort((points[:, 0], -points[:, 1])).tolist():
        right, height = points[number]
        for other_right, other in sorted(taken, key=lambda place: -place[1]):
            if abs(other_right - right) < 90 and abs(other - height) < _LINE:
                height = other - _LINE
        taken.append((right, height))
        colour = INK if marks[number].baseline else marks[number].colour
        axes.annotate(
            marks[number].name,
            (x[number], y[number]),
            (6, height - points[number][1]),
            textcoords="offset points",
            color=colour,
            va="center",
            annotation_clip=False,
        )
