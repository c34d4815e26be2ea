"""Each message as a trace for OpenTelemetry, where OTLP_ENDPOINT is set, once it has ended.

A trace's id is that of the request which brought the message, so that it is found by what stands in
the logs. Its spans come out of the job's notes (contract.steps): nothing is measured twice, and
nothing of libraries is recorded, whose addresses hold the access token.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

from contract.redaction import Redaction
from contract.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Fields = Mapping[str, object]
_NANO = 1_000_000_000
_TOLD = ("job", "outcome", "model", "attempt", "reason")  # no follower, not even their hash


class Telemetry:
    """Tells nothing, where nobody wants to know."""

    def tell(self, request: str, received: float, steps: Mapping[str, float], said: Fields) -> None:
        """Tell of a message that has ended.

        received: seconds since 1970. steps: seconds of each, in their order. said: its log line's.
        """

    def close(self) -> None:
        """Send what is left."""


def check(settings: Settings) -> None:
    """Raise SettingsError where packages are missing that the settings need."""
    if not settings.otlp_endpoint:
        return
    try:
        import opentelemetry.exporter.otlp.proto.http
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError:
        raise SettingsError(
            "OTLP_ENDPOINT is set, but OpenTelemetry is not installed; "
            "expected pip install -r requirements/observability.txt"
        ) from None


def telemetry(settings: Settings) -> Telemetry:
    """Return what the settings ask for; it has a thread: for a process that forks no more."""
    if not settings.otlp_endpoint:
        return Telemetry()
    return Traces(_provider(settings.otlp_endpoint), Redaction.of(settings))


def _provider(endpoint: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource({"service.name": "kantu"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    return provider


class Traces(Telemetry):
    """Tells a collector; it sends in batches, and never holds a message up."""

    def __init__(self, provider: TracerProvider, redaction: Redaction) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("kantu")
        self._redaction = redaction

    def tell(self, request: str, received: float, steps: Mapping[str, float], said: Fields) -> None:
        """Send a span for the message, and one below it for each step."""
        from opentelemetry import trace

        told = {name: self._redaction(str(said[name])) for name in _TOLD if name in said}
        began = at = int(received * _NANO)
        message = self._tracer.start_span(
            "message", context=_within(request), start_time=began, attributes=told
        )
        inside = trace.set_span_in_context(message)
        for step, seconds in steps.items():
            span = self._tracer.start_span(step, context=inside, start_time=at)
            at += int(seconds * _NANO)
            span.end(at)
        message.end(at)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _within(request: str) -> object:
    """Return the context of a trace with the request's id; one of its own where it has none."""
    from opentelemetry import trace
    from opentelemetry.context import Context

    try:
        trace_id = int(request, 16)
    except ValueError:
        return Context()
    # The parent is nginx' own span, which nobody has recorded; its id does not matter.
    parent = trace.SpanContext(
        trace_id=trace_id, span_id=random.getrandbits(64) | 1, is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )  # fmt: skip
    return (
        trace.set_span_in_context(trace.NonRecordingSpan(parent)) if parent.is_valid else Context()
    )
