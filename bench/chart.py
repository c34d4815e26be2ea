"""Horizontal bars as SVG: the median, and a thin line from the least to the most."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Sequence

from bench.harness import Spread

_WIDTH, _LEFT, _ROW, _TITLE = 760, 270, 24, 40  # pixels
_ROOM = 360  # pixels for the longest bar; the rest is for its number
_OURS, _OTHERS = "#07c160", "#9aa4ad"  # WeChat's green stands out
_NAME = "Kantu"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One contestant; ours is the first of a panel, or has our name."""

    label: str
    value: Spread


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One metric."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """Pixels."""
        return _TITLE + _ROW * len(self.bars)


def draw(panels: Sequence[Panel]) -> str:
    """Return an SVG picture of the panels, one below the other."""
    height = sum(panel.height for panel in panels) + _ROW
    parts, top = list[str](), 0
    for panel in panels:
        parts += _draw_panel(panel, top)
        top += panel.height
    style = 'font-family="sans-serif" font-size="13" fill="#24292f"'
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {style}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    )
    return "\n".join([*opening, *parts, "</svg>\n"])


def _draw_panel(panel: Panel, top: int) -> list[str]:
    scale = _ROOM / max(bar.value.high for bar in panel.bars)
    lines = [f'<text x="{_LEFT}" y="{top + 26}" font-weight="bold">{panel.title}</text>']
    for number, bar in enumerate(panel.bars):
        colour = _OURS if number == 0 or _NAME in bar.label else _OTHERS
        lines += _draw_bar(bar, scale, top + _TITLE + _ROW * number, colour)
    return lines


def _draw_bar(bar: Bar, scale: float, top: int, colour: str) -> list[str]:
    middle, low, high = (
        _LEFT + scale * each for each in (bar.value.median, bar.value.low, bar.value.high)
    )
    label, base = html.escape(bar.label), top + 14
    size = f'width="{middle - _LEFT:.1f}" height="{_ROW - 8}"'
    return [
        f'<text x="{_LEFT - 8}" y="{base}" text-anchor="end">{label}</text>',
        f'<rect x="{_LEFT}" y="{top + 2}" {size} fill="{colour}"/>',
        f'<path d="M{low:.1f} {top + 10}H{high:.1f}" stroke="#24292f"/>',
        f'<text x="{high + 8:.1f}" y="{base}">{bar.value.median:,.0f}</text>',
    ]
