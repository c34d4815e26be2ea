"""What the tests of the simulator share."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import flask
import pytest
import werkzeug.serving


@pytest.fixture(scope="session")
def silent_webhook() -> Iterator[str]:
    """A webhook that takes everything and says nothing; its URL."""
    app = flask.Flask("webhook")
    app.add_url_rule("/wechat", view_func=lambda: "success", methods=["POST"])
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}/wechat"
    server.shutdown()
    server.server_close()
