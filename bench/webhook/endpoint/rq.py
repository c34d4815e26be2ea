"""The same with RQ as its documentation shows it; no limit, repeats too."""

from __future__ import annotations

import flask
import redis
from rq import Queue

from bench.webhook.endpoint import REDIS_URL
from bench.webhook.endpoint.wechatpy import message, picture

app = flask.Flask(__name__)
_queue = Queue("plain", connection=redis.Redis.from_url(REDIS_URL))


@app.post("/wechat")
def receive() -> str:
    """Queue the picture."""
    _queue.enqueue("worker.job.answer", kwargs=picture(message()))
    return "success"
