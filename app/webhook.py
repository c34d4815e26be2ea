"""The door that WeChat knocks at: GET proves that it is ours, POST brings what followers send.

The only module that knows Flask's request. WeChat waits five seconds; we aim at five milliseconds.

    403  not from WeChat, or not as agreed: nothing is said about which
    413  more than a message can be
    200  everything else: a sealed reply, or "success", which WeChat takes as "nothing to say now"
"""

from __future__ import annotations

import logging

import flask
import redis
from werkzeug.exceptions import RequestEntityTooLarge

from app.envelope import BadEnvelope, Envelope, Opened
from app.handlers import Services, handle
from app.message import Unusable, text_reply
from labels import phrase

logger = logging.getLogger(__name__)
LARGEST_BODY = 64 * 1024  # bytes; WeChat's own stay under four thousand
_SUCCESS = b"success"


def webhook(envelope: Envelope, services: Services) -> flask.Blueprint:
    """Return /wechat for the account of this envelope."""
    door = _Door(envelope, services)
    blueprint = flask.Blueprint("webhook", __name__)
    blueprint.add_url_rule("/wechat", view_func=door.prove, methods=["GET"])
    blueprint.add_url_rule("/wechat", view_func=door.receive, methods=["POST"])
    blueprint.register_error_handler(BadEnvelope, _refuse)
    blueprint.register_error_handler(RequestEntityTooLarge, _too_large)
    return blueprint


class _Door:
    def __init__(self, envelope: Envelope, services: Services) -> None:
        self._envelope = envelope
        self._services = services

    def prove(self) -> flask.Response:
        """Echo what WeChat asks us to, when an operator enters our URL in its console."""
        query = _query()
        self._envelope.check(query)
        if "echostr" not in query:
            raise BadEnvelope("signed, but there is no echostr to echo")
        return _plain(query["echostr"].encode())

    def receive(self) -> flask.Response:
        """Take in one push, and answer at once what can be answered at once."""
        query = _query()
        self._envelope.check(query)
        try:
            opened = self._envelope.open(query, _body())
        except Unusable as error:
            logger.warning("signed but useless, ignored: %s", error)
            return _plain(_SUCCESS)
        words = self._words(opened)
        if words is None:
            return _plain(_SUCCESS)
        reply = text_reply(opened.message, words, int(self._services.clock()))
        return flask.Response(self._envelope.seal(opened, reply), content_type="application/xml")

    def _words(self, opened: Opened) -> str | None:
        """Return what to say at once; without Redis, that it did not work."""
        try:
            return handle(opened.message, self._services)
        except redis.RedisError as error:
            logger.error("Redis is away: %s; the follower is asked to send again", _kind(error))
            return phrase(self._services.settings.language, "busy")


def _body() -> bytes:
    """Return the body; raise RequestEntityTooLarge, also where its length was not announced."""
    data = flask.request.get_data(cache=False)
    if len(data) >= LARGEST_BODY:  # werkzeug cuts off there what came in chunks
        raise RequestEntityTooLarge
    return data


def _refuse(error: BadEnvelope) -> flask.Response:
    logger.warning("refused: %s", error)
    return flask.Response(status=403)


def _too_large(_error: RequestEntityTooLarge) -> flask.Response:
    logger.warning("refused: body of more than %d bytes", LARGEST_BODY)
    return flask.Response(status=413)


def _kind(error: Exception) -> str:
    return type(error).__name__


def _query() -> dict[str, str]:
    """Return the query; what stands there twice counts as missing, lest two readers differ."""
    return {key: values[0] for key, values in flask.request.args.lists() if len(values) == 1}


def _plain(body: bytes) -> flask.Response:
    headers = {"X-Content-Type-Options": "nosniff"}
    return flask.Response(body, content_type="text/plain; charset=utf-8", headers=headers)
