"""WeRoBot as its documentation shows it: reply at once; no queue, no limit, no Redis."""

from __future__ import annotations

from typing import Any

from werobot import WeRoBot  # type: ignore[import-not-found]  # only in .venv/bench-webhook

from bench.webhook.endpoint import AES_KEY, APP_ID, REPLY, TOKEN

_robot = WeRoBot(token=TOKEN, enable_session=False)
_robot.config["APP_ID"] = APP_ID
_robot.config["ENCODING_AES_KEY"] = AES_KEY


@_robot.image  # type: ignore[untyped-decorator]  # WeRoBot annotates nothing
def answer(_message: Any) -> str:
    """Reply at once."""
    return REPLY


_wsgi = _robot.wsgi


def app(environ: dict[str, Any], start_response: Any) -> Any:
    """Listen where the others do."""
    return _wsgi({**environ, "PATH_INFO": "/"}, start_response)
