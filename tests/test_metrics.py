"""docs/metrics.md and Prometheus' conventions, held against every metric of both programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

import app.metrics
import worker.metrics
from contract.steps import STEPS
from worker.snapshot_metrics import GAUGES, LABELLED

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "metrics.md").read_text("utf-8")
Metric = Counter | Gauge | Histogram
METRICS: dict[str, list[Metric]] = {
    name: [each for each in vars(module).values() if isinstance(each, Metric)]
    for name, module in (("app", app.metrics), ("worker", worker.metrics))
}
ALL = [each for metrics in METRICS.values() for each in metrics]
ALLOWED_LABELS = {
    "api", "errcode", "error", "force_refresh", "kind", "model", "outcome", "reason", "result",
    "source", "step",
}  # fmt: skip  # each has a closed set of values


def full_name(metric: Metric) -> str:
    """Return its name as Prometheus sees it."""
    return f"{metric._name}_total" if isinstance(metric, Counter) else str(metric._name)


def row(metric: Metric) -> tuple[str, ...]:
    return (
        f"`{full_name(metric)}`",
        metric._type,
        ", ".join(metric._labelnames),
        metric._documentation,
    )


def test_page_lists_every_metric_in_its_order() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| `kantu_")]
    listed = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in lines]
    told = [(f"`{name}`", "gauge", "", what) for name, what in GAUGES.items()]
    told += [(f"`{name}`", "gauge", label, what) for name, (what, label) in LABELLED.items()]
    assert listed == [*(row(metric) for metric in ALL), *told]


def test_page_explains_every_step() -> None:
    explained = re.findall(r"^\| ([a-z]+) \| ", PAGE.partition("| step | from")[2], re.MULTILINE)
    assert sorted(explained) == sorted(STEPS.values())


def test_page_explains_every_result_of_a_message() -> None:
    source = "".join((ROOT / "app" / f"{name}.py").read_text() for name in ("handlers", "webhook"))
    counted = " ".join(re.findall(r"\b(?:count|labels)\((.*)\)", source))
    results = set(re.findall(r'"([a-z_]+)"', counted)) - {"other"}  # that is a kind
    assert len(results) == 8
    explained = PAGE.partition("`result` is ")[2].partition(" `kind` is ")[0]
    assert set(re.findall(r"`([a-z_]+)`", explained)) == results


@pytest.mark.parametrize("metric", ALL, ids=full_name)
def test_metric_follows_the_conventions(metric: Metric) -> None:
    name = full_name(metric)
    program = next(program for program, metrics in METRICS.items() if metric in metrics)
    assert re.fullmatch(rf"kantu_{program}(_[a-z]+)+", name)
    assert name.endswith("_total") == isinstance(metric, Counter)
    assert name.endswith("_seconds") == isinstance(metric, Histogram)  # we measure nothing else
    assert re.fullmatch(r"[A-Z].{10,70}\.", metric._documentation)
    assert set(metric._labelnames) <= ALLOWED_LABELS


@pytest.mark.parametrize(
    ("name", "what"), [*GAUGES.items(), *((n, w) for n, (w, _) in LABELLED.items())]
)
def test_gauge_of_the_snapshot_follows_them_too(name: str, what: str) -> None:
    assert re.fullmatch(r"kantu_worker(_[a-z]+)+", name)
    assert not name.endswith("_total")
    assert re.fullmatch(r"[A-Z].{10,70}\.", what)


def test_no_two_metrics_have_one_name() -> None:
    assert len({full_name(metric) for metric in ALL}) == len(ALL) >= 15
