"""What the page refuses, whoever asks: other sites' forms, and files beyond all measure."""

from __future__ import annotations

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from simulator.errors import ApiError, NotHere, WrongField

LARGEST = 12 * 1024 * 1024  # bytes of a request; WeChat takes pictures of 10 MB
_OURS = {"same-origin", "none"}  # of Sec-Fetch-Site


def guard(app: flask.Flask) -> None:
    """Have an application refuse them, and say so in JSON."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.before_request(_refuse_strangers)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(ApiError, lambda error: ({"errmsg": str(error)}, 404))
    app.register_error_handler(WrongField, lambda error: ({"errmsg": str(error)}, 400))
    app.register_error_handler(NotHere, lambda error: ({"errmsg": str(error)}, 503))


def _refuse_strangers() -> tuple[dict[str, str], int] | None:
    """Refuse what a page of another site would have this browser do to the demo."""
    if flask.request.method == "POST" and not _is_ours(flask.request):
        return {"errmsg": "this page takes no orders from other sites"}, 403
    return None


def _is_ours(request: flask.Request) -> bool:
    """Return whether no browser says that it is another site's; programs, as tests, say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _OURS
    origin = request.headers.get("Origin")  # which browsers sent before that
    return origin is None or origin.endswith(f"://{request.host}")


def _too_large(_error: RequestEntityTooLarge) -> tuple[dict[str, str], int]:
    return {"errmsg": f"more than {LARGEST // 2**20} MB; WeChat takes pictures of 10 MB"}, 413
