"""The door that WeChat knocks at: GET proves that it is ours, POST brings what followers send.

The only module that knows Flask's request. WeChat waits five seconds; we aim at five milliseconds.

    403  not from WeChat, or not as agreed: nothing is said about which
    405  neither GET nor POST
    413  from WeChat as far as the query goes, and more than a message can be
    503  (passive replies) the answer is not there yet: WeChat has hung up, and will ask again
    200  everything else: a sealed reply, or "success", which WeChat takes as "nothing to say now"

Nothing but these two comes after the sender is proved: WeChat would deliver the message twice more,
and then tell the follower that the account is out of order.
"""

from __future__ import annotations

import logging

import flask
import redis
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge

from app import metrics
from app.envelope import BadEnvelope, Envelope, Opened
from app.handlers import count, excuse, handle
from app.holding import StaySilent
from app.message import text_reply
from app.notation import Unusable
from app.services import Services
from contract.stack import stack

logger = logging.getLogger(__name__)
LARGEST_BODY = 64 * 1024  # bytes; WeChat's own stay under four thousand
_SUCCESS = b"success"


def webhook(envelope: Envelope, services: Services) -> flask.Blueprint:
    """Return /wechat for the account of this envelope."""
    door = _Door(envelope, services)
    blueprint = flask.Blueprint("webhook", __name__)
    blueprint.add_url_rule(
        "/wechat", view_func=door.prove, methods=["GET"], provide_automatic_options=False
    )
    blueprint.add_url_rule(
        "/wechat", view_func=door.receive, methods=["POST"], provide_automatic_options=False
    )
    blueprint.register_error_handler(BadEnvelope, _refuse)
    blueprint.register_error_handler(RequestEntityTooLarge, _too_large)
    blueprint.register_error_handler(StaySilent, _hang_up)
    blueprint.register_error_handler(Exception, _stumble)
    blueprint.app_errorhandler(MethodNotAllowed)(_no_such_method)
    return blueprint


class _Door:
    def __init__(self, envelope: Envelope, services: Services) -> None:
        self._envelope = envelope
        self._services = services

    def prove(self) -> flask.Response:
        """Echo what WeChat asks us to, when an operator enters our URL in its console."""
        if flask.request.method == "HEAD":  # which Flask lets in wherever it lets in GET
            raise MethodNotAllowed(["GET", "POST"])
        query = _query()
        self._envelope.check(query)
        if "echostr" not in query:
            raise BadEnvelope("signed, but there is no echostr to echo")
        return _plain(query["echostr"].encode())

    @metrics.ANSWER_SECONDS.time()
    def receive(self) -> flask.Response:
        """Take in one push, and answer at once what can be answered at once."""
        query = _query()
        self._envelope.check(query)
        try:
            opened = self._envelope.open(query, _body())
        except Unusable as error:
            logger.warning("signed but useless, ignored: %s", error)
            metrics.MESSAGES.labels("other", "useless").inc()
            return _plain(_SUCCESS)
        words = self._words(opened)
        if words is None:
            return _plain(_SUCCESS)
        reply = text_reply(opened.message, words, int(self._services.clock()))
        content_type = f"application/{opened.notation}"
        return flask.Response(self._envelope.seal(opened, reply), content_type=content_type)

    def _words(self, opened: Opened) -> str | None:
        """Return what to say at once; where Redis is away or we fail, that it did not work."""
        try:
            return handle(opened.message, self._services)
        except StaySilent:
            raise
        except redis.RedisError as error:
            logger.error("Redis is away: %s; the follower is asked to send again", _kind(error))
            count(opened.message, "redis_away")
        except Exception as error:  # noqa: BLE001  # a mistake of ours is no reason for an outage
            logger.error("a message could not be handled: %s", _place(error))
            count(opened.message, "failed")
        return excuse(opened.message, self._services.settings)


def _body() -> bytes:
    """Return the body; raise BadEnvelope for a part of one, and RequestEntityTooLarge, also where
    its length was not announced.
    """
    try:
        data = flask.request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise
    except Exception:  # noqa: BLE001  # each server has its own for a body that breaks off
        raise BadEnvelope("body cut off") from None
    if len(data) >= LARGEST_BODY:  # werkzeug cuts off there what came in chunks
        raise RequestEntityTooLarge
    return data


def _refuse(error: BadEnvelope) -> flask.Response:
    logger.warning("refused: %s", error)
    metrics.REFUSED_REQUESTS.labels(str(error).partition(":")[0]).inc()
    return flask.Response(status=403)


def _too_large(_error: RequestEntityTooLarge) -> flask.Response:
    logger.warning("refused: body of more than %d bytes", LARGEST_BODY)
    metrics.REFUSED_REQUESTS.labels("body too large").inc()
    return flask.Response(status=413)


def _hang_up(_silence: StaySilent) -> flask.Response:
    return flask.Response(status=503)


def _no_such_method(error: MethodNotAllowed) -> flask.Response:
    return flask.Response(status=405, headers={"Allow": ", ".join(error.valid_methods or ())})


def _stumble(error: Exception) -> flask.Response:
    """Refuse where we failed before the sender was proved, as if it were not."""
    logger.error("a request could not be read, refused: %s", _place(error))
    metrics.REFUSED_REQUESTS.labels("mistake of ours").inc()
    return flask.Response(status=403)


def _kind(error: Exception) -> str:
    return type(error).__name__


def _place(error: Exception) -> str:
    return " < ".join(stack(error))


def _query() -> dict[str, str]:
    """Return the query; what stands there twice counts as missing, lest two readers differ."""
    return {key: values[0] for key, values in flask.request.args.lists() if len(values) == 1}


def _plain(body: bytes) -> flask.Response:
    headers = {"X-Content-Type-Options": "nosniff"}
    return flask.Response(body, content_type="text/plain; charset=utf-8", headers=headers)
