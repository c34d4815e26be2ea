"""deploy/grafana and deploy/prometheus, held against the metrics that really exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

import app.metrics
import worker.metrics
from launch.supervisor import ROOT
from serving.monitoring import metrics as of_serving
from worker.snapshot_metrics import GAUGES, LABELLED

DASHBOARD: Any = json.loads((ROOT / "deploy/grafana/dashboards/kantu.json").read_text("utf-8"))
RULES: Any = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text("utf-8"))
ALERTS: list[Any] = [rule for group in RULES["groups"] for rule in group["rules"]]
QUERIES = [
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]),
    *(rule["expr"] for rule in ALERTS),
]


def ours() -> dict[str, set[str]]:
    """Return each name that Prometheus may be asked for, with its labels."""
    found: dict[str, set[str]] = {name: set() for name in GAUGES}
    found |= {name: {label} for name, (_, label) in LABELLED.items()}
    for module in (app.metrics, worker.metrics):
        for each in vars(module).values():
            match each:
                case Counter():
                    found[f"{each._name}_total"] = set(each._labelnames)
                case Gauge():
                    found[each._name] = set(each._labelnames)
                case Histogram():
                    for end in ("sum", "count"):
                        found[f"{each._name}_{end}"] = set(each._labelnames)
                    found[f"{each._name}_bucket"] = {*each._labelnames, "le"}
    return found


@pytest.mark.parametrize("query", QUERIES)
def test_query_asks_for_what_there_is(query: str) -> None:
    asked = set(re.findall(r"\bkantu_\w+", query))
    known = ours()
    assert asked <= known.keys()
    labels = {
        each.strip() for group in re.findall(r"by \(([^)]*)\)", query) for each in group.split(",")
    }
    labels |= set(re.findall(r"[{,]\s*(\w+)\s*=", query)) - {"__name__"}
    theirs = {"model_name", "status"} if ":tensorflow:" in query else set[str]()
    assert labels <= set.union(theirs, *(known[each] for each in asked))
    assert query.count("(") == query.count(")")


def test_model_server_is_asked_for_what_it_tells() -> None:
    asked = {name for query in QUERIES for name in re.findall(r":tensorflow:serving:(\w+)", query)}
    text = Path(of_serving.__file__).read_text("utf-8")
    assert asked
    assert [name for name in asked if f"{{serving}}{name}" not in text] == []


def test_dashboard_is_whole() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 15
    assert {panel["datasource"]["uid"] for panel in panels} == {"prometheus"}
    provisioned = (ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text()
    assert "uid: prometheus" in provisioned
    boxes = [panel["gridPos"] for panel in panels]
    cells = [(x, y) for b in boxes for x in range(b["x"], b["x"] + b["w"])
             for y in range(b["y"], b["y"] + b["h"])]  # fmt: skip
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("alert", ALERTS, ids=lambda each: each["alert"])
def test_alert_says_what_and_what_to_do(alert: Any) -> None:
    assert re.fullmatch(r"Kantu[A-Z][A-Za-z]+", alert["alert"])
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"].keys() == {"summary", "todo"}
    labels = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
    assert all(f"by ({label})" in alert["expr"] for label in labels)


def test_prometheus_reads_the_rules() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
    assert config["rule_files"] == ["rules.yml"]
