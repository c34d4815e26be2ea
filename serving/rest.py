"""TensorFlow Serving's REST API, its URLs and its error bodies, as a WSGI application.

Sources: tensorflow_serving/model_servers/http_rest_api_util.cc for the paths, http_server.cc for
CORS, http_rest_api_handler.cc for the order of checks: the JSON is read before the model is found.
"""

from __future__ import annotations

import contextlib
import http
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from serving import auth, deadline, inference, json_model
from serving.errors import (
    FailedPrecondition,
    Internal,
    InvalidArgument,
    ServingError,
    Unauthenticated,
)
from serving.flags import Flags
from serving.http_request import body_of, path_of, target_of
from serving.lifecycle.catalogue import Catalogue
from serving.monitoring.measured import measured
from serving.monitoring.metrics import Metrics
from serving.protocol import example_body, json_answer, predict_body, signature
from serving.protocol.json_parse import parse_json
from serving.servable import Served

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

# http_rest_api_util.cc:31-34. The rest may be in any case; verbs and "metadata" only as they are.
_FLAGS = re.IGNORECASE | re.ASCII | re.DOTALL
_WHICH = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_CALL = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_WHICH}:(?P<verb>classify|regress|predict)", _FLAGS
)
_LOOK = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_WHICH}(?:/(?P<part>metadata))?", _FLAGS)
_PATHS = {"POST": _CALL, "GET": _LOOK}
_INSIDE = re.compile("/v1/.*", _FLAGS)
_LARGEST_VERSION = 2**63 - 1

_JSON = ("Content-Type", "application/json")
_CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "POST, GET"),
    ("Access-Control-Allow-Headers", "Content-Type"),
)
_PHRASES = {each.value: each.phrase for each in http.HTTPStatus} | {499: "Client Closed Request"}


def nothing(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as TensorFlow Serving does outside /v1/, where nothing is."""
    start_response("404 Not Found", [("Content-Type", "text/html; charset=ISO-8859-1")])
    return [
        b"<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>"
    ]


def create_app(
    catalogue: Catalogue,
    flags: Flags | None = None,
    outside: WSGIApplication = nothing,
    metrics: Metrics | None = None,
) -> WSGIApplication:
    """Return the REST API over these models; what is not under /v1/ goes to outside.

    Raises auth.AuthError where the file of passwords is not usable.
    """
    flags = flags or Flags()
    passwords = auth.passwords_of(flags)
    api = _Api(catalogue, flags, metrics or Metrics())
    if passwords is not None and api.headers:
        api.headers = [*_CORS[:-1], ("Access-Control-Allow-Headers", "Content-Type, Authorization")]

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        inside = _INSIDE.fullmatch(path_of(environ)) is not None
        preflight = environ["REQUEST_METHOD"] == "OPTIONS"  # browsers send it bare
        try:
            if passwords is not None and not preflight:
                passwords.check(environ.get("HTTP_AUTHORIZATION", ""))
            if not inside:
                return outside(environ, start_response)
            return _respond(environ, start_response, api.headers, api.answer(environ))
        except ServingError as error:
            return _respond_with(error, environ, start_response, api.headers)

    return app


Headers = Sequence[tuple[str, str]]


def _respond(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    headers: Headers,
    body: bytes,
    code: int = 200,
) -> Iterable[bytes]:
    length = ("Content-Length", str(len(body)))
    start_response(f"{code} {_PHRASES[code]}", [_JSON, *headers, length])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _respond_with(
    error: ServingError, environ: WSGIEnvironment, start_response: StartResponse, headers: Headers
) -> Iterable[bytes]:
    more = [("WWW-Authenticate", auth.CHALLENGE)] if isinstance(error, Unauthenticated) else []
    text = str(error).encode(errors="replace").decode()  # a path may hold anything
    body = orjson.dumps({"error": text})
    return _respond(environ, start_response, [*headers, *more], body, error.http)


class _Api:
    """What is under /v1/."""

    def __init__(self, catalogue: Catalogue, flags: Flags, metrics: Metrics) -> None:
        self._catalogue, self._metrics = catalogue, metrics
        self._limit = flags.max_request_bytes
        millis = flags.rest_api_timeout_in_ms
        self._timeout = millis / 1000 if millis > 0 else None
        self._strict = flags.enable_signature_method_name_check
        self._verbs: dict[str, Callable[[re.Match[str], dict[str, Any]], bytes]] = {
            "predict": self._predict,
            "classify": self._classify,
            "regress": self._regress,
        }
        self.headers: Headers = _CORS if flags.rest_api_enable_cors_support else ()

    def answer(self, environ: WSGIEnvironment) -> bytes:
        """Return the JSON of a good answer; raise ServingError, whatever else goes wrong."""
        method, path = environ["REQUEST_METHOD"], target_of(environ)
        match = _PATHS[method].fullmatch(path) if method in _PATHS else None
        verb = match["verb"] if match and method == "POST" else ""
        with self._metrics.request(_name(match) if match else "", verb, "REST"):
            try:
                return self._answer(environ, method, path, match)
            except ServingError:
                raise
            except Exception:
                logger.exception("a REST request failed: request=%s", _request(environ))
                raise Internal("Internal error; see the server's log") from None

    def _answer(
        self, environ: WSGIEnvironment, method: str, path: str, match: re.Match[str] | None
    ) -> bytes:
        if method == "OPTIONS":
            return _preflight(environ)
        if match and method == "GET":
            return self._look(match)
        if match and match["verb"] in self._verbs:
            return self._call(match, environ)
        raise InvalidArgument(f"Malformed request: {method} {path}")

    def _call(self, match: re.Match[str], environ: WSGIEnvironment) -> bytes:
        _version(match)  # is looked at before the body
        body = parse_json(body_of(environ, self._limit))
        with deadline.within(self._timeout):
            return self._verbs[match["verb"]](match, body)

    @contextlib.contextmanager
    def _use(self, match: re.Match[str]) -> Iterator[Served]:
        label = _decoded(match["label"])
        with (
            self._catalogue.use(_name(match), _version(match), label) as found,
            measured(found, self._metrics, match["verb"].capitalize()) as served,
        ):
            yield served

    def _predict(self, match: re.Match[str], body: dict[str, Any]) -> bytes:
        name = predict_body.signature_name(body)
        with self._use(match) as served:
            chosen = signature.choose(served.servable.signatures, name)
            inputs = predict_body.to_arrays(body, chosen)
            outputs = served.servable.run(name or signature.DEFAULT, inputs)
        return json_answer.format_answer(outputs, row=predict_body.is_row(body))

    def _classify(self, match: re.Match[str], body: dict[str, Any]) -> bytes:
        name = predict_body.signature_name(body) or signature.DEFAULT
        given = example_body.to_input(body)
        with self._use(match) as served:
            result = inference.classify(served.servable, name, given, strict=self._strict)
        return json_answer.format_classification(result)

    def _regress(self, match: re.Match[str], body: dict[str, Any]) -> bytes:
        name = predict_body.signature_name(body) or signature.DEFAULT
        given = example_body.to_input(body)
        with self._use(match) as served:
            result = inference.regress(served.servable, name, given, strict=self._strict)
        return json_answer.format_regression(result)

    def _look(self, match: re.Match[str]) -> bytes:
        number = _version(match)
        if match["name"] is None:
            raise InvalidArgument("Missing model name in request.")
        if match["part"] == "metadata":
            label = _decoded(match["label"])
            with self._catalogue.use(_name(match), number, label) as served:
                return json_model.metadata(served)
        return json_model.status(self._catalogue.status(_name(match), number))  # of any label


def _request(environ: WSGIEnvironment) -> str:
    """Return by which id whoever asks would find the request again; empty for none."""
    given = str(environ.get("HTTP_X_REQUEST_ID", ""))
    return given if re.fullmatch(r"[0-9A-Za-z-]{8,64}", given) else ""


def _preflight(environ: WSGIEnvironment) -> bytes:
    """Answer a browser that asks before it posts: RestApiRequestDispatcher in http_server.cc."""
    if not re.search("https?://", environ.get("HTTP_ORIGIN", "")):
        raise FailedPrecondition("Origin header is missing in CORS preflight")
    return b""


def _name(match: re.Match[str]) -> str:
    return _decoded(match["name"]) or ""


def _decoded(text: str | None) -> str | None:
    """Return the name or label that a part of the path stands for: DecodeArg."""
    return None if text is None else unquote(text, errors="replace")


def _version(match: re.Match[str]) -> int | None:
    if match["version"] is None:
        return None
    digits = match["version"].lstrip("0") or "0"
    if len(digits) > 19 or int(digits) > _LARGEST_VERSION:
        raise InvalidArgument(f"Failed to convert version: {match['version']} to numeric.")
    return int(digits)
