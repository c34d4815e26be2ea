"""Bars, as the places and sizes of rectangles in a picture of 600 by 100 units."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 600, 100
_GAP = 0.15  # of a bar's width


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle; the upper part of it may be in another colour."""

    x: float
    y: float
    width: float
    height: float
    bad: float  # height of the part that tells of errors, from y down
    text: str  # what it says


def minutes(requests: Sequence[int], errors: Sequence[int]) -> list[Bar]:
    """Return a bar for each minute, the latest at the right."""
    last = len(requests) - 1
    texts = [
        f"{last - index} min ago: {count} requests, {wrong} errors"
        for index, (count, wrong) in enumerate(zip(requests, errors, strict=True))
    ]
    return _bars(requests, errors, texts)


def sizes(counts: Mapping[str, int]) -> list[Bar]:
    """Return a bar for each size."""
    texts = [f"{end} rows: {count}" for end, count in counts.items()]
    return _bars(list(counts.values()), [0] * len(counts), texts)


def _bars(values: Sequence[int], bad: Sequence[int], texts: Sequence[str]) -> list[Bar]:
    most = max(values, default=0) or 1
    step = WIDTH / max(len(values), 8)
    return [
        Bar(
            x=round(index * step, 2),
            y=round(HEIGHT - HEIGHT * value / most, 2),
            width=round(step * (1 - _GAP), 2),
            height=round(HEIGHT * value / most, 2),
            bad=round(HEIGHT * wrong / most, 2),
            text=text,
        )
        for index, (value, wrong, text) in enumerate(zip(values, bad, texts, strict=True))
    ]
