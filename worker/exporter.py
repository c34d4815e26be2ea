"""GET /metrics, from a process of its own: scraping neither waits for jobs nor holds them up."""

from __future__ import annotations

import http.server
import logging
import socketserver
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from prometheus_client.registry import Collector

from contract.metrics import CONTENT_TYPE, exposition

logger = logging.getLogger(__name__)
_PATIENCE = 5  # seconds for one who asks and then says nothing
_PAUSE = 10  # seconds until a port that was taken is tried again


def export(host: str, port: int, *collectors: Collector) -> NoReturn:
    """Answer for ever, with what collectors add.

    A port that cannot be had is no reason to answer no followers.
    """
    while True:
        try:
            with _Server((host, port), _Page) as server:
                server.collectors = collectors
                server.serve_forever()
        except OSError as error:
            logger.error("no metrics: WORKER_METRICS_PORT=%d of %s: %s", port, host, error.strerror)
            time.sleep(_PAUSE)


class _Server(socketserver.TCPServer):
    allow_reuse_address = True
    collectors: Sequence[Collector] = ()

    def handle_error(self, *_: object) -> None:
        """Say it in one line; mostly it is somebody who did not wait for the answer."""
        logger.warning("a request for metrics failed: %s", sys.exc_info()[0])


class _Page(http.server.BaseHTTPRequestHandler):
    timeout = _PATIENCE
    server: _Server

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        body = exposition(*self.server.collectors)
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass  # every fifteen seconds, for ever
