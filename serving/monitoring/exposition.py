"""Counters and histograms, and their text as tensorflow_model_server exports it.

Source: tensorflow_serving/util/prometheus_exporter.cc. prometheus_client is of no use here: it adds
_total to the names of counters, and times of creation.
"""

from __future__ import annotations

import bisect
import itertools
import threading
from collections.abc import Iterator, Sequence

_MOST = 1000  # sets of label values of one metric: clients choose the names of models
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def exponential(scale: float, growth: float, count: int) -> list[float]:
    """Return the upper ends of buckets, but the last: monitoring::Buckets::Exponential."""
    return [scale * growth**power for power in range(count)]


class Metric:
    """Values of one name, by the values of its labels."""

    kind = ""

    def __init__(self, name: str, *labels: str) -> None:
        self.name, self._labels = name, labels
        self._cells: dict[tuple[str, ...], list[float]] = {}
        self._lock = threading.Lock()

    def _empty(self) -> list[float]:
        return [0]

    def _cell(self, values: tuple[str, ...]) -> list[float]:
        """Return what is counted for these labels; for one more set than can be kept: no labels."""
        found = self._cells.get(values)
        if found is not None:
            return found
        if len(self._cells) >= _MOST:
            values = ("",) * len(self._labels)
        return self._cells.setdefault(values, self._empty())

    def lines(self) -> Iterator[str]:
        """Give the text."""
        with self._lock:
            cells = {values: list(cell) for values, cell in sorted(self._cells.items())}
        yield f"# TYPE {self.name} {self.kind}"
        for values, cell in cells.items():
            pairs = zip(self._labels, values, strict=True)
            labels = [f'{label}="{value.translate(_ESCAPES)}"' for label, value in pairs]
            yield from self._lines(labels, cell)

    def _lines(self, labels: Sequence[str], cell: Sequence[float]) -> Iterator[str]:
        raise NotImplementedError


class Counter(Metric):
    """What only grows."""

    kind = "counter"

    def add(self, *values: str, amount: int = 1) -> None:
        """Count for these values of the labels."""
        with self._lock:
            self._cell(values)[0] += amount

    def _lines(self, labels: Sequence[str], cell: Sequence[float]) -> Iterator[str]:
        yield f"{self.name}{{{','.join(labels)}}} {cell[0]}"


class Histogram(Metric):
    """How often a value was in which bucket; a cell is the buckets' counts, and the sum."""

    kind = "histogram"

    def __init__(self, name: str, *labels: str, ends: Sequence[float]) -> None:
        super().__init__(name, *labels)
        self._ends = ends

    def _empty(self) -> list[float]:
        return [0] * (len(self._ends) + 2)

    def observe(self, value: float, *values: str) -> None:
        """Count a value for these values of the labels."""
        with self._lock:
            cell = self._cell(values)
            cell[bisect.bisect_left(self._ends, value)] += 1
            cell[-1] += value

    def _lines(self, labels: Sequence[str], cell: Sequence[float]) -> Iterator[str]:
        totals = list(itertools.accumulate(cell[:-1]))
        for end, total in zip([*map(_short, self._ends), "+Inf"], totals, strict=True):
            bucket = ",".join([*labels, f'le="{end}"'])
            yield f"{self.name}_bucket{{{bucket}}} {total}"
        yield f"{self.name}_sum{{{','.join(labels)}}} {_short(cell[-1])}"
        yield f"{self.name}_count{{{','.join(labels)}}} {totals[-1]}"


def _short(value: float) -> str:
    """Return six digits, as absl::StrCat."""
    return f"{value:g}"


def page(metrics: Sequence[Metric]) -> str:
    """Return the text of all, by name."""
    by_name = sorted(metrics, key=lambda metric: metric.name)
    return "\n".join(itertools.chain.from_iterable(each.lines() for each in by_name)) + "\n"
