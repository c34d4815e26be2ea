"""What a program that runs tells of what it was asked."""

from __future__ import annotations

from typing import Any

from tests.serving.simple.conftest import PAIR, Server


def counted(server: Server) -> dict[str, Any]:
    found = server.get("/statistics").json()["statistics"]
    (one,) = (each for each in found if (each["model_name"], each["model_version"]) == (PAIR, 1))
    return dict(one)


def test_requests_by_both_protocols_are_counted_for_their_version(server: Server) -> None:
    data = {"image": ["abc", "defgh"], "threshold": [1.0, 9.0]}
    server.predict(model_name=PAIR, data=data)
    before = counted(server)
    server.predict(model_name=PAIR, data=data)
    assert server.post(f"/v1/models/{PAIR}:predict", json={"inputs": data}).ok
    assert not server.post("/", json={"model_name": PAIR, "data": {}}).ok
    after = counted(server)
    assert after["requests"] - before["requests"] == 3
    assert after["errors"] - before["errors"] == 1
    assert after["bytes_received"] - before["bytes_received"] == 2 * (3 + 5 + 8)
    assert after["bytes_sent"] - before["bytes_sent"] == 2 * 2
    runs = [each["rows_per_run"].get("<=2", 0) for each in (before, after)]
    assert runs[1] - runs[0] == 2
    assert sorted(after["latency_ms"]) == ["p50", "p95", "p99"]
    assert after["latency_ms"]["p50"] > 0


def test_prometheus_and_the_page_tell_the_same(server: Server) -> None:
    server.predict(model_name=PAIR, data={"image": ["a"], "threshold": [1.0]})
    name = f'model_name="{PAIR}",version="1"'
    text = server.get("/statistics/prometheus").text
    assert f':kantu:serving:version_request_count{{{name},status="OK"}} ' in text
    page = server.get("/ui?language=en")
    assert f"<h2>{PAIR}</h2>" in page.text
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
