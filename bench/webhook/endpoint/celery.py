"""The same with Celery as its documentation shows it; no limit, repeats too."""

from __future__ import annotations

import flask
from celery import Celery  # type: ignore[import-not-found]  # only in .venv/bench-webhook

from bench.webhook.endpoint import REDIS_URL
from bench.webhook.endpoint.wechatpy import message, picture

app = flask.Flask(__name__)
_celery = Celery("plain", broker=REDIS_URL)


@app.post("/wechat")
def receive() -> str:
    """Queue the picture."""
    _celery.send_task("worker.job.answer", kwargs=picture(message()), ignore_result=True)
    return "success"
