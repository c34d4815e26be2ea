"""The chat page, drawn like a phone, and the JSON that it and the tests speak."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask

from simulator.account import Account
from simulator.errors import ApiError, WrongField
from simulator.media import content_type
from simulator.phone import Phone

SAMPLES = Path(__file__).parent / "samples"
Trace = Callable[
    [str, str, int], dict[str, Any]
]  # follower, MsgId, CreateTime -> what became of it


def page(account: Account, phone: Phone, trace: Trace) -> flask.Blueprint:
    """Return the page and its JSON; trace looks a message up where the product keeps it."""
    blueprint = flask.Blueprint("page", __name__)
    views = _Views(account, phone, trace)
    for method, path, view in (
        ("GET", "/", views.chat),
        ("GET", "/samples/<name>", views.sample),
        ("GET", "/mmbiz_jpg/<media_id>/0", views.picture),
        ("POST", "/chat/follow", views.follow),
        ("POST", "/chat/<openid>/unfollow", views.unfollow),
        ("POST", "/chat/<openid>/text", views.text),
        ("POST", "/chat/<openid>/tap", views.tap),
        ("POST", "/chat/<openid>/picture", views.send_picture),
        ("POST", "/chat/<openid>/other", views.other),
        ("GET", "/chat/events", views.events),
        ("GET", "/chat/trace", views.trace_of),
        ("POST", "/chat/clock", views.clock),
    ):
        blueprint.add_url_rule(path, view_func=view, methods=[method])
    blueprint.register_error_handler(ApiError, lambda error: ({"errmsg": str(error)}, 404))
    blueprint.register_error_handler(WrongField, lambda error: ({"errmsg": str(error)}, 400))
    return blueprint


class _Views:
    def __init__(self, account: Account, phone: Phone, trace: Trace) -> None:
        self._account, self._phone, self._trace = account, phone, trace

    def chat(self) -> str:
        return flask.render_template("chat.html", samples=_sample_names())

    def sample(self, name: str) -> flask.Response:
        return flask.send_from_directory(SAMPLES, name)

    def picture(self, media_id: str) -> flask.Response:
        data = self._account.media.get(media_id)
        headers = {"X-Content-Type-Options": "nosniff"}
        return flask.Response(data, content_type=content_type(data), headers=headers)

    def follow(self) -> dict[str, str]:
        return {"follower": self._phone.follow()}

    def unfollow(self, openid: str) -> dict[str, str]:
        self._phone.unfollow(openid)
        return {}

    def text(self, openid: str) -> dict[str, str]:
        content = flask.request.form.get("content", "")
        return {"message": self._phone.send_text(openid, content, copies=_copies())}

    def tap(self, openid: str) -> dict[str, str]:
        """Tap a line of a menu message."""
        form = flask.request.form
        return {"message": self._phone.tap(openid, form.get("content", ""), form.get("id", ""))}

    def send_picture(self, openid: str) -> dict[str, str]:
        """Send an uploaded file, or the sample of the form's name."""
        file = flask.request.files.get("file")
        data = file.read() if file else _sample(flask.request.form.get("sample", ""))
        return {"message": self._phone.send_picture(openid, data, copies=_copies())}

    def other(self, openid: str) -> dict[str, str]:
        kind = flask.request.form.get("kind")
        if not kind:
            raise WrongField("kind is missing; expected a MsgType of WeChat's, such as voice")
        return {"message": self._phone.send_other(openid, kind)}

    def events(self) -> dict[str, Any]:
        """Return what happened from entry `since` on; tests read all of it."""
        return {"events": self._account.transcript.since(flask.request.args.get("since", 0, int))}

    def trace_of(self) -> dict[str, Any]:
        query = flask.request.args
        created = query.get("created", "")
        if not created.isdecimal():
            raise WrongField(f"created={created!r} is not an int; expected a message's CreateTime")
        return self._trace(query.get("follower", ""), query.get("message", ""), int(created))

    def clock(self) -> dict[str, float]:
        """Set WeChat's clock forward by `seconds`, for tests."""
        self._account.clock.advance(_seconds(flask.request.form.get("seconds", "")))
        return {"now": self._account.clock.now()}


def _sample_names() -> list[str]:
    return sorted(path.name for path in SAMPLES.glob("*.jpg"))


def _sample(name: str) -> bytes:
    names = _sample_names()
    if name not in names:
        raise WrongField(f"sample={name!r} is no sample; expected one of {', '.join(names)}")
    return (SAMPLES / name).read_bytes()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise WrongField(f"seconds={text!r} is not a number; expected how far to set the clock")
    return seconds


def _copies() -> int:
    return min(10, flask.request.form.get("copies", 1, int))
