"""The floor: no framework, our own decryption, and one command to Redis; no limit, repeats too."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import redis
from defusedxml.ElementTree import fromstring
from pydantic import SecretStr

from app.crypto import MessageCipher, sign
from bench.webhook.endpoint import AES_KEY, APP_ID, REDIS_URL, TOKEN
from contract.settings import decode_aes_key


@functools.cache
def _cipher() -> MessageCipher:
    return MessageCipher(decode_aes_key(SecretStr(AES_KEY)), APP_ID)


@functools.cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(REDIS_URL)


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """Put the message into a list."""
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    sealed = _fields(body)["Encrypt"]
    if sign(TOKEN, query["timestamp"], query["nonce"], sealed) != query["msg_signature"]:
        start_response("403 Forbidden", [("Content-Length", "0")])
        return [b""]
    _redis().rpush("floor", json.dumps(_fields(_cipher().decrypt(sealed))))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
    return [b"success"]


def _fields(body: bytes) -> dict[str, str]:
    return {element.tag: element.text or "" for element in fromstring(body, forbid_dtd=True)}
