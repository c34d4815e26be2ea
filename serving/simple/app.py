"""Simple TensorFlow Serving's routes, and pages, as a Flask application for what is outside /v1/.

| POST / | a prediction, by JSON or by a form with files |
| GET /health | healthy, or 503 and the models that do not answer |
| GET /models, /models/NAME | the models; one of them, with its signatures |
| GET /models/NAME/gen_json, …/gen_client?language= | a request; a program that sends one |
| GET and POST /models/NAME/versions | what is online, and changes to that |
| GET /statistics, /statistics/prometheus, /ui | numbers, and a page of them |
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import flask
import orjson
from werkzeug import Response
from werkzeug.exceptions import HTTPException, NotFound

from serving import json_model, rest
from serving.clients.call import example
from serving.clients.language import generate
from serving.clients.sample import ClientError
from serving.errors import (
    FailedPrecondition,
    Internal,
    InvalidArgument,
    PermissionDenied,
    ServingError,
)
from serving.flags import Flags
from serving.http_request import body_of
from serving.lifecycle import record, versions
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.monitoring.metrics import Metrics
from serving.pages import site
from serving.paths import hidden
from serving.protocol.json_parse import parse_json
from serving.simple import functions, listing, page
from serving.simple.prediction import Prediction

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger(__name__)
_JSON = "application/json"


def create_app(catalogue: Catalogue, flags: Flags, metrics: Metrics) -> WSGIApplication:
    """Return the application; whoever may not ask does not reach it.

    Raises functions.FunctionsError.
    """
    functions.register(flags.processing_modules)
    app = flask.Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    routes = _Routes(catalogue, flags, metrics)
    for rule, method, view in (
        ("/", "POST", routes.predict),
        ("/", "GET", routes.home),
        ("/health", "GET", routes.health),
        ("/models", "GET", routes.models),
        ("/models/<path:name>", "GET", routes.model),
        ("/models/<path:name>/gen_json", "GET", routes.request),
        ("/models/<path:name>/gen_client", "GET", routes.client),
        ("/models/<path:name>/versions", "GET", routes.versions),
        ("/models/<path:name>/versions", "POST", routes.change),
        ("/statistics", "GET", routes.statistics),
        ("/statistics/prometheus", "GET", routes.prometheus),
        ("/ui", "GET", routes.page),
    ):
        app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])
    app.register_blueprint(site.blueprint())
    app.register_error_handler(Exception, _failed)
    if flags.rest_api_enable_cors_support:
        app.after_request(_allow_others)
    return app


class _Routes:
    """What each path answers."""

    def __init__(self, catalogue: Catalogue, flags: Flags, metrics: Metrics) -> None:
        self._catalogue, self._metrics = catalogue, metrics
        self._limit = flags.max_request_bytes
        self._guarded = flags.basic_auth_file is not None or flags.enable_auth
        millis = flags.rest_api_timeout_in_ms
        seconds = millis / 1000 if millis > 0 else None
        self._prediction = Prediction(catalogue, metrics, flags.model_name, seconds)

    def _body(self) -> bytes:
        return body_of(flask.request.environ, self._limit)

    def predict(self) -> flask.Response:
        body = self._prediction.answer(self._body(), flask.request.content_type or "")
        return flask.Response(body, mimetype=_JSON)

    def home(self) -> Response:
        """Lead a person to the page; for programs nothing is here, as in TensorFlow Serving."""
        if flask.request.accept_mimetypes.best_match([_JSON, "text/html"]) == "text/html":
            return flask.redirect("/ui")
        raise NotFound

    def health(self) -> flask.Response:
        missing = listing.unanswered(self._catalogue)
        if missing:
            return _json({"error": f"no version answers of: {', '.join(missing)}"}, 503)
        return flask.Response("healthy", mimetype="text/plain")

    def models(self) -> flask.Response:
        return _json({"models": listing.models(self._catalogue)})

    def model(self, name: str) -> flask.Response:
        return _json(listing.detail(self._catalogue, name))

    def versions(self, name: str) -> flask.Response:
        return _json(listing.versions(self._catalogue, name, people=self._guarded))

    def change(self, name: str) -> flask.Response:
        """Record a change and have it done before it is answered."""
        if not self._guarded:
            raise PermissionDenied(
                "versions are changed over HTTP only by who is known: start the server with "
                "--basic_auth_file or --enable_auth, or use `python -m serving versions`"
            )
        if flask.request.mimetype != _JSON:  # what a page of another origin cannot send unasked
            raise InvalidArgument(f"expected Content-Type: {_JSON}")
        body = parse_json(self._body())
        config = self._catalogue.config(name)
        user = flask.request.authorization.username if flask.request.authorization else ""
        done = _changed(config, *_action(body), by=f"HTTP, {user}")
        self._catalogue.poll()
        logger.info("model=%s action=%s version=%s by HTTP", name, done.action, done.version)
        found = listing.versions(self._catalogue, name, people=True)
        return _json({"change": record.as_json(done), **found})

    def request(self, name: str) -> flask.Response:
        asked = flask.request.args.get("signature_name", "")
        try:
            found = example(self._metadata(name), asked)
        except ClientError as error:
            raise InvalidArgument(str(error)) from None
        if "inputs" not in found:
            raise InvalidArgument("this signature takes tf.Examples: POST /v1/models/…:classify")
        return _json(
            {
                "model_name": name,
                "signature_name": found["signature_name"],
                "data": found["inputs"],
            }
        )

    def client(self, name: str) -> flask.Response:
        language = flask.request.args.get("language", "python")
        asked = flask.request.args.get("signature_name", "")
        url = flask.request.host_url
        try:
            program = generate(self._metadata(name), url, name, language, asked)
        except ClientError as error:
            raise InvalidArgument(str(error)) from None
        return flask.Response(program, mimetype="text/plain")

    def _metadata(self, name: str) -> dict[str, Any]:
        self._catalogue.config(name)  # which says what there is, where it is not there
        with self._catalogue.use(name) as served:
            found: dict[str, Any] = json.loads(json_model.metadata(served))
        return found

    def statistics(self) -> flask.Response:
        return _json({"statistics": self._metrics.statistics.as_json()})

    def prometheus(self) -> flask.Response:
        return flask.Response(self._metrics.page(), mimetype="text/plain")

    def page(self) -> flask.Response:
        return page.render(self._catalogue, self._metrics.statistics)


def _action(body: dict[str, Any]) -> tuple[str, str]:
    """Return what is to be done, and the version, empty without one; raise InvalidArgument."""
    action, version = body.get("action"), body.get("version", "")
    if not isinstance(action, str) or isinstance(version, bool):
        raise InvalidArgument(
            f'expected {{"action": "{"|".join(versions.ACTIONS)}", "version": NUMBER OR LABEL}}'
        )
    return action, str(version)


def _changed(config: ModelConfig, action: str, version: str, by: str) -> record.Change:
    """Record the change and return it; raise ServingError without a path of this machine."""
    try:
        return versions.change(config, action, version, by)
    except FailedPrecondition as error:
        logger.warning("model=%s action=%s not done: %s", config.name, action, error)
        raise FailedPrecondition(hidden(str(error))) from None


def _json(document: object, code: int = 200) -> flask.Response:
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    return flask.Response(body, code, mimetype=_JSON)


def _failed(error: Exception) -> Response:
    """Answer whatever went wrong, in JSON."""
    if isinstance(error, HTTPException):
        return _refused(error)
    if not isinstance(error, ServingError):
        logger.error("a request failed", exc_info=error)
        error = Internal("Internal error; see the server's log")
    text = str(error).encode(errors="replace").decode()
    return _json({"error": text}, error.http)


def _refused(error: HTTPException) -> Response:
    """Answer for a path that is not there, as TensorFlow Serving; or is there for other methods.

    To TensorFlow Serving / is not there; here it takes POST and sends browsers to /ui, no more.
    """
    response = error.get_response()
    if response.status_code == 404 or flask.request.path == "/":
        return Response.from_app(rest.nothing, flask.request.environ)
    hint = "POST / asks a model, GET /models lists them, the pages are under /ui"
    found = _json({"error": f"{response.status}: {hint}"}, response.status_code)
    if "Allow" in response.headers:
        found.headers["Allow"] = response.headers["Allow"]
    return found


def _allow_others(response: flask.Response) -> flask.Response:
    """Let pages of other origins ask, as --rest_api_enable_cors_support has it for /v1/."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Methods"] = "POST, GET"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization"
    return response
