"""Models examined by asking the server that serves them: this one, or TensorFlow's own."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from serving import auth, errors
from serving.doctor import finding, trial
from serving.doctor.finding import Finding
from serving.doctor.trial import Trial
from serving.flags import Flags
from serving.lifecycle import offer
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.record import RecordError
from serving.protocol import signature

_TIMEOUT = 30.0  # seconds, as --rest_api_timeout_in_ms by itself


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server listens for REST, and with what it is asked."""

    host: str
    port: int
    tls: bool
    headers: Mapping[str, str]

    @property
    def url(self) -> str:
        """Return its URL."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def ask(self, path: str, body: object = None) -> Any:
        """Return the JSON of the answer; raise ServingError for another, OSError for none."""
        connection = self._connect()
        try:
            method, data = ("GET", None) if body is None else ("POST", orjson.dumps(body))
            connection.request(method, f"/v1/models/{path}", data, dict(self.headers))
            answer = connection.getresponse()
            return _read(answer.status, answer.read())
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if not self.tls:
            return http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT)
        # Whether it is up is asked, not who it is: its name is seldom that of the loopback.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(self.host, self.port, timeout=_TIMEOUT, context=context)


_KINDS = {kind.http: kind for kind in errors.ServingError.__subclasses__()} | {
    400: errors.InvalidArgument,
    500: errors.Internal,
}


def _read(status: int, body: bytes) -> Any:
    if status == 200:
        return orjson.loads(body)
    try:
        words = orjson.loads(body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        words = f"HTTP {status}"
    raise _KINDS.get(status, errors.Unknown)(words)


def find(flags: Flags) -> Server | None:
    """Return the server that answers on the REST port of the flags, None where there is none."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1"}.get(flags.rest_api_host, flags.rest_api_host)  # noqa: S104
    tls = flags.rest_api_ssl_config_file is not None or flags.enable_ssl
    server = Server(host=host, port=flags.rest_api_port, tls=tls, headers=_credentials(flags))
    try:
        server.ask("doctor")
    except errors.ServingError:
        return server  # it speaks the protocol, and has no such model
    except (OSError, http.client.HTTPException):
        return None
    return server


def _credentials(flags: Flags) -> dict[str, str]:
    pairs = auth.pairs_of(flags)
    return {"Authorization": f"Basic {base64.b64encode(pairs[0]).decode()}"} if pairs else {}


def examine(server: Server, model: ModelConfig) -> Iterator[Finding]:
    """Give what the server says of a model, and how long it takes to answer."""
    try:
        found = server.ask(model.name)["model_version_status"]
    except (errors.ServingError, OSError) as error:
        yield Finding(f"model {model.name}: {error}", well=False)
        return
    paths = _paths(model)
    available = [each["version"] for each in found if each["state"] == "AVAILABLE"]
    listed = ", ".join(available) or "none"
    yield Finding(f"model {model.name}: versions that answer: {listed}", well=bool(available))
    for each in found:
        if each["status"]["error_code"] != "OK":
            words = (
                f"  version {each['version']} {each['state']}: {each['status']['error_message']}"
            )
            # Of a version whose folder was taken away the server tells for ever.
            gone = paths is not None and int(each["version"]) not in paths
            yield Finding(words, well=gone)
    for version in available:
        place = (paths or {}).get(int(version), model.base_path / version)
        yield from _version(server, model, version, place)


def _paths(model: ModelConfig) -> Mapping[int, Path] | None:
    """Return the folders of the model's versions; None where they cannot be looked at from here."""
    try:
        return offer.look(model, assign=False).paths
    except (OSError, RecordError):
        return None


def _version(server: Server, model: ModelConfig, version: str, place: Path) -> Iterator[Finding]:
    path = f"{model.name}/versions/{version}"
    try:
        metadata = server.ask(f"{path}/metadata")["metadata"]["signature_def"]["signature_def"]
    except (errors.ServingError, OSError) as error:
        yield Finding(f"  version {version}: {error}", well=False)
        return
    yield Finding(f"  version {version}")
    signatures = {name: signature.of_json(each) for name, each in sorted(metadata.items())}
    yield from finding.signatures(signatures)
    chosen = trial.choose(signatures, place)
    yield trial.run(chosen, lambda asked: server.ask(f"{path}:predict", _body(asked)))


def _body(asked: Trial) -> dict[str, object]:
    inputs = {name: _encoded(array.tolist()) for name, array in asked.inputs.items()}
    return {"signature_name": asked.signature_name, "inputs": inputs}


def _encoded(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_encoded, value))
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
