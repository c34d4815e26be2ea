"""The "traditional deployment": a Flask app with the models in its process, one request a run.

`python -m bench.peers.peer.flask PORT` is Flask's own threaded server; gunicorn takes create_app().
"""

from __future__ import annotations

import logging
import sys

from flask import Flask, Response, jsonify, request

from bench.peers.peer import model


def create_app() -> Flask:
    """Return the app, its models loaded."""
    app = Flask(__name__)
    for name in model.models():
        model.load(name)

    @app.post("/<name>")
    def predict(name: str) -> Response:
        return jsonify(model.load(name)([request.get_json()])[0])

    return app


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # or it writes each request down
    create_app().run("127.0.0.1", int(sys.argv[1]), threaded=True)
