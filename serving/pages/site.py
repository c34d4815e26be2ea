"""The pages under /ui/try, and what they fetch from this server; a Flask blueprint.

| GET /ui/try | the page; ?server= ?model= ?version= ?signature= say what it opens with |
| POST /ui/try/example | metadata in, a request with values that fit it out |
| GET /ui/try/names?model=&classes= | what the classes of a model are called |
| GET /ui/static/… | style and scripts, for other pages as well |
"""

from __future__ import annotations

from typing import Any

import flask
import orjson

from labels import LANGUAGES, book
from serving.clients.call import example
from serving.clients.sample import ClientError
from serving.errors import InvalidArgument
from serving.http_request import body_of
from serving.pages import language
from serving.pages.names import names
from serving.protocol.json_parse import parse_json

_METADATA = 2**22  # bytes of it, at most
_FORM = 100_000  # bytes of an example, at most: more cannot be worked on in a form
_CLASSES = 100_000

# No script but ours, from nowhere else. Requests may go anywhere: the visitor names the server.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src blob:",
        "connect-src 'self' http: https:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def blueprint() -> flask.Blueprint:
    """Return the pages."""
    site = flask.Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static/pages",
        static_url_path="/ui/static",
    )
    site.add_url_rule("/ui/try", view_func=_try, methods=["GET"])
    site.add_url_rule("/ui/try/example", view_func=_example, methods=["POST"])
    site.add_url_rule("/ui/try/names", view_func=_names, methods=["GET"])
    site.after_request(_guard)
    return site


def _try() -> flask.Response:
    spoken = language.chosen()
    words = book(spoken, "pages")
    other = next(each for each in LANGUAGES if each != spoken)
    page = flask.render_template(
        "pages/try.html", language=spoken, other=other, page=words["page"], words=words["script"]
    )
    response = flask.make_response(page)
    language.remember(response, spoken)
    return response


def _example() -> flask.Response:
    """Return {"signature_name", "inputs" or "examples"}; raise InvalidArgument."""
    body = parse_json(body_of(flask.request.environ, _METADATA))
    signature = body.get("signature_name", "")
    if not isinstance(signature, str) or not isinstance(body.get("metadata"), dict):
        raise InvalidArgument('expected {"metadata": {…}, "signature_name": "…"}')
    try:
        found = orjson.dumps(example({"metadata": body["metadata"]}, signature))
    except ClientError as error:
        raise InvalidArgument(str(error)) from None
    if len(found) > _FORM:
        raise InvalidArgument(
            f"an example for this model takes {len(found):,} bytes of JSON, too much for a form; "
            "`python -m serving client` writes a program that sends it"
        )
    return flask.Response(found, mimetype="application/json")


def _names() -> dict[str, Any]:
    query = flask.request.args
    classes = query.get("classes", 0, int)
    if not 0 < classes <= _CLASSES:
        raise InvalidArgument(f"classes: expected a number from 1 to {_CLASSES:,}")
    return {"names": names(query.get("model", ""), classes, language.chosen())}


def _guard(response: flask.Response) -> flask.Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Permissions-Policy"] = "camera=(self)"
    return response
