"""worker.telemetry and contract.reporting: what leaves the house, and what never does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from contract import logs, reporting
from contract.redaction import Redaction
from contract.settings import Settings, SettingsError
from launch.supervisor import ROOT
from tests.conftest import APP_SECRET, make_settings
from tests.worker.odd_server import OddServer, running, says
from worker import telemetry

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
REQUEST = "8f14e45fceea167a5a36dedd4bea2543"
SAID = {
    "job": "a" * 32, "outcome": "apologised", "model": "demo", "attempt": 1,
    "follower": "of-nobody-s-business", "reason": f"{APP_SECRET} of {OPENID}",
}  # fmt: skip


def needs(package: str) -> None:
    pytest.importorskip(package, reason="needs pip install -r requirements/observability.txt")


@pytest.fixture
def collector() -> Iterator[OddServer]:
    with running(says({})) as server:
        yield server


def test_nobody_is_told_where_nobody_wants_to_know() -> None:
    told = telemetry.telemetry(make_settings())
    assert type(told) is telemetry.Telemetry
    told.tell(REQUEST, 1.0, {"queue": 0.1}, SAID)
    told.close()


def test_message_is_a_trace_with_its_request_s_id(collector: OddServer) -> None:
    needs("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    told = telemetry.telemetry(make_settings(otlp_endpoint=collector.url))
    told.tell(REQUEST, 1_795_393_565.25, {"queue": 0.5, "model": 1.0}, SAID)
    told.close()
    (body,) = collector.bodies
    assert collector.paths == ["/v1/traces"]
    sent: Any = ExportTraceServiceRequest.FromString(body)
    spans = {each.name: each for each in sent.resource_spans[0].scope_spans[0].spans}
    assert spans.keys() == {"message", "queue", "model"}
    assert {each.trace_id.hex() for each in spans.values()} == {REQUEST}
    assert spans["model"].parent_span_id == spans["message"].span_id
    took = {
        name: (e.end_time_unix_nano - e.start_time_unix_nano) / 1e9 for name, e in spans.items()
    }
    assert took == {"queue": 0.5, "model": 1.0, "message": 1.5}
    text = str(sent)
    assert "apologised" in text
    assert [each for each in (APP_SECRET, OPENID, "nobody-s-business") if each in text] == []


@pytest.mark.parametrize("request_id", ["", "not-of-nginx", "0" * 32])
def test_message_without_a_proper_id_has_a_trace_all_the_same(
    collector: OddServer, request_id: str
) -> None:
    needs("opentelemetry.exporter.otlp.proto.http")
    told = telemetry.telemetry(make_settings(otlp_endpoint=collector.url))
    told.tell(request_id, 1.0, {}, SAID)
    told.close()
    assert len(collector.bodies) == 1


@pytest.mark.parametrize("setting", ["otlp_endpoint", "sentry_dsn"])
def test_missing_package_is_said_at_start(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http", None)
    monkeypatch.setitem(__import__("sys").modules, "sentry_sdk", None)
    settings = make_settings(**{setting: "http://key@127.0.0.1:1"})
    with pytest.raises(SettingsError, match=r"not installed; expected pip install -r requirements"):
        _start(settings)


def _start(settings: Settings) -> None:
    reporting.report_errors("worker", settings)
    telemetry.check(settings)


def test_event_for_sentry_is_scrubbed() -> None:
    event = {
        "message": f"access_token=abc of {OPENID}", "request": {"url": "http://x?openid=1"},
        "user": {"ip_address": "203.0.113.9"}, "server_name": "host", "breadcrumbs": {"values": []},
        "exception": {"values": [{"type": "ValueError", "value": APP_SECRET}]}, "level": "error",
    }  # fmt: skip
    with logs.about(REQUEST):
        sent = reporting.scrub(event, "worker", Redaction.of(make_settings()))
    assert sent == {
        "message": "access_token=*** of o…", "level": "error",
        "exception": {"values": [{"type": "ValueError", "value": "***"}]},
        "tags": {"program": "worker", "request": REQUEST},
    }  # fmt: skip


_FAILS = """
import logging, sys
import sentry_sdk
from contract import reporting
from tests.conftest import make_settings

_, dsn, secret = sys.argv
reporting.report_errors("worker", make_settings(sentry_dsn=dsn))
logging.getLogger("worker.x").error("it failed: %s", secret, exc_info=ValueError(secret))
logging.getLogger("worker.x").warning("not for Sentry")
sentry_sdk.flush(5)
"""


def test_error_reaches_sentry_without_who_and_what(collector: OddServer) -> None:
    needs("sentry_sdk")
    dsn = collector.url.replace("http://", "http://publickey@") + "/1"
    secret = f"{APP_SECRET} of {OPENID}"
    # In a process of its own: what Sentry hooks into Flask, Redis and RQ stays there for ever.
    subprocess.run([sys.executable, "-c", _FAILS, dsn, secret], cwd=ROOT, check=True)
    (body,) = collector.bodies
    text = _unpacked(body)
    assert "ValueError" in text
    assert [
        each for each in (APP_SECRET, OPENID, "not for Sentry", "secret =") if each in text
    ] == []


def _unpacked(body: bytes) -> str:
    import gzip

    return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode("utf-8", "replace")
