"""app.admin.chart: from numbers to paths."""

from __future__ import annotations

import re

import pytest

from app.admin.chart import Series, bars, lines

TIMES = [0.0, 60.0, 120.0, 180.0]


def heights(path: str) -> list[float]:
    """Return the heights of the bars of a path."""
    return [float(each) for each in re.findall(r"v([\d.]+)", path)]


def test_bars_stand_on_one_another() -> None:
    sent, failed = Series(name="sent", values=[4, 0, 2, 0]), Series(name="no", values=[1, 0, 0, 5])
    chart = bars(TIMES, [sent, failed], 5)
    assert chart.top == 5
    assert [heights(shape.path) for shape in chart.shapes] == [[80, 40], [20, 100]]
    assert chart.shapes[1].path.startswith("M18.0 0.0")  # above the four
    assert chart.columns[0].values == [("sent", 4), ("no", 1)]
    assert chart.times == (0, 120, 180)


def test_line_is_broken_where_nothing_is_known() -> None:
    chart = lines(TIMES, [Series(name="p50", values=[0.1, None, 0.2, 0.2])], 0.5)
    assert chart.shapes[0].path == "M75.0 80.0h.1M375.0 60.0h.1L525.0 60.0"
    assert chart.shapes[0].last == 0.2


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 5), (5, 5), (5.1, 10), (17, 20), (21, 50), (70, 100), (0.3, 5), (1e5, 1e5)],
)
def test_scale_ends_at_a_round_number(most: float, top: float) -> None:
    assert lines([0.0], [Series(name="x", values=[most])], 5).top == top


def test_chart_of_nothing_is_empty() -> None:
    assert bars(TIMES, [Series(name="x", values=[0, 0, 0, 0])], 5).is_empty
    assert lines(TIMES, [Series(name="x", values=[None] * 4)], 5).is_empty
    assert not bars(TIMES, [Series(name="x", values=[0, 0, 1, 0])], 5).is_empty
