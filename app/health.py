"""/healthz: this process answers. /readyz: and it can do its work, for which it needs Redis."""

from __future__ import annotations

import flask
import redis


def health(connection: redis.Redis) -> flask.Blueprint:
    """Return the two pages for load balancers and containers."""
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

    return blueprint
