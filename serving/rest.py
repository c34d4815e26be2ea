"""TensorFlow Serving's REST API, its URLs and its error bodies.

Sources: tensorflow_serving/model_servers/http_rest_api_util.cc:31-34 for the paths,
http_rest_api_handler.cc for the order of checks: the JSON is read before the model is looked up.
"""

from __future__ import annotations

import re

import flask
import orjson

from serving.errors import FailedPrecondition, InvalidArgument, ServingError
from serving.lifecycle.catalogue import Catalogue, Version
from serving.protocol import json_answer, predict_body, signature

# Names, "predict" and "metadata" are compared letter by letter; the rest in any case.
_FLAGS = re.IGNORECASE | re.ASCII
_VERSION = r"(?:/versions/(?P<version>\d+))?"
_CALL = re.compile(rf"/v1/models/(?P<name>[^/:]+){_VERSION}:(?P<verb>predict)", _FLAGS)
_LOOK = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION}(?:/(?P<part>metadata))?", _FLAGS)
_INSIDE = re.compile("/v1/", _FLAGS)
_LARGEST_VERSION = 2**63 - 1


def create_app(catalogue: Catalogue) -> flask.Flask:
    """Return the REST API over these models."""
    app = flask.Flask("serving", static_folder=None)

    # No URL rules: they would answer // with a redirect, and what they do not know with a page.
    @app.before_request
    def v1() -> flask.Response | None:
        inside = _INSIDE.match(flask.request.environ["PATH_INFO"])  # .path mends //v1/
        return _json(_answer(catalogue, flask.request)) if inside else None

    @app.errorhandler(ServingError)
    def refused(error: ServingError) -> tuple[flask.Response, int]:
        return _json(orjson.dumps({"error": str(error)})), error.http

    @app.errorhandler(500)
    def failed(_error: Exception) -> tuple[flask.Response, int]:
        return _json(orjson.dumps({"error": "Internal error; see the server's log"})), 500

    return app


def _answer(catalogue: Catalogue, request: flask.Request) -> bytes:
    path, method = request.path, request.method
    if method == "OPTIONS":
        return _options(request)
    if method == "POST" and (match := _CALL.fullmatch(path)) and match["verb"] == "predict":
        return _predict(catalogue, match, request.get_data(cache=False))
    if method == "GET" and (match := _LOOK.fullmatch(path)):
        return _look(catalogue, match)
    raise InvalidArgument(f"Malformed request: {method} {path}")


def _options(request: flask.Request) -> bytes:
    """Answer a browser that asks before it posts: RestApiRequestDispatcher in http_server.cc."""
    if not re.search("https?://", request.headers.get("Origin", "")):
        raise FailedPrecondition("Origin header is missing in CORS preflight")
    return b""


def _predict(catalogue: Catalogue, match: re.Match[str], body: bytes) -> bytes:
    parsed = predict_body.parse_body(body)
    _, servable = catalogue.find(match["name"], _version(match))
    chosen = signature.choose(servable.signatures, parsed.signature_name)
    outputs = servable.run(parsed.signature_name, predict_body.to_arrays(parsed, chosen))
    return json_answer.format_answer(outputs, row=parsed.row)


def _look(catalogue: Catalogue, match: re.Match[str]) -> bytes:
    number = _version(match)
    if match["name"] is None:
        raise InvalidArgument("Missing model name in request.")
    if match["part"] == "metadata":
        return _metadata(catalogue, match["name"], number)
    return _status(catalogue.versions(match["name"], number))


def _status(versions: list[Version]) -> bytes:
    return _dump({"model_version_status": [_version_status(version) for version in versions]})


def _version_status(version: Version) -> dict[str, object]:
    code = version.error.code if version.error else "OK"
    message = str(version.error) if version.error else ""
    return {
        "version": str(version.number),
        "state": version.state,
        "status": {"error_code": code, "error_message": message},
    }


def _metadata(catalogue: Catalogue, name: str, wanted: int | None) -> bytes:
    number, servable = catalogue.find(name, wanted)
    signatures = {key: signature.as_json(each) for key, each in servable.signatures.items()}
    return _dump(
        {
            "model_spec": {"name": name, "signature_name": "", "version": str(number)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
    )


def _version(match: re.Match[str]) -> int | None:
    if match["version"] is None:
        return None
    if int(match["version"]) > _LARGEST_VERSION:
        raise InvalidArgument(f"Failed to convert version: {match['version']} to numeric.")
    return int(match["version"])


def _dump(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _json(body: bytes) -> flask.Response:
    return flask.Response(body, content_type="application/json")
