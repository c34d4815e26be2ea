"""gunicorn 'tests.chaos.wrong_clock:create_app(600)': the webhook, with a clock that is wrong."""

from __future__ import annotations

import time

import flask

_right = time.time


def create_app(ahead: float) -> flask.Flask:
    """Return the webhook, in a process that takes it to be so many seconds later than it is."""
    time.time = lambda: _right() + ahead
    import app

    return app.create_app()
