"""In which language a page speaks: as the visitor chose, or as the browser asks for."""

from __future__ import annotations

import flask

from labels import LANGUAGES

_COOKIE = "language"
_YEAR = 365 * 24 * 3600  # seconds


def chosen() -> str:
    """Return "zh" or "en": of the query, the cookie, Accept-Language, or the first we have."""
    request = flask.request
    for asked in (request.args.get("language"), request.cookies.get(_COOKIE)):
        if asked in LANGUAGES:
            return asked
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def remember(response: flask.Response, language: str) -> None:
    """Keep what the visitor chose by the switch, and tell caches what the page depends on."""
    response.headers["Content-Language"] = language
    response.vary.update(("Accept-Language", "Cookie"))
    if flask.request.args.get("language") == language:
        response.set_cookie(_COOKIE, language, _YEAR, path="/ui", httponly=True, samesite="Lax")
