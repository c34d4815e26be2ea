"""Bars, as the places and sizes of rectangles in a picture of 600 by 100 units."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 600, 100
_GAP = 0.15  # of a bar's width
_FEWEST = 8  # bars that the picture has room for: fewer are no wider


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle; the upper part of it may be in another colour."""

    x: float
    y: float
    width: float
    height: float
    bad: float  # height of the part that tells of errors, from y down
    text: str  # what it says


def minutes(requests: Sequence[int], errors: Sequence[int], text: str) -> list[Bar]:
    """Return a bar for each minute, the latest at the right; the text takes ago and both counts."""
    last = len(requests) - 1
    texts = [
        text.format(ago=last - index, requests=count, errors=wrong)
        for index, (count, wrong) in enumerate(zip(requests, errors, strict=True))
    ]
    return _bars(requests, errors, texts)


def shares(latency: Mapping[str, float | None], text: str) -> list[Bar]:
    """Return a bar for each share of requests that has a time; the text takes share and number."""
    known = {share: number for share, number in latency.items() if number is not None}
    texts = [text.format(share=share, number=number) for share, number in known.items()]
    return _bars(list(known.values()), [0] * len(known), texts)


def sizes(counts: Mapping[str, int], text: str) -> list[Bar]:
    """Return a bar for each size; the text takes end and count."""
    texts = [text.format(end=end, count=count) for end, count in counts.items()]
    return _bars(list(counts.values()), [0] * len(counts), texts)


def _bars(values: Sequence[float], bad: Sequence[float], texts: Sequence[str]) -> list[Bar]:
    most = max(values, default=0) or 1
    step = WIDTH / max(len(values), _FEWEST)
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
