"""RQ's own dashboard at /admin/rq: a Flask application of its own behind the same guard.

The package (rq-dashboard 0.9) has no password, lets GET change things, takes pickle for granted and
shows what a job is called with, which is the OpenID. So here

    GET      reads through a client that cannot write
    POST     may queue failed jobs again, nothing else: whoever deletes a job loses a message
    a job    is read as JSON, and shown without its arguments, its reply and its question
    scripts  inside its pages carry a nonce; what they fill in is text, never HTML
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import flask
import redis
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_dashboard import web
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.admin.failed import Failed
from app.admin.guard import PREFIX, Guard, dress, lax_policy

logger = logging.getLogger(__name__)
# What its pages ask for. A command that is not here may change something.
_READS = frozenset(
    {
        "EXISTS", "GET", "HGET", "HGETALL", "HMGET", "HEXISTS", "INFO", "LLEN", "LRANGE", "LPOS",
        "SCARD", "SISMEMBER", "SMEMBERS", "TTL", "XLEN", "XREVRANGE", "ZCARD", "ZCOUNT", "ZRANGE",
        "ZREVRANGE", "ZRANGEBYSCORE", "ZSCORE",
    }
)  # fmt: skip
# What RQ would tidy up while it reads; left to the worker. Nothing was removed is the answer.
_TIDYING = frozenset({"LREM", "SREM", "ZREM", "ZREMRANGEBYSCORE", "DEL", "EXPIRE"})
_CHANGES = frozenset({"rq_dashboard.requeue_job_view", "rq_dashboard.requeue_all"})
# In its pages: a way back to ours, letters that every machine has, and texts that stay texts.
_OURS = {
    '<a class="navbar-brand">RQ-dashboard</a>':
        f'<a class="navbar-brand" href="{PREFIX}/">‹ 看图 Kantu</a>',
    f"{PREFIX}/rq/own/favicon.ico": f"{PREFIX}/static/mark.svg",
    "<%= d.": "<%- d.",  # its scripts put in as HTML what is text, such as a model server's error
    "</head>": f'<link rel="stylesheet" href="{PREFIX}/static/rq.css"></head>',
}  # fmt: skip
_NOTES = (  # of a job, those that say nothing of what was asked and answered
    "received", "started", "retried", "fetched", "prepared", "seen", "claimed", "sent", "outcome",
    "reason", "model", "request",
)  # fmt: skip


def dashboard(connection: redis.Redis, guard: Guard, failed: Failed) -> flask.Flask:
    """Return the application, to be mounted at /admin/rq."""
    web.config.serializer = JSONSerializer
    web.Job, web.Queue, web.Worker = _Job, _Queue, _Worker
    web.requeue_job = lambda job_id, **_: failed.requeue(job_id)
    app = _Application(__name__, static_url_path="/own")
    app.reading = Reader(connection_pool=connection.connection_pool)
    app.config["RQ_DASHBOARD_REDIS_URL"] = ("redis://redis",)  # for its menu; nobody asks there
    app.config["RQ_DASHBOARD_DISABLE_DELETE"] = True
    app.config["RQ_DASHBOARD_POLL_INTERVAL"] = 5000  # milliseconds
    app.before_request(guard.stop)
    app.before_request(_stop_changes)
    app.after_request(_with_nonce)
    app.after_request(dress)
    app.register_blueprint(web.blueprint)
    app.register_error_handler(redis.RedisError, _redis_away)
    app.register_error_handler(Exception, _stumble)
    return app


class Reader(redis.Redis):
    """A client that reads; what would tidy up is answered as if there were nothing to."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """Return Redis' answer; raise redis.RedisError for what is not known to change nothing."""
        command = str(arguments[0]).upper()
        if command in _TIDYING:
            return 0
        _check(command)
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py annotates a part of itself

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Any:  # noqa: FBT001, FBT002  # redis-py's signature
        """Return a pipeline that reads."""
        return _ReadingPipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )


class _ReadingPipeline(redis.client.Pipeline):
    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        command = str(arguments[0]).upper()
        if command in _TIDYING:
            return self
        _check(command)
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # as above


def _check(command: str) -> None:
    if command not in _READS:
        raise redis.RedisError(f"{command} may change something")


class _Application(flask.Flask):
    """Has the connection that the dashboard's views look for; each request sets it anew."""

    reading: Reader

    @property
    def redis_conn(self) -> redis.Redis:
        """The client for reading: what POST changes goes through Failed."""
        return self.reading

    @redis_conn.setter
    def redis_conn(self, _ours: redis.Redis) -> None:
        pass  # the dashboard connects to its own URL before every request


class _Job(Job):
    """A job whose arguments nobody sees."""

    @classmethod
    def fetch(cls, id: str, connection: Any = None, serializer: Any = None, **_: Any) -> Job:  # noqa: A002, ARG003  # RQ's signature
        """Return it, read as JSON: pickle would run what stands there."""
        return super().fetch(id, connection, serializer=JSONSerializer)

    def get_meta(self, refresh: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002  # RQ's
        """Return its times and its outcome."""
        notes: Mapping[str, Any] = super().get_meta(refresh)
        return {name: notes[name] for name in _NOTES if name in notes}

    def get_call_string(self) -> str:
        """Return what it is, not what it is called with."""
        return self.description or ""


class _Queue(Queue):
    job_class = _Job


class _Worker(Worker):
    @classmethod
    def all(cls, connection: Any = None, *_: Any, **__: Any) -> list[Any]:
        """Return all, whose jobs nobody sees the arguments of."""
        return super().all(connection, job_class=_Job, serializer=JSONSerializer)


def _stop_changes() -> Response | None:
    """Let nothing pass that changes something, but for what is listed, by POST."""
    method, endpoint = flask.request.method, flask.request.endpoint
    if method in {"GET", "HEAD"} and endpoint not in _CHANGES:
        return None
    if method == "POST" and endpoint in _CHANGES:
        return None
    return flask.Response(status=405, headers={"Allow": "GET, HEAD"})


def _with_nonce(response: Response) -> Response:
    """Let the scripts run that stand inside a page of the dashboard's, and no others."""
    if response.mimetype == "text/html" and isinstance(response, flask.Response):
        policy, nonce = lax_policy()
        response.headers["Content-Security-Policy"] = policy
        page = response.get_data(as_text=True).replace("<script ", f'<script nonce="{nonce}" ')
        for theirs, ours in _OURS.items():
            page = page.replace(theirs, ours)
        response.set_data(page)
    return response


def _redis_away(error: redis.RedisError) -> tuple[str, int]:
    logger.warning("RQ's dashboard: %s", type(error).__name__)
    return "Redis is away, or does not give what was asked for; try again.\n", 503


def _stumble(error: Exception) -> Any:
    """Show no traceback: the dashboard takes what it is asked for as it comes."""
    if isinstance(error, HTTPException):
        return error
    logger.warning("RQ's dashboard failed: %s", type(error).__name__)
    return "There is no such queue or job, or it cannot be shown.\n", 404
