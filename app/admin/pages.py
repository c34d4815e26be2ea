"""The addresses below /admin, and what each shows."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Mapping

import flask
import redis
from werkzeug.wrappers import Response

from app.admin import guard, messages, words
from app.admin.attempts import Attempts
from app.admin.failed import Failed
from app.admin.guard import PREFIX, Guard
from app.admin.overview import SPANS, Overview, Verdicts
from app.admin.words import Words, clock
from contract.follower import Followers
from contract.settings import Settings
from contract.traces import Traces
from labels import LANGUAGES
from labels.classes import ClassName

_JOB = re.compile(r"[0-9a-f]{32}")
_ALIAS = re.compile(r"[0-9a-f]{20}")
_OPENID = re.compile(r"[\w-]{28}", re.ASCII)
_MOST = 50  # messages of one follower
_LARGEST_FORM = 4096  # bytes
_NO_CLASS = {"scene": "scene", "answer": "answer", "-": "none"}  # labels of other replies
_YEAR = 365 * 24 * 3600  # seconds


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the pages work with."""

    settings: Settings
    redis: redis.Redis
    guard: Guard
    attempts: Attempts
    overview: Overview
    failed: Failed
    followers: Followers
    traces: Traces
    names: Mapping[str, ClassName]  # of classes, by what they are called in Redis


def pages(desk: Desk) -> flask.Blueprint:
    """Return all pages but RQ's."""
    blueprint = flask.Blueprint(
        "admin", __name__, url_prefix=PREFIX, template_folder="templates", static_folder="static"
    )
    shown = _Pages(desk)
    blueprint.before_request(shown.before)
    blueprint.after_request(guard.dress)
    blueprint.context_processor(shown.context)
    blueprint.register_error_handler(redis.RedisError, shown.redis_away)
    for rule, view, method in (
        ("/", shown.overview, "GET"),
        ("/now", shown.now, "GET"),
        ("/charts", shown.charts, "GET"),
        ("/login", shown.show_login, "GET"),
        ("/login", shown.log_in, "POST"),
        ("/logout", shown.log_out, "POST"),
        ("/language/<language>", shown.language, "GET"),
        ("/find", shown.find, "POST"),
        ("/message/<job_id>", shown.message, "GET"),
        ("/follower/<alias>", shown.follower, "GET"),
        ("/failed", shown.failed, "GET"),
        ("/failed/requeue", shown.requeue_all, "POST"),
        ("/failed/<job_id>/requeue", shown.requeue, "POST"),
        ("/<path:rest>", shown.nothing, "GET"),
    ):
        blueprint.add_url_rule(rule, view.__name__, view, methods=[method])
    return blueprint


class _Pages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def before(self) -> Response | None:
        """Stop whoever may not go on; the login page is for everybody."""
        flask.request.max_content_length = _LARGEST_FORM
        if flask.request.endpoint in {"admin.static", "admin.language", "admin.show_login"}:
            return None
        if flask.request.endpoint == "admin.log_in":
            return self._desk.guard.stop_stranger_s_change()
        return self._desk.guard.stop()

    def context(self) -> dict[str, object]:
        """Return what every template knows."""
        language = words.language_of(flask.request, self._desk.settings.language)
        say = Words(language)
        return {
            "say": say, "language": language, "languages": LANGUAGES, "clock": clock,
            "account": self._desk.settings.wechat_app_id, "class_name": self._class_name(say),
        }  # fmt: skip

    def _class_name(self, say: Words) -> Callable[[Verdicts], str]:
        """Return how a language calls what was judged."""

        def name(verdicts: Verdicts) -> str:
            if verdicts.label in _NO_CLASS:
                return say(f"chart.{_NO_CLASS[verdicts.label]}")
            known = self._desk.names.get(verdicts.label)
            return known.in_language(say.language) if known else verdicts.label

        return name

    def redis_away(self, error: redis.RedisError) -> tuple[str, int]:
        """Say that Redis is away; the page asks again by itself."""
        return flask.render_template("admin/away.html", error=type(error).__name__), 503

    # Who may come in

    def show_login(self, problem: str = "", status: int = 200, **values: object) -> Response:
        """Ask for the password."""
        if self._desk.guard.is_in() and not problem:
            return flask.redirect(f"{PREFIX}/")
        page = flask.render_template("admin/login.html", problem=problem, **values)
        return flask.Response(page, status)

    def log_in(self) -> Response:
        """Begin a session, where the password is right."""
        who = guard.address()
        try:
            wait = self._desk.attempts.wait(who)
            if wait:
                answer = self.show_login("too_often", 429, wait=wait)
                answer.headers["Retry-After"] = str(wait)
                return answer
            if not self._desk.guard.sessions.is_password(flask.request.form.get("password", "")):
                return self.show_login("wrong", 403)
            self._desk.attempts.forgive(who)
        except redis.RedisError:
            return self.show_login("away", 503)
        return self._desk.guard.open(flask.redirect(f"{PREFIX}/", 303))

    def log_out(self) -> Response:
        """End the session."""
        return self._desk.guard.end(flask.redirect(f"{PREFIX}/login", 303))

    def language(self, language: str) -> Response:
        """Speak this language from now on, and go back to where one was."""
        if language not in LANGUAGES:
            flask.abort(404)
        address = flask.request.headers.get("Referer", "").partition("://")[2]
        before = "/" + address.partition("/")[2].partition("?")[0]
        answer = flask.redirect(before if before.startswith(f"{PREFIX}/") else f"{PREFIX}/")
        answer.set_cookie(
            words.COOKIE, language, max_age=_YEAR, path=PREFIX, samesite="Lax", httponly=True
        )
        return answer

    # The overview

    def overview(self) -> str:
        """Show how everything is and has been."""
        return flask.render_template("admin/overview.html", **self._now(), **self._charts())

    def now(self) -> str:
        """Return the part that changes from second to second."""
        return flask.render_template("admin/now.html", **self._now())

    def charts(self) -> str:
        """Return the part that changes from minute to minute."""
        return flask.render_template("admin/charts.html", **self._charts())

    def _now(self) -> dict[str, object]:
        return {"now": self._desk.overview.now(), "moment": time.time()}

    def _charts(self) -> dict[str, object]:
        chosen = flask.request.args.get("span", "")
        span = chosen if chosen in SPANS else next(iter(SPANS))
        try:
            charts = self._desk.overview.charts(SPANS[span], time.time())
        except redis.RedisError:
            charts = None  # the part above says it
        return {"charts": charts, "span": span, "spans": SPANS}

    # One message, one follower

    def find(self) -> Response:
        """Lead to the message or the follower that was asked for; an OpenID gets into no address.

        What it may be: the id of a job, a follower's hash, an OpenID.
        """
        asked = flask.request.form.get("what", "").strip()
        if _JOB.fullmatch(asked):
            return flask.redirect(f"{PREFIX}/message/{asked}", 303)
        if _ALIAS.fullmatch(asked):
            return flask.redirect(f"{PREFIX}/follower/{asked}", 303)
        if _OPENID.fullmatch(asked):
            alias = self._desk.followers.alias(asked)
            return flask.redirect(f"{PREFIX}/follower/{alias}", 303)
        return self._missing("what")

    def message(self, job_id: str) -> str | Response:
        """Show the way of one message."""
        job = messages.fetch(self._desk.redis, job_id) if _JOB.fullmatch(job_id) else None
        if job is None:
            return self._missing("message")
        trace = messages.trace(job, self._desk.followers)
        return flask.render_template("admin/message.html", trace=trace)

    def follower(self, alias: str) -> str | Response:
        """Show the last messages of a follower."""
        ids = self._desk.traces.of(alias) if _ALIAS.fullmatch(alias) else []
        found = sorted(messages.lines(self._desk.redis, ids), key=lambda each: -each.received)
        if not found:
            return self._missing("follower")
        return flask.render_template("admin/follower.html", alias=alias, lines=found[:_MOST])

    def nothing(self, rest: str) -> Response:  # noqa: ARG002  # of the address
        """Say that there is no such page, as dressed as the others."""
        return self._missing("page")

    def _missing(self, what: str) -> Response:
        return flask.Response(flask.render_template("admin/missing.html", what=what), 404)

    # Failed jobs

    def failed(self) -> str:
        """Show what failed."""
        number = flask.request.args.get("page", 1, type=int)
        said = {each: flask.request.args.get(each, 0, type=int) for each in ("requeued", "left")}
        page = self._desk.failed.page(number)
        return flask.render_template("admin/failed.html", page=page, **said)

    def requeue(self, job_id: str) -> Response:
        """Give one job another chance."""
        requeued = bool(_JOB.fullmatch(job_id)) and self._desk.failed.requeue(job_id)
        return flask.redirect(f"{PREFIX}/failed?{'requeued' if requeued else 'left'}=1", 303)

    def requeue_all(self) -> Response:
        """Give all another chance."""
        return flask.redirect(f"{PREFIX}/failed?requeued={self._desk.failed.requeue_all()}", 303)
