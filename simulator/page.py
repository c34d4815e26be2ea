"""The chat page, drawn like a phone, and the JSON that it and the tests speak."""

from __future__ import annotations

import math
from typing import Any

import flask

from labels import LANGUAGES, book
from simulator import sample
from simulator.account import Account
from simulator.courier import MODES
from simulator.errors import WrongField
from simulator.faults import FAULTS
from simulator.media import content_type
from simulator.phone import Phone
from simulator.story import Trace

_LONGEST_WAIT = 20.0  # seconds for news; each who waits has a thread
_MOST_COPIES = 10


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
        ("POST", "/chat/<openid>/press", views.press),
        ("POST", "/chat/<openid>/picture", views.send_picture),
        ("POST", "/chat/<openid>/other", views.other),
        ("GET", "/chat/events", views.events),
        ("GET", "/chat/trace", views.trace_of),
        ("POST", "/chat/clock", views.clock),
    ):
        blueprint.add_url_rule(path, view_func=view, methods=[method])
    return blueprint


class _Views:
    def __init__(self, account: Account, phone: Phone, trace: Trace) -> None:
        self._account, self._phone, self._trace = account, phone, trace

    def chat(self) -> str:
        language = _language()
        words = book(language, "demo")
        return flask.render_template(
            "chat.html",
            language=language,
            words=words,
            samples=[(name, words["sample"][name.partition(".")[0]]) for name in sample.names()],
            faults=list(FAULTS),
            modes=MODES,
        )

    def sample(self, name: str) -> flask.Response:
        return flask.send_from_directory(sample.SAMPLES, name, max_age=3600)

    def picture(self, media_id: str) -> flask.Response:
        data = self._account.media.get(media_id)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=3600, private"}
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

    def press(self, openid: str) -> dict[str, str]:
        """Press a button of the account's menu."""
        key = flask.request.form.get("key")
        if not key:
            raise WrongField("key is missing; expected that of a button of type click")
        self._phone.press(openid, key)
        return {}

    def send_picture(self, openid: str) -> dict[str, str]:
        """Send an uploaded file, or the sample of the form's name."""
        file, form = flask.request.files.get("file"), flask.request.form
        anew = form.get("anew") == "1"
        data = file.read() if file else sample.take(form.get("sample", ""), anew=anew)
        return {"message": self._phone.send_picture(openid, data, copies=_copies())}

    def other(self, openid: str) -> dict[str, str]:
        kind = flask.request.form.get("kind")
        if not kind:
            raise WrongField("kind is missing; expected a MsgType of WeChat's, such as voice")
        return {"message": self._phone.send_other(openid, kind)}

    def events(self) -> dict[str, Any]:
        """Return what happened from entry `since` on; tests read all of it.

        Where that is nothing, it waits for `wait` seconds.
        """
        query = flask.request.args
        since = max(0, query.get("since", 0, int))
        wait = min(_LONGEST_WAIT, query.get("wait", 0.0, float))
        transcript = self._account.transcript
        return {"run": transcript.run, "events": transcript.since(since, wait)}

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


def _language() -> str:
    """Return the language of the page: as the address says, else as the browser prefers."""
    asked = flask.request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    preferred = flask.request.accept_languages.best_match(LANGUAGES, default=LANGUAGES[0])
    return str(preferred)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise WrongField(f"seconds={text!r} is not a number; expected how far to set the clock")
    return seconds


def _copies() -> int:
    return max(1, min(_MOST_COPIES, flask.request.form.get("copies", 1, int)))
