"""Ink: the colours and the two elements that every drawing of a transfer page is made of; all text is escaped."""

from __future__ import annotations

import html

__all__ = ["BLUE", "GREY", "INK", "LINE", "ORANGE", "svg", "text"]

INK = "#222222"
GREY = "#565b63"
LINE = "#dfe3e8"
BLUE = "#1f4e79"
ORANGE = "#a8430f"


def text(x: float, y: float, words: str, anchor: str, colour: str) -> str:
    """Return words at a place, in the drawing's units; `anchor` is start, middle or end."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="12" fill="{colour}">{html.escape(words)}</text>'


def svg(width: int, height: int, words: str, inside: str) -> str:
    """Return a drawing of so many units that says in words what it shows."""
    return f'<svg role="img" aria-label="{html.escape(words)}" viewBox="0 0 {width} {height}">{inside}</svg>'
