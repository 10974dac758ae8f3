"""What a section of the page is: words, a plot and the same figures as a table."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Cell", "Section", "whole"]

Cell = str
"""A table's cell, written out."""

_NUMBER = re.compile(r"[0-9][0-9,.]*( %)?|–|")


@dataclass(frozen=True)
class Section:
    """One section; all of its text is plain and escaped by the page, the plot alone is markup.

    Args:
        title: Heading.
        words: What the reader should know to read the figures.
        columns: Head of the table.
        rows: Its rows.
        plot: SVG, or empty where there is nothing to draw.
        wide: The table stands under the plot, not beside it.
    """

    title: str
    words: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    plot: str = ""
    wide: bool = False

    @property
    def right(self) -> tuple[bool, ...]:
        """Say of each column whether it stands to the right: all of its cells are numbers, and it is not the first."""
        columns = list(zip(*self.rows, strict=True))
        return tuple(at > 0 and all(_NUMBER.fullmatch(cell) for cell in cells) for at, cells in enumerate(columns))


def whole(number: int) -> str:
    """Write a count with commas: 25,000,095."""
    return f"{number:,}"
