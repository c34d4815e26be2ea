"""Errors for Sentry, where SENTRY_DSN is set: what a person must act on, without who and what.

Sent are a log line of level ERROR and where it came from. Not sent: variables, requests, queries,
breadcrumbs, addresses; and what is left goes through the filter of the logs.
"""

from __future__ import annotations

from typing import Any

from contract import logs
from contract.redaction import Redaction
from contract.settings import Settings, SettingsError

_DROPPED = ("request", "user", "breadcrumbs", "extra", "modules", "server_name")


def report_errors(program: str, settings: Settings) -> None:
    """Send errors to Sentry from now on; raise SettingsError where its package is missing."""
    if not settings.sentry_dsn:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.logging import LoggingIntegration
    except ImportError:
        raise SettingsError(
            "SENTRY_DSN is set, but sentry-sdk is not installed; "
            "expected pip install -r requirements/observability.txt"
        ) from None
    redaction = Redaction.of(settings)
    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        before_send=lambda event, _hint: scrub(event, program, redaction),
        default_integrations=False,  # they look into requests, arguments and the environment
        integrations=[LoggingIntegration(event_level="ERROR")],
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        max_request_body_size="never",
    )


def scrub(event: Any, program: str, redaction: Redaction) -> Any:
    """Return an event as it may leave the house."""
    kept = {name: value for name, value in event.items() if name not in _DROPPED}
    cleaned = _cleaned(kept, redaction)
    cleaned["tags"] = {"program": program, "request": logs.request()}
    return cleaned


def _cleaned(value: Any, redaction: Redaction) -> Any:
    match value:
        case str():
            return redaction(value)
        case dict():
            return {name: _cleaned(each, redaction) for name, each in value.items()}
        case list() | tuple():
            return [_cleaned(each, redaction) for each in value]
    return value
