"""Lines as SVG: latency against load."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Sequence

_WIDTH, _HEIGHT = 760, 260  # pixels of a panel
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 90, 50, 40  # pixels around its lines
_COLOURS = ("#07c160", "#24292f")
_STEPS = 4  # of the scale at the left


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One quantity at each load."""

    label: str
    points: Sequence[tuple[float, float]]  # load, value


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Lines over one load."""

    title: str
    across: str  # what the load is, with its unit
    up: str  # what the values are, with their unit
    lines: Sequence[Line]


def draw(plots: Sequence[Plot]) -> str:
    """Return an SVG picture of the plots, one below the other."""
    height = _HEIGHT * len(plots)
    style = 'font-family="sans-serif" font-size="13" fill="#24292f"'
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {style}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    )
    parts = [part for number, plot in enumerate(plots) for part in _draw(plot, number * _HEIGHT)]
    return "\n".join([*opening, *parts, "</svg>\n"])


def _draw(plot: Plot, top: int) -> list[str]:
    points = [point for line in plot.lines for point in line.points]
    wide, high = max(x for x, _ in points), max(y for _, y in points)
    right, base = _WIDTH - _RIGHT, top + _HEIGHT - _BOTTOM

    def place(share: tuple[float, float]) -> tuple[float, float]:
        return _LEFT + (right - _LEFT) * share[0], base - (base - top - _TOP) * share[1]

    parts = [
        f'<text x="{_LEFT}" y="{top + 22}" font-weight="bold">{html.escape(plot.title)}</text>',
        f'<text x="{_LEFT}" y="{top + 40}">{html.escape(plot.up)}</text>',
        f'<text x="{right}" y="{base + 34}" text-anchor="end">{html.escape(plot.across)}</text>',
    ]
    for step in range(_STEPS + 1):
        x, y = place((step / _STEPS, step / _STEPS))
        across, up = wide * step / _STEPS, high * step / _STEPS
        parts += [
            f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#d8dee4"/>',
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{up:.2g}</text>',
            f'<text x="{x:.1f}" y="{base + 18}" text-anchor="middle">{across:.3g}</text>',
        ]
    for line, colour in zip(plot.lines, _COLOURS, strict=False):
        places = [place((x / wide, y / high)) for x, y in line.points]
        parts += _draw_line(line.label, places, colour)
    return parts


def _draw_line(label: str, places: Sequence[tuple[float, float]], colour: str) -> list[str]:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    x, y = places[-1]
    return [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        f'<text x="{x + 6:.1f}" y="{y + 4:.1f}">{html.escape(label)}</text>',
    ]
