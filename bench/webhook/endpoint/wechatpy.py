"""What wechatpy's own documentation shows: open a sealed message."""

from __future__ import annotations

from typing import Any

import flask
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from bench.webhook.endpoint import AES_KEY, APP_ID, TOKEN

CRYPTO = WeChatCrypto(TOKEN, AES_KEY, APP_ID)


def message() -> Any:
    """Return what the follower sent; raise wechatpy's InvalidSignatureException."""
    query = flask.request.args
    signed = (query["msg_signature"], query["timestamp"], query["nonce"])
    return parse_message(CRYPTO.decrypt_message(flask.request.data, *signed))


def picture(found: Any) -> dict[str, Any]:
    """Return what a worker must know."""
    return {
        "follower": found.source, "message_id": str(found.id), "created": found.time,
        "media_id": found.media_id, "picture_url": found.image,
    }  # fmt: skip
