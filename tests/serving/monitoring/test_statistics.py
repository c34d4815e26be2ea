"""serving.monitoring.statistics: what each version was asked, and how it did."""

from __future__ import annotations

import numpy as np
import pytest

from serving.monitoring.metrics import Metrics
from serving.monitoring.statistics import Statistics, Traffic, VersionStatistics, rows, size
from serving.protocol.json_tensor import Array


@pytest.mark.parametrize(
    ("arrays", "bytes_of_them", "rows_of_them"),
    [
        ({}, 0, 1),
        ({"x": np.zeros((3, 4), np.float32)}, 48, 3),
        ({"x": np.float32(1).reshape(())}, 4, 1),
        ({"a": np.array([b"ab", b"c"], np.object_), "n": np.zeros(1, np.int8)}, 4, 2),
        ({"x": np.zeros((0, 4), np.float32)}, 0, 0),
    ],
)
def test_size_and_rows(arrays: dict[str, Array], bytes_of_them: int, rows_of_them: int) -> None:
    assert (size(arrays), rows(arrays)) == (bytes_of_them, rows_of_them)


def test_requests_errors_bytes_and_batches_are_counted() -> None:
    found = VersionStatistics()
    found.request("OK", 0.010, Traffic(rows=3, received=10, sent=20))
    found.request("OK", 0.030, Traffic(rows=1, received=1, sent=2))
    found.request("INVALID_ARGUMENT", 0.5, Traffic())
    found.run(4)
    told = found.as_json()
    assert (told["requests"], told["errors"]) == (3, 1)
    assert told["errors_by_status"] == {"INVALID_ARGUMENT": 1}
    assert (told["bytes_received"], told["bytes_sent"]) == (11, 22)
    assert told["rows_per_request"] == {"<=1": 1, "<=4": 1}
    assert told["rows_per_run"] == {"<=4": 1}
    assert told["latency_ms"] == {"p50": 10.0, "p95": 30.0, "p99": 30.0}  # of those that went well
    assert (sum(told["requests_per_minute"]), sum(told["errors_per_minute"])) == (3, 1)
    assert len(told["requests_per_minute"]) == 60


def test_percentiles_are_by_nearest_rank_of_the_last_thousand() -> None:
    found = VersionStatistics()
    for millis in [9_000, *range(1, 1001)]:
        found.request("OK", millis / 1000, Traffic())
    assert found.as_json()["latency_ms"] == {"p50": 500.0, "p95": 950.0, "p99": 990.0}


def test_without_requests_there_are_no_times() -> None:
    assert VersionStatistics().as_json()["latency_ms"] == {"p50": None, "p95": None, "p99": None}


def test_minutes_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    found = VersionStatistics()
    found.request("OK", 0.1, Traffic())
    now[0] += 120
    found.request("OK", 0.1, Traffic())
    found.request("INTERNAL", 0.1, Traffic())
    told = found.as_json()
    assert told["requests_per_minute"][-3:] == [1, 0, 2]
    assert told["errors_per_minute"][-3:] == [0, 0, 1]
    now[0] += 3600
    assert sum(found.as_json()["requests_per_minute"]) == 0
    assert found.as_json()["requests"] == 3


def test_versions_are_told_by_model_and_number() -> None:
    found = Statistics()
    for model, version in (("b", 2), ("a", 10), ("a", 9)):
        found.of(model, version).request("OK", 0.1, Traffic())
    told = [(each["model_name"], each["model_version"]) for each in found.as_json()]
    assert told == [("a", 9), ("a", 10), ("b", 2)]


def test_memory_is_bounded() -> None:
    found = Statistics()
    for version in range(1100):
        found.of("m", version).request("OK", 0.1, Traffic())
    assert len(found.as_json()) == 1000


def test_prometheus_is_told_the_same_by_version() -> None:
    metrics = Metrics()
    metrics.version("m", 3, "OK", 0.0, Traffic(rows=2, received=8, sent=4))
    metrics.version("m", 3, "NOT_FOUND", 0.0, Traffic())
    metrics.graph("m", 3, 0.0, 2)
    page = metrics.page()
    which = 'model_name="m",version="3"'
    assert f':kantu:serving:version_request_count{{{which},status="OK"}} 1' in page
    assert f':kantu:serving:version_request_count{{{which},status="NOT_FOUND"}} 1' in page
    assert f":kantu:serving:version_request_latency_count{{{which}}} 1" in page
    assert f':kantu:serving:version_tensor_bytes{{{which},direction="received"}} 8' in page
    assert f':kantu:serving:version_tensor_bytes{{{which},direction="sent"}} 4' in page
    assert f':kantu:serving:version_run_rows_bucket{{{which},le="1"}} 0' in page
    assert f':kantu:serving:version_run_rows_bucket{{{which},le="2"}} 1' in page
