"""The page that Prometheus reads, as a WSGI application for what is outside /v1/."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from serving.http_request import path_of
from serving.monitoring.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create_page(metrics: Metrics, path: str, outside: WSGIApplication) -> WSGIApplication:
    """Return an application that has the metrics at this path; the rest goes to outside."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if path_of(environ) != path:
            return outside(environ, start_response)
        body = metrics.page().encode()
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return app
