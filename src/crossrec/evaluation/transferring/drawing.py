"""The figures of a transfer report as inline SVG: a map of arrows, intervals in a row, curves of a drill."""

from __future__ import annotations

import math
from collections.abc import Sequence

from crossrec.evaluation.transferring.drill import Drill
from crossrec.evaluation.transferring.effects import Effect
from crossrec.evaluation.transferring.ink import GREY, INK, LINE, svg, text

__all__ = ["arrows", "curves", "intervals"]

_COLOURS = {"helps": "#1f4e79", "harms": "#a8430f", "cannot tell": "#9aa1ab"}
_OF_STRATEGY = {"popularity": "#9aa1ab", "control": "#a8430f", "transfer": "#1f4e79", "gated": "#2e7d4f"}


def arrows(domains: Sequence[str], effects: Sequence[Effect]) -> str:
    """Draw domains on a circle, and an arrow from each source to each target in the colour of its verdict.

    Args:
        domains: Names, in the order of the circle.
        effects: One for each arrow; a wider arrow is a larger share of the control.
    """
    size, radius = 460, 160
    places = {
        name: (
            size / 2 + radius * math.sin(2 * math.pi * at / len(domains)),
            size / 2 - radius * math.cos(2 * math.pi * at / len(domains)),
        )
        for at, name in enumerate(domains)
    }
    heads = "".join(
        f'<marker id="head-{colour[1:]}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
        for colour in _COLOURS.values()
    )
    drawn = "".join(_arrow(places[one.source], places[one.target], one) for one in effects)
    names = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="{INK}"/>'
        + text(x, y + (-16 if y <= size / 2 else 26), name, "middle", INK)
        for name, (x, y) in places.items()
    )
    words = "; ".join(f"{one.source} to {one.target}: {one.verdict}" for one in effects)
    return svg(size, size, f"Map of domains. {words}", f"<defs>{heads}</defs>{drawn}{names}")


def intervals(effects: Sequence[Effect], labels: Sequence[str]) -> str:
    """Draw each difference as a point in its interval, the margin as a grey band around 0, under one another.

    Args:
        effects: What to draw.
        labels: The words of each.
    """
    width, left, right, step = 640, 230, 20, 24
    height = step * len(effects) + 46
    reach = max([abs(end) for one in effects for end in (one.low, one.high) if not math.isnan(end)] + [1e-6]) * 1.05

    def at(value: float) -> float:
        return left + (value + reach) / (2 * reach) * (width - left - right)

    parts = [f'<line x1="{at(0):.1f}" x2="{at(0):.1f}" y1="6" y2="{height - 34}" stroke="{INK}"/>']
    for row, (one, label) in enumerate(zip(effects, labels, strict=True)):
        y, colour = 18 + row * step, _COLOURS[one.verdict]
        band = min(one.margin, reach)
        parts.append(
            f'<rect x="{at(-band):.1f}" y="{y - 8}" width="{at(band) - at(-band):.1f}" height="16" fill="{LINE}" '
            f'opacity=".6"/><line x1="{at(one.low):.1f}" x2="{at(one.high):.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
            f'stroke-width="2"/><circle cx="{at(one.difference):.1f}" cy="{y}" r="4" fill="{colour}"/>'
            + text(left - 12, y + 4, label, "end", INK)
        )
    ticks = (-reach / 1.05, 0.0, reach / 1.05)
    parts += [text(at(tick), height - 16, f"{tick:+.3f}" if tick else "0", "middle", GREY) for tick in ticks]
    words = "; ".join(
        f"{label}: {one.difference:+.4f} from {one.low:+.4f} to {one.high:+.4f}, {one.verdict}"
        for one, label in zip(effects, labels, strict=True)
    )
    return svg(width, height, f"Differences of NDCG@10. {words}", "".join(parts))


def curves(found: Drill) -> str:
    """Draw NDCG@10 of each strategy against the number of acts in the target."""
    width, height, left, bottom, top = 640, 300, 60, 44, 16
    last = max(found.steps[-1].acts, 1)
    reach = max(max(step.ndcg.values()) for step in found.steps) * 1.1 or 1.0

    def at(acts: float, value: float) -> str:
        x = left + acts / last * (width - left - 120)
        return f"{x:.1f},{height - bottom - value / reach * (height - bottom - top):.1f}"

    parts = [f'<path d="M{left} {top}V{height - bottom}H{width - 120}" fill="none" stroke="{GREY}"/>']
    taken: list[float] = []
    for name in sorted(found.steps[-1].ndcg, key=lambda one: -found.steps[-1].ndcg[one]):
        points = " ".join(at(step.acts, step.ndcg[name]) for step in found.steps)
        colour, end = _OF_STRATEGY[name], float(at(last, found.steps[-1].ndcg[name]).split(",")[1])
        end = max(end, taken[-1] + 14) if taken else end
        taken.append(end)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(text(width - 112, end + 4, name, "start", colour))
    bar, saved = found.steps[0].ndcg["transfer"], found.effort_saved["transfer"].value
    points = f"{at(0, bar)} {at(last if saved is None else saved, bar)}"
    parts.append(f'<polyline points="{points}" fill="none" stroke="{INK}" stroke-dasharray="2 3"/>')
    for step in found.steps:
        x = float(at(step.acts, 0).split(",")[0])
        parts.append(text(x, height - bottom + 16, str(step.acts), "middle", GREY))
    parts += [
        text(left - 8, height - bottom, "0", "end", GREY),
        text(left - 8, top + 8, f"{reach:.3f}", "end", GREY),
    ]
    parts.append(text((left + width - 120) / 2, height - 8, f"acts in {found.target}", "middle", GREY))
    words = "; ".join(
        f"after {step.acts} acts " + ", ".join(f"{name} {value:.3f}" for name, value in step.ndcg.items())
        for step in found.steps
    )
    return svg(width, height, f"NDCG@10 by acts in {found.target}. {words}", "".join(parts))


def _arrow(start: tuple[float, float], end: tuple[float, float], one: Effect) -> str:
    """Draw a bent arrow that keeps off the circles of both domains."""
    (x, y), (to_x, to_y) = start, end
    length = math.hypot(to_x - x, to_y - y) or 1.0
    along, across = ((to_x - x) / length, (to_y - y) / length), ((y - to_y) / length, (to_x - x) / length)
    bend = 0.12 * length
    middle = (x + to_x) / 2 + bend * across[0], (y + to_y) / 2 + bend * across[1]
    x, y = x + 12 * along[0] + 4 * across[0], y + 12 * along[1] + 4 * across[1]
    to_x, to_y = to_x - 12 * along[0] + 4 * across[0], to_y - 12 * along[1] + 4 * across[1]
    colour = _COLOURS[one.verdict]
    wide = 1.2 + 3 * min(1.0, abs(one.effectiveness.value or 0.0))
    return (
        f'<path d="M{x:.1f} {y:.1f}Q{middle[0]:.1f} {middle[1]:.1f} {to_x:.1f} {to_y:.1f}" fill="none" '
        f'stroke="{colour}" stroke-width="{wide:.1f}" marker-end="url(#head-{colour[1:]})"/>'
    )
