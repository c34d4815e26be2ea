"""The least that answers: wechatpy and Flask, parse and reply; no queue, no limit, no Redis."""

from __future__ import annotations

import flask
from wechatpy import create_reply

from bench.webhook.endpoint import REPLY
from bench.webhook.endpoint.wechatpy import CRYPTO, message

app = flask.Flask(__name__)


@app.post("/wechat")
def receive() -> str:
    """Reply at once."""
    query = flask.request.args
    reply = create_reply(REPLY, message()).render()
    return str(CRYPTO.encrypt_message(reply, query["nonce"], query["timestamp"]))
