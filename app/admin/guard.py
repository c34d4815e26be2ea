"""Before and after every request for an admin page: the session, where it comes from, headers.

no session     -> the login page (401 for what a script asks)
a change (POST) that another site has sent -> 403
"""

from __future__ import annotations

import dataclasses
import secrets

import flask
from werkzeug.wrappers import Response

from app.admin.session import COOKIE, LONGEST, Sessions

PREFIX = "/admin"
_SAFE = {"GET", "HEAD"}
_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none, browsers hide the Origin of a form, too
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'self'{styles}; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Guard:
    """Stands before pages of one or more Flask applications."""

    sessions: Sessions

    def is_in(self) -> bool:
        """Return whether who asks has a session."""
        return self.sessions.is_open(flask.request.cookies.get(COOKIE, ""))

    def stop(self) -> Response | None:
        """Return the answer to whoever may not go on; None for those who may."""
        if refused := self.stop_stranger_s_change():
            return refused
        if self.is_in():
            return None
        if flask.request.method not in _SAFE or "X-Kantu-Live" in flask.request.headers:
            return flask.Response(status=401)
        return flask.redirect(f"{PREFIX}/login")

    def stop_stranger_s_change(self) -> Response | None:
        """Return the refusal of a change that did not come from our own pages."""
        if flask.request.method in _SAFE or _is_ours(flask.request):
            return None
        return flask.Response("This did not come from our own page.\n", 403, mimetype="text/plain")

    def open(self, response: Response) -> Response:
        """Begin a session with this response."""
        response.set_cookie(
            COOKIE, self.sessions.open(), max_age=LONGEST, path=PREFIX, httponly=True,
            secure=_is_https(flask.request), samesite="Strict",
        )  # fmt: skip
        return response

    @staticmethod
    def end(response: Response) -> Response:
        """End the session with this response."""
        response.delete_cookie(COOKIE, path=PREFIX)
        return response


def dress(response: Response) -> Response:
    """Return the response with the headers of every page; nothing but style sheets is kept."""
    response.headers.update(_HEADERS)
    policy = _POLICY.format(scripts="'self'", styles="")
    response.headers.setdefault("Content-Security-Policy", policy)
    if "static" not in (flask.request.endpoint or ""):
        response.headers["Cache-Control"] = "no-store"
    return response


def lax_policy() -> tuple[str, str]:
    """Return a policy for pages with scripts of their own inside, and the nonce these need.

    It lets eval() pass, which such pages' templates are made with.
    """
    nonce = secrets.token_urlsafe(16)
    scripts = f"'self' 'nonce-{nonce}' 'unsafe-eval'"
    return _POLICY.format(scripts=scripts, styles=" 'unsafe-inline'"), nonce


def address() -> str:
    """Return where the request comes from, as nginx has it; what a client says before is no use."""
    forwarded = flask.request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return forwarded or flask.request.remote_addr or ""


def _is_ours(request: flask.Request) -> bool:
    """Return whether a browser says that one of our pages sent it; silence counts as no."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "")
    return origin.endswith(f"://{request.host}")


def _is_https(request: flask.Request) -> bool:
    return request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
