"""Charts as SVG: from numbers to paths. Widths are per cent, so a chart fits where it stands.

Letters are HTML around it: inside a picture that is stretched they would be stretched as well.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

WIDTH, HEIGHT = 600.0, 100.0  # of the picture's own units

Values = Sequence[float | None]  # None: nothing is known of that time


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line, or one kind of bar."""

    name: str  # its key among the words, and its class in the style sheet
    values: Values


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A path of one series."""

    name: str
    path: str
    last: float | None  # the newest value that is known


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A part of the chart that tells its numbers where it is pointed at."""

    x: float
    width: float
    began: float  # seconds since 1970
    values: Sequence[tuple[str, float | None]]  # by series


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a template draws."""

    top: float  # value of the upper edge; the lower is 0
    shapes: Sequence[Shape]
    columns: Sequence[Column]
    times: Sequence[float]  # to write below: first, middle, last; seconds since 1970

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return all(not value for column in self.columns for _, value in column.values)


def lines(times: Sequence[float], series: Sequence[Series], least: float) -> Chart:
    """Return a chart of lines; least: what its upper edge stands for at the least."""
    top = _round_up(max([least, *(value or 0 for each in series for value in each.values)]))
    shapes = [
        Shape(name=each.name, path=_line(each.values, top), last=_last(each.values))
        for each in series
    ]
    return _chart(times, series, shapes, top)


def bars(times: Sequence[float], series: Sequence[Series], least: float) -> Chart:
    """Return a chart of bars, the first series at the bottom and the others on top of it."""
    number = len(times)
    heights = [sum(each.values[at] or 0 for each in series) for at in range(number)]
    top = _round_up(max([least, *heights]))
    floor, shapes = [0.0] * number, list[Shape]()
    for each in series:
        roof = [low + (value or 0) for low, value in zip(floor, each.values, strict=True)]
        shapes.append(Shape(name=each.name, path=_bars(floor, roof, top), last=_last(each.values)))
        floor = roof
    return _chart(times, series, shapes, top)


def _chart(
    times: Sequence[float], series: Sequence[Series], shapes: Sequence[Shape], top: float
) -> Chart:
    step = WIDTH / len(times)
    columns = [
        Column(
            x=at * step, width=step, began=began,
            values=[(each.name, each.values[at]) for each in series],
        )
        for at, began in enumerate(times)
    ]  # fmt: skip
    marked = (times[0], times[len(times) // 2], times[-1])
    return Chart(top=top, shapes=shapes, columns=columns, times=marked)


def _line(values: Values, top: float) -> str:
    """Return a path through the middles of the columns, broken where nothing is known."""
    step, path, is_drawing = WIDTH / len(values), list[str](), False
    for at, value in enumerate(values):
        if value is not None:
            x, y = (at + 0.5) * step, HEIGHT * (1 - value / top)
            # A value that stands alone is a stroke of its own, which round ends make a dot.
            path.append(f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}" + "h.1" * (not is_drawing))
        is_drawing = value is not None
    return "".join(path)


def _bars(floor: Sequence[float], roof: Sequence[float], top: float) -> str:
    step = WIDTH / len(floor)
    path = list[str]()
    for at, (low, high) in enumerate(zip(floor, roof, strict=True)):
        if high > low:
            x, y = at * step + 0.12 * step, HEIGHT * (1 - high / top)
            path.append(f"M{x:.1f} {y:.1f}h{0.76 * step:.1f}v{HEIGHT * (high - low) / top:.1f}")
            path.append(f"h-{0.76 * step:.1f}z")
    return "".join(path)


def _last(values: Values) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, … that is not less."""
    size = 10.0 ** math.floor(math.log10(value))
    return next(size * each for each in (1, 2, 5, 10) if size * each >= value - 1e-9)
