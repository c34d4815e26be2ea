"""A bot that answers inside WeChat's request: no queue, no limit, nobody else to ask."""

from __future__ import annotations

import os

import flask
from wechatpy import create_reply

from bench.webhook.endpoint.loop import Eyes
from bench.webhook.endpoint.wechatpy import CRYPTO, message

app = flask.Flask(__name__)
_eyes = Eyes(dict(os.environ))


@app.post("/wechat")
def receive() -> str:
    """Reply with what the picture shows, if WeChat still waits."""
    query = flask.request.args
    found = message()
    reply = create_reply(_eyes.look(found.media_id), found).render()
    return str(CRYPTO.encrypt_message(reply, query["nonce"], query["timestamp"]))
