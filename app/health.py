"""/healthz: this process answers. /readyz: and it can do its work, for which it needs Redis.

/metrics: what all processes have counted, for Prometheus; not through a proxy or a tunnel.
"""

from __future__ import annotations

import flask
import redis

from contract.metrics import CONTENT_TYPE, exposition

# By these we know a request that came from further away: from nginx, cloudflared and their like.
_FORWARDED = ("X-Forwarded-For", "Forwarded")


def health(connection: redis.Redis) -> flask.Blueprint:
    """Return the pages for load balancers, containers and Prometheus."""
    blueprint = flask.Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> tuple[dict[str, str], int]:
        return {"status": "ok"}, 200

    @blueprint.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        try:
            connection.ping()
        except redis.RedisError as error:
            return {"status": "unavailable", "redis": type(error).__name__}, 503
        return {"status": "ok", "redis": "ok"}, 200

    @blueprint.get("/metrics")
    def metrics() -> flask.Response:
        if any(header in flask.request.headers for header in _FORWARDED):
            return flask.Response(status=404)
        return flask.Response(exposition(), content_type=CONTENT_TYPE)

    return blueprint
